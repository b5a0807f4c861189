"""Calls to addresses that others chose, with a real TLS server on this machine: just what they must not reach."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_address
from typing import Any

import pytest
import trustme

from usager_server import outbound as room
from usager_server.networks import parse_networks
from usager_server.outbound import (
    ANSWER_LIMIT_BYTES,
    Outbound,
    OutboundFailed,
    OutboundRefused,
    check_url,
    is_public,
)

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
LOOPBACK = parse_networks("127.0.0.0/8, ::1/128")

Serve = Callable[[bytes], Awaitable[int]]


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the certificate of the server."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> Callable[[], ssl.SSLContext]:
    """The TLS context of a client that trusts it."""

    def context() -> ssl.SSLContext:
        made = ssl.create_default_context()
        authority.configure_trust(made)
        return made

    return context


@pytest.fixture
async def serve(authority: trustme.CA) -> AsyncIterator[Serve]:
    """Starts a server that answers each connection with the same bytes, and returns its port."""
    servers: list[asyncio.Server] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "inside.example").configure_cert(context)

    async def start(answer: bytes) -> int:
        async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        servers.append(await asyncio.start_server(on_connection, "127.0.0.1", 0, ssl=context))
        return int(servers[-1].sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()


async def test_a_network_that_the_operator_named_is_called(serve: Serve, trusting: Any):
    port = await serve(OK)
    answer = await Outbound(trusting, LOOPBACK).get(f"https://localhost:{port}/keys")
    assert (answer.status, answer.body) == (200, b"hi")


async def test_this_machine_is_not_called(serve: Serve, trusting: Any):
    port = await serve(OK)
    with pytest.raises(OutboundRefused, match="public"):
        await Outbound(trusting).get(f"https://localhost:{port}/")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",  # noqa: S104 - what is refused
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fc00::1]",
        "[fec0::1]",
        "[ff02::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ],
)
async def test_an_address_inside_is_refused_however_it_is_written(trusting: Any, host: str):
    with pytest.raises((OutboundRefused, OutboundFailed)) as refused:
        await Outbound(trusting).get(f"https://{host}/")
    assert isinstance(refused.value, OutboundRefused) or "no address" in str(refused.value)


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808", "2002:808:808::"])
def test_an_address_of_the_internet_is_public(address: str):
    assert is_public(ip_address(address))


async def test_one_address_inside_among_several_is_enough(monkeypatch: pytest.MonkeyPatch, trusting: Any):
    async def resolved(_host: str, _port: int) -> list[Any]:
        return [ip_address("93.184.215.14"), ip_address("10.0.0.1")]

    monkeypatch.setattr(room, "_resolved", resolved)
    with pytest.raises(OutboundRefused, match="public"):
        await Outbound(trusting).get("https://inside.example/")


async def test_the_address_that_was_judged_is_the_one_that_is_called(
    monkeypatch: pytest.MonkeyPatch, serve: Serve, trusting: Any
):
    port = await serve(OK)
    asked: list[str] = []

    async def resolved(host: str, _port: int) -> list[Any]:
        asked.append(host)
        return [ip_address("127.0.0.1")]

    monkeypatch.setattr(room, "_resolved", resolved)
    answer = await Outbound(trusting, LOOPBACK).get(f"https://inside.example:{port}/")
    assert (answer.status, asked) == (200, ["inside.example"])  # once, and the certificate is that of the name


async def test_the_certificate_must_be_that_of_the_name(monkeypatch: pytest.MonkeyPatch, serve: Serve, trusting: Any):
    port = await serve(OK)

    async def resolved(_host: str, _port: int) -> list[Any]:
        return [ip_address("127.0.0.1")]

    monkeypatch.setattr(room, "_resolved", resolved)
    with pytest.raises(OutboundFailed):
        await Outbound(trusting, LOOPBACK).get(f"https://other.example:{port}/")


async def test_a_port_that_is_not_of_the_web_is_refused(monkeypatch: pytest.MonkeyPatch, trusting: Any):
    async def resolved(_host: str, _port: int) -> list[Any]:
        return [ip_address("93.184.215.14")]

    monkeypatch.setattr(room, "_resolved", resolved)
    with pytest.raises(OutboundRefused, match="port 443 or 8443"):
        await Outbound(trusting).get("https://inside.example:5432/")


async def test_a_redirect_is_not_followed(serve: Serve, trusting: Any):
    port = await serve(b"HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n")
    answer = await Outbound(trusting, LOOPBACK).get(f"https://localhost:{port}/")
    assert answer.status == 302


async def test_an_answer_that_does_not_end_is_left(serve: Serve, trusting: Any):
    port = await serve(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (ANSWER_LIMIT_BYTES + 1))
    with pytest.raises(OutboundFailed, match=f"over {ANSWER_LIMIT_BYTES} bytes"):
        await Outbound(trusting, LOOPBACK).get(f"https://localhost:{port}/")


async def test_a_silence_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, trusting: Any):
    monkeypatch.setattr(room, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(OutboundFailed, match="does not answer"):
        await Outbound(trusting, LOOPBACK).get(f"https://localhost:{silent.getsockname()[1]}/a?secret=b")


async def test_a_refusal_tells_neither_path_nor_query(trusting: Any):
    with pytest.raises(OutboundFailed) as refused:
        await Outbound(trusting, LOOPBACK).get("https://localhost:9/path?secret=b")
    assert "secret" not in str(refused.value)
    assert "path" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://app.example/",
        "ftp://app.example/",
        "file:///etc/passwd",
        "https://",
        "https://user:word@app.example/",
        "https://app.example/#part",
        "https://app.example:99999/",
        "https://app.example:0/",
        "https://app.example/a b",
        "https://app.example/é",
        "https://app.example/\r\nhost: inside",
        "https://[::1",
    ],
)
def test_an_address_whose_text_will_not_do_is_refused(url: str):
    with pytest.raises(OutboundRefused):
        check_url(url)
