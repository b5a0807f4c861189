"""An API that answers as none should, over real TLS: its calls end, and those of the other APIs go on."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
import uvicorn

from tests.live import free_port
from tests.proxy.conftest import connected
from usager_server.proxy import outgoing, sending, serving
from usager_server.proxy.headers import back, onwards
from usager_server.sandbox.running import Sandbox

ANSWERS = {
    "not-modified": b'HTTP/1.1 304 Not Modified\r\netag: "a"\r\ncontent-length: 5\r\n\r\n',
    "two-lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    "odd-status": b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n",
}


async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each call by the end of its path: with bytes as they are, drop by drop, or never."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            word = head.split(b" ")[1].decode().rpartition("/")[2]
            writer.write(ANSWERS.get(word, b"HTTP/1.1 200 OK\r\n"))
            while word == "drop-by-drop":
                writer.write(b"x: y\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)
            if word == "never":
                await reader.read()
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the proxy has hung up
    finally:
        writer.close()


@pytest.fixture
async def given(given: dict[str, Any], sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """The settings of a proxy with that API besides, and with a good one that is of the same authorities."""
    authority = trustme.CA()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(tls)
    server = await asyncio.start_server(speak, "127.0.0.1", 0, ssl=tls)
    trusted, good = tmp_path / "trusted.pem", given["backends"]["one"]
    trusted.write_bytes(sandbox.ca_file.read_bytes() + authority.cert_pem.bytes())
    odd = f"https://localhost:{server.sockets[0].getsockname()[1]}"
    given["backends"]["good"] = good | {"trusted_ca_file": str(trusted)}
    given["backends"]["odd"] = good | {"trusted_ca_file": str(trusted), "base_url": odd, "timeout_seconds": 2}
    yield given
    server.close()


async def test_an_odd_answer_is_relayed_whole_or_is_502(caller, house, places, caplog):
    session = await connected(caller)
    listen = house.settings.listen.model_copy(update={"port": free_port()})
    server = uvicorn.Server(serving._config(house, listen, serving.tls(listen)))
    serve = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.02)
    tls = ssl.create_default_context(cafile=places.folder / "callers-ca.pem")
    tls.load_cert_chain(places.folder / "dui.example.pem")
    address, cookies = f"https://localhost:{listen.port}", {"proxy_session_id": session["proxy_session_id"]}
    async with httpx.AsyncClient(base_url=address, verify=tls, cookies=cookies) as client:
        found = {word: await client.get(f"/send/odd/{word}") for word in ANSWERS}
    server.should_exit = True
    await serve
    assert {word: answer.status_code for word, answer in found.items()} == {
        "not-modified": 304,
        "two-lengths": 200,
        "odd-status": 502,
    }
    assert (found["two-lengths"].text, found["not-modified"].headers["etag"]) == ("abc", '"a"')
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


async def test_an_api_that_hangs_keeps_no_place_of_another(caller, given, monkeypatch):
    monkeypatch.setattr(outgoing, "CONNECTIONS", 3)
    await connected(caller)
    hanging = [asyncio.create_task(caller.get("/send/odd/never")) for _ in range(3)]
    await asyncio.sleep(0.5)
    assert (await caller.get("/send/good/x")).status_code == 200
    assert not any(each.done() for each in hanging)
    assert {answer.status_code for answer in await asyncio.gather(*hanging)} == {504}


async def test_a_head_that_comes_drop_by_drop_is_504(caller, given, monkeypatch):
    await connected(caller)
    monkeypatch.setattr(sending, "HEAD_SECONDS", -1.5)  # besides its two seconds
    assert (await caller.get("/send/odd/drop-by-drop")).status_code == 504


def test_a_header_written_another_way_goes_no_further_either():
    words = [
        "X_Forwarded_For",
        "client_cert",
        "X-Original-URL",
        "X_Rewrite_Url",
        "X-HTTP-Method-Override",
        "X-SSL-Client-Cert",
    ]
    kept = onwards([(word.encode(), b"1") for word in [*words, "X-Kept", "x_kept"]], "token")
    assert [name for name, _ in kept] == [b"x-kept", b"x_kept", b"authorization"]


def test_one_length_is_told_of_an_answer():
    length, chunked = (b"Content-Length", b"5"), (b"Transfer-Encoding", b"chunked")
    assert back([length], "token", 200) == [(b"content-length", b"5")]
    assert back([length, chunked], "token", 200) == []
    assert back([length], "token", 304) == back([length], "token", 204) == []
