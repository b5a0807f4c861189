"""Bodies off the wire: bounded, inflated, never read past their limit."""

import asyncio
import gzip
import zlib
from collections.abc import Sequence
from typing import Any

import pytest

from usager_server.definitions import Definitions
from usager_server.errors import FHIRError, Invalid, TooLarge, TooSlow, UnsupportedMediaType
from usager_server.http.body import Disconnected, WireBody

JSON = {b"content-type": b"application/fhir+json"}
LIMIT = 1000


class Wire:
    """Sends these pieces, and counts those that were asked for."""

    def __init__(self, pieces: Sequence[bytes], *, hangs_up: bool = False) -> None:
        self.pieces = list(pieces)
        self.hangs_up = hangs_up
        self.asked = 0

    async def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if not self.pieces and self.hangs_up:
            return {"type": "http.disconnect"}
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(self.pieces) or self.hangs_up}


def body(wire: Wire, definitions: Definitions, **headers: str) -> WireBody:
    """Return the body of a request with these headers besides its type."""
    more = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return WireBody(wire, {**JSON, **more}, definitions, LIMIT)


async def test_pieces_make_one_resource(definitions: Definitions):
    read = body(Wire([b'{"resourceType":', b'"Patient"}']), definitions)
    assert await read.resource() == {"resourceType": "Patient"}


async def test_a_body_over_the_limit_is_refused_while_it_comes(definitions: Definitions):
    wire = Wire([b"x" * 600] * 10)
    with pytest.raises(TooLarge):
        await body(wire, definitions).content()
    assert wire.asked == 2


async def test_a_declared_length_over_the_limit_is_refused_unread(definitions: Definitions):
    wire = Wire([b"x"])
    with pytest.raises(TooLarge):
        await body(wire, definitions, content_length="1001").content()
    assert wire.asked == 0


async def test_gzip_is_inflated(definitions: Definitions):
    wire = Wire([gzip.compress(b'{"resourceType":"Patient"}')])
    assert await body(wire, definitions, content_encoding="gzip").resource() == {"resourceType": "Patient"}


async def test_a_gzip_bomb_is_refused(definitions: Definitions):
    bomb = gzip.compress(b" " * 10_000_000)
    with pytest.raises(TooLarge):
        await body(Wire([bomb]), definitions, content_encoding="gzip").content()


async def test_what_follows_the_gzip_is_not_read(definitions: Definitions):
    wire = Wire([gzip.compress(b"{}"), *[b"x" * 100] * 50])
    with pytest.raises(Invalid):
        await body(wire, definitions, content_encoding="gzip").content()
    assert wire.asked == 2


async def test_gzip_that_inflates_to_nothing_counts_as_it_comes(definitions: Definitions):
    nothing = zlib.compressobj(wbits=31)
    wire = Wire([nothing.flush(zlib.Z_FULL_FLUSH) + b"\x00\x00\x00\xff\xff" * 100 for _ in range(50)])
    with pytest.raises(TooLarge):
        await body(wire, definitions, content_encoding="gzip").content()


async def test_a_client_that_stops_sending_is_not_waited_for(definitions: Definitions, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("usager_server.http.body.PAUSE_SECONDS", 0.01)

    async def silence() -> dict[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError

    with pytest.raises(TooSlow) as refusal:
        await WireBody(silence, JSON, definitions, LIMIT).content()
    assert refusal.value.headers == {"Connection": "close"}


@pytest.mark.parametrize("content", [b"not gzip", gzip.compress(b"{}" * 100, mtime=0)[:20]])
async def test_broken_gzip_is_invalid(content: bytes, definitions: Definitions):
    with pytest.raises(Invalid):
        await body(Wire([content]), definitions, content_encoding="gzip").content()


async def test_another_encoding_is_unsupported(definitions: Definitions):
    with pytest.raises(UnsupportedMediaType):
        await body(Wire([b"{}"]), definitions, content_encoding="br").content()


async def test_a_client_that_hangs_up_has_sent_nothing(definitions: Definitions):
    with pytest.raises(Disconnected):
        await body(Wire([b'{"resourceType":'], hangs_up=True), definitions).resource()


@pytest.mark.parametrize("content", [b"", b"[]", b'"Patient"', b"[" * 201 + b"]" * 201, b"[" * 1000])
async def test_what_is_no_resource_is_invalid(content: bytes, definitions: Definitions):
    with pytest.raises(FHIRError) as refusal:
        await body(Wire([content]), definitions).resource()
    assert refusal.value.status == 400
