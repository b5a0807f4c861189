"""A Reply as ASGI messages: its format, its headers, its bytes, compressed when it pays."""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from usager_server.definitions import Definitions
from usager_server.http.formats import MEDIA_TYPES, Format
from usager_server.interactions.request import FHIR_JSON
from usager_server.interactions.session import Reply
from usager_server.jsontext import build_json, parse_json
from usager_server.xmltext import xml_from_tree

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

COMPRESS_FROM_BYTES = 2048
COMPRESSION_LEVEL = 2
GZIP = 16 + zlib.MAX_WBITS
BODILESS = (204, 304)

CSP = "Content-Security-Policy"
NOTHING_RUNS = (b"content-security-policy", b"default-src 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox")
ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"accept, accept-encoding, authorization"),
]
MEDIA_TYPE_BYTES: dict[Format, bytes] = {form: media_type.encode() for form, media_type in MEDIA_TYPES.items()}


@dataclass(slots=True)
class Manner:
    """How the caller wants to be answered."""

    form: Format = "json"
    pretty: bool = False
    gzip: bool = False
    head: bool = False
    base_url: str = ""


async def send_reply(send: Send, reply: Reply, manner: Manner, definitions: Definitions) -> None:
    """Send a reply: a stored document in JSON goes as it lies in the store."""
    content = reply.content
    if content is not None and not isinstance(content, bytes):
        if reply.raw or reply.content_type != FHIR_JSON or (manner.form == "json" and not manner.pretty):
            await _send_stream(send, reply, content, manner)
            return
        text = b"".join([piece async for piece in content]).decode()
        reply = replace(reply, content=None, content_type=None, document=text)
    headers = _headers(reply, manner)
    body = _body(reply, manner, definitions)
    if manner.gzip and len(body) >= COMPRESS_FROM_BYTES:
        body = zlib.compress(body, COMPRESSION_LEVEL, GZIP)
        headers.append((b"content-encoding", b"gzip"))
    if reply.status not in BODILESS:
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if manner.head else body})


def _body(reply: Reply, manner: Manner, definitions: Definitions) -> bytes:
    if reply.document is not None:
        if manner.form == "json" and not manner.pretty:
            return reply.document.encode()
        return written(parse_json(reply.document.encode()), manner, definitions)
    if reply.resource is not None:
        return written(reply.resource, manner, definitions)
    return reply.content if isinstance(reply.content, bytes) else b""


def written(tree: Any, manner: Manner, definitions: Definitions) -> bytes:
    """Return a resource as text in the format the caller wants."""
    if manner.form == "json":
        return build_json(tree, pretty=manner.pretty)
    return xml_from_tree(tree, definitions, pretty=manner.pretty)


def _headers(reply: Reply, manner: Manner) -> Headers:
    headers = ALWAYS.copy()
    if reply.content_type is not None:
        ours = reply.content_type == FHIR_JSON and not reply.raw
        content_type = MEDIA_TYPES["json"] if ours else reply.content_type
        headers.append((b"content-type", content_type.encode("latin-1", "replace")))
    elif reply.document is not None or reply.resource is not None:
        headers.append((b"content-type", MEDIA_TYPE_BYTES[manner.form]))
    if reply.version is not None:
        headers.append((b"etag", b'W/"%d"' % reply.version))
    if reply.last_modified is not None:
        headers.append((b"last-modified", http_date(reply.last_modified)))
    if reply.location is not None:
        name = b"location" if reply.status == 201 else b"content-location"
        headers.append((name, f"{manner.base_url}/{reply.location}".encode("latin-1", "replace")))
    if CSP not in reply.headers:
        headers.append(NOTHING_RUNS)
    for key, value in reply.headers.items():
        headers.append((key.lower().encode("latin-1"), value.encode("latin-1", "replace")))
    return headers


DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(moment: datetime) -> bytes:
    """Return a UTC datetime as HTTP writes it. Time: 1 µs; the library's function takes five."""
    return (
        f"{DAYS[moment.weekday()]}, {moment.day:02} {MONTHS[moment.month - 1]} {moment.year:04} "
        f"{moment.hour:02}:{moment.minute:02}:{moment.second:02} GMT"
    ).encode()


async def _send_stream(send: Send, reply: Reply, content: AsyncIterator[bytes], manner: Manner) -> None:
    """Send a body while it is made; the first piece is waited for, so that an early error has its status."""
    headers = _headers(reply, manner)
    if manner.head:
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body"})
        return
    first = await anext(content, b"")
    deflate = _deflater(reply, manner)
    if deflate is not None:
        headers = [header for header in headers if header[0] != b"content-length"]
        headers.append((b"content-encoding", b"gzip"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await _send_piece(send, first, deflate)
    async for piece in content:
        await _send_piece(send, piece, deflate)
    await send({"type": "http.response.body", "body": deflate.flush() if deflate else b""})


def _deflater(reply: Reply, manner: Manner) -> Any:
    """Return what compresses a stream, or None: bytes of unknown kind are often compressed already."""
    if manner.gzip and "json" in (reply.content_type or ""):
        return zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, GZIP)
    return None


async def _send_piece(send: Send, piece: bytes, deflate: Any) -> None:
    body = deflate.compress(piece) if deflate else piece
    if body:
        await send({"type": "http.response.body", "body": body, "more_body": True})
