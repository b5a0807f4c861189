"""A client that hangs up: in the middle of its body, before its answer, in the middle of its answer."""

import asyncio
import json
from uuid import uuid4

import aiohttp

from tests.live import LiveServer

SYSTEM = "https://usager.example/hang-up"


def bundle(mark: str, size: int = 20) -> bytes:
    """Return a transaction that makes `size` resources under a mark."""
    resource = {"resourceType": "Basic", "identifier": [{"system": SYSTEM, "value": mark}], "code": {"text": "x"}}
    entry = {"resource": resource, "request": {"method": "POST", "url": "Basic"}}
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry] * size}).encode()


async def send_and_leave(server: LiveServer, request: bytes, read_bytes: int = 0, stay_seconds: float = 0) -> None:
    """Send raw bytes, perhaps read a little, and cut the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    await writer.drain()
    if read_bytes:
        await reader.read(read_bytes)
    await asyncio.sleep(stay_seconds)
    writer.transport.abort()


def post(body: bytes, length: int | None = None, path: str = "/fhir") -> bytes:
    """Return a raw POST of a body, to the base unless told."""
    size = length or len(body)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nContent-Length: {size}"
    return head.encode() + b"\r\n\r\n" + body


async def count(http: aiohttp.ClientSession, server: LiveServer, mark: str) -> int:
    async with http.get(f"{server.base}/Basic?identifier={SYSTEM}|{mark}&_count=100") as answer:
        return len((await answer.json(content_type=None)).get("entry", []))


async def test_a_body_cut_in_the_middle_leaves_nothing(server: LiveServer, http: aiohttp.ClientSession) -> None:
    mark = str(uuid4())
    whole = bundle(mark)
    await asyncio.gather(*(send_and_leave(server, post(whole[:900], len(whole))) for _ in range(30)))
    await asyncio.sleep(0.3)
    assert await count(http, server, mark) == 0
    assert server.is_ready()


async def test_a_client_that_leaves_before_the_answer_leaves_all_or_nothing(
    server: LiveServer, http: aiohttp.ClientSession
) -> None:
    marks = [str(uuid4()) for _ in range(30)]
    stays = (send_and_leave(server, post(bundle(mark)), stay_seconds=nth / 1000) for nth, mark in enumerate(marks))
    await asyncio.gather(*stays)
    await asyncio.sleep(1)
    counts = [await count(http, server, mark) for mark in marks]
    assert set(counts) <= {0, 20}
    assert 20 in counts


async def test_clients_that_leave_during_long_answers_cost_no_connection(
    server: LiveServer, http: aiohttp.ClientSession
) -> None:
    await send_and_leave(server, post(bundle("long", 200)), read_bytes=100)
    request = b"GET /fhir/Basic?_count=200 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for _ in range(3):
        await asyncio.gather(*(send_and_leave(server, request, read_bytes=50) for _ in range(30)))
    answers = await asyncio.gather(*(count(http, server, "long") for _ in range(40)))
    assert set(answers) == {100}


async def test_a_client_that_sends_its_head_and_waits_holds_up_nobody(
    server: LiveServer, http: aiohttp.ClientSession
) -> None:
    idle = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(100)]
    for _, writer in idle:
        writer.write(post(b"{", 5000))
    async with asyncio.timeout(5):
        assert await count(http, server, "nothing") == 0
    for _, writer in idle:
        writer.close()
