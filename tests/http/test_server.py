"""What a client may send before its request is whole, on a raw socket."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest
import uvicorn

from usager_server.bounded_protocol import BoundedProtocol

HELLO = b"GET / HTTP/1.1\r\nhost: usager\r\n"


async def answer(scope, _receive, send):
    """Say how many headers came; at /much, a lot."""
    if scope["type"] == "http":
        body = b"%d" % len(scope["headers"]) if scope["path"] != "/much" else b"a" * 20_000_000
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket to serve on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


@pytest.fixture
async def protocol(listening: socket.socket) -> AsyncIterator[type[BoundedProtocol]]:
    """A server with our protocol."""

    class Protocol(BoundedProtocol):
        """One whose patience a test may shorten."""

    config = uvicorn.Config(answer, http=Protocol, interface="asgi3", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers nothing to wait for
        await asyncio.sleep(0.01)
    yield Protocol
    server.should_exit = True
    await serving


async def told(listening: socket.socket, pieces: list[bytes], pause: float = 0) -> bytes:
    """Return what is answered before the connection is closed, once all that can be sent is sent."""
    reader, writer = await asyncio.open_connection(*listening.getsockname())
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        return await asyncio.wait_for(reader.read(1000), 10)
    except ConnectionResetError:
        return b"reset"
    finally:
        writer.close()


async def test_a_request_with_a_few_headers_is_answered(listening, protocol):
    assert (await told(listening, [HELLO, b"accept: text/plain\r\n\r\n"])).endswith(b"\r\n\r\n2")


async def test_a_header_of_a_megabyte_is_refused_before_it_is_whole(listening, protocol):
    answered = await told(listening, [HELLO, b"x: ", *[b"a" * 10_000] * 100])
    assert answered == b"reset" or answered.startswith(b"HTTP/1.1 431 ")


async def test_headers_that_do_not_end_are_refused(listening, protocol):
    answered = await told(listening, [HELLO, *[b"x-y: %s\r\n" % (b"a" * 90)] * 1000])
    assert answered == b"reset" or answered.startswith(b"HTTP/1.1 431 ")


async def test_a_refusal_of_a_long_head_is_a_whole_answer(listening, protocol):
    head, _, body = (await told(listening, [HELLO, b"x: " + b"a" * 65 * 1024], pause=0.05)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close")
    assert b"content-length: %d" % len(body) in head


async def test_a_long_body_is_no_long_head(listening, protocol):
    pieces = [HELLO, b"content-length: 1000000\r\n\r\n", *[b"a" * 10_000] * 100]
    assert (await told(listening, pieces)).startswith(b"HTTP/1.1 200 ")


async def test_a_head_right_behind_a_long_body_is_no_long_head(listening, protocol):
    first = HELLO + b"content-length: 200000\r\n\r\n" + b"a" * 200_000
    answered = await told(listening, [first + HELLO[:10], HELLO[10:] + b"connection: close\r\n\r\n"], pause=0.1)
    assert answered.count(b"HTTP/1.1 200 ") == 2


async def test_a_second_request_on_a_connection_may_be_as_long_as_the_first(listening, protocol):
    one = HELLO + b"x: " + b"a" * 40_000 + b"\r\n\r\n"
    assert (await told(listening, [one, one])).count(b"200 OK") >= 1


async def test_who_says_nothing_is_not_waited_for(listening, protocol):
    protocol.head_seconds = 0.1
    assert await told(listening, [b"GET / HTTP/1.1\r\nhost:"]) == b""


@pytest.mark.parametrize("more", [b"G", b"\r\n", b"GET / HTTP/1.1\r\nhost:"])
async def test_who_was_answered_once_is_not_waited_for_any_longer(listening, protocol, more):
    protocol.head_seconds = 0.1
    assert (await told(listening, [HELLO + b"\r\n", more], pause=0.05)).count(b"HTTP/1.1 200 ") == 1


async def test_who_goes_on_with_a_body_after_the_answer_is_not_waited_for(listening, protocol):
    protocol.head_seconds = 0.1
    answered = await told(listening, [HELLO + b"content-length: 1000\r\n\r\n", b"a", b"a"], pause=0.05)
    assert answered.count(b"HTTP/1.1 200 ") == 1


async def test_an_answer_is_not_kept_for_who_does_not_take_it(listening, protocol):
    protocol.taken_seconds = 0.1
    reader, writer = await asyncio.open_connection(*listening.getsockname(), limit=1000)
    writer.write(b"GET /much HTTP/1.1\r\nhost: usager\r\n\r\n")
    await asyncio.sleep(1)
    try:
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(20_000_000), 10)
    finally:
        writer.close()


async def test_an_answer_that_is_taken_is_given_whole(listening, protocol):
    protocol.taken_seconds = 0.5
    answered = await asyncio.to_thread(taken_slowly, listening.getsockname())
    assert answered > 20_000_000


def taken_slowly(address: tuple[str, int]) -> int:
    """Take an answer piece by piece; return how much came."""
    with socket.create_connection(address) as taking:
        taking.sendall(b"GET /much HTTP/1.1\r\nhost: usager\r\nconnection: close\r\n\r\n")
        taken = 0
        while piece := taking.recv(200_000):
            taken += len(piece)
            time.sleep(0.015)
    return taken


@pytest.mark.parametrize(
    "doubt",
    [
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"content-length: 5, 6\r\n\r\nhello",
        b"content-length: +5\r\n\r\nhello",
        b"content-length : 5\r\n\r\nhello",
        b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        b" content-length: 5\r\n\r\nhello",
    ],
)
async def test_a_message_whose_end_is_in_doubt_is_refused(listening, protocol, doubt):
    answered = await told(listening, [b"POST / HTTP/1.1\r\nhost: usager\r\n" + doubt + HELLO + b"\r\n"])
    assert answered.startswith(b"HTTP/1.1 400 ") or answered == b""
    assert b" 200 " not in answered


@pytest.mark.parametrize("other", [b"host: usager", b"Host: elsewhere.example"])
async def test_a_head_that_names_two_hosts_is_refused(listening, protocol, other):
    answered = await told(listening, [HELLO + other + b"\r\n\r\n"])
    assert answered.startswith(b"HTTP/1.1 400 ")
    assert b" 200 " not in answered
