"""An API that answers as none should, over real TLS: its calls end, and those of the other APIs go on."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.proxy.conftest import connected
from tests.proxy.live import LiveProxy
from usager_server.proxy import outgoing, sending
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


async def test_an_odd_answer_is_relayed_whole_or_is_502(given, tmp_path, places, psc_control, api_control):
    live = LiveProxy(tmp_path, given, places.folder).start()
    try:
        async with live.client() as caller:
            await connected(caller)
            found = {word: await caller.get(f"/send/odd/{word}") for word in ANSWERS}
        assert {word: answer.status_code for word, answer in found.items()} == {
            "not-modified": 304,
            "two-lengths": 200,
            "odd-status": 502,
        }
        assert found["two-lengths"].text == "abc"
        assert found["not-modified"].headers["etag"] == '"a"'
        assert "Exception" not in live.log
    finally:
        live.stop()


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
    monkeypatch.setattr(sending, "HEAD_SECONDS", 0)
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
