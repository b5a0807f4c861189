"""The body of a request, read off the wire: bounded while it streams, inflated when it came as gzip."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from starlette.requests import Request

from usager_server.definitions import Definitions
from usager_server.errors import Invalid, TooLarge, TooSlow, UnsupportedMediaType
from usager_server.http.formats import Format, body_format, is_fhir_type
from usager_server.http.limits import MARKS_LIMIT, PAUSE_SECONDS, SHORT_BODY_SECONDS, VALUES_LIMIT
from usager_server.jsontext import parse_json
from usager_server.streams import whole
from usager_server.xmltext import tree_from_xml

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

GZIP = 16 + zlib.MAX_WBITS
PIECE_BYTES = 64 * 1024
# From there on a body is parsed beside the others, and what it holds is counted: each value takes some microseconds of
# checking, during which nobody else is served.
LARGE_BYTES = 1024 * 1024
# What so many values would take in memory is known before they are parsed: by the marks between them.
MARKS: dict[Format, bytes] = {"json": b",", "xml": b"<"}


class Disconnected(Exception):
    """The client hung up before its request was whole: there is nobody to answer."""


class WireBody:
    """What the client sends, read once. limit_bytes counts what comes in and what it inflates to, apart."""

    def __init__(
        self, receive: Receive, headers: dict[bytes, bytes], definitions: Definitions, limit_bytes: int
    ) -> None:
        self.content_type = headers.get(b"content-type", b"").decode("latin-1")
        self._receive = receive
        self._encoding = headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
        self._length = headers.get(b"content-length", b"")
        self._definitions = definitions
        self._limit_bytes = limit_bytes
        self._content: bytes | None = None
        self.is_being_read = False

    @property
    def is_fhir(self) -> bool:
        """Whether the content type is one of FHIR's own: the body is a resource."""
        return is_fhir_type(self.content_type)

    @property
    def is_held(self) -> bool:
        """Never: it has to be read."""
        return False

    async def content(self) -> bytes:
        """Return the bytes. Errors: TooLarge (413), UnsupportedMediaType (415)."""
        if self._content is None:
            self._content = b"".join([piece async for piece in self.stream()])
        return self._content

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come. Errors: TooLarge (413), UnsupportedMediaType (415), Invalid (400)."""
        if self._length.isdigit() and int(self._length) > self._limit_bytes:
            raise self._too_large()
        pieces = self._received()
        if self._encoding == "gzip":
            pieces = self._inflated(self._counted(pieces))
        elif self._encoding != "identity":
            raise UnsupportedMediaType(f"Content-Encoding {self._encoding[:40]!r} is not read here; gzip is")
        async for piece in self._counted(pieces):
            yield piece

    async def resource(self) -> dict[str, Any]:
        """Return the resource. Errors: UnsupportedMediaType (415), TooLarge (413), Invalid (400)."""
        form = body_format(self.content_type)
        content = await self.content()
        if not content:
            raise Invalid("The body is empty; a resource is expected", code="required")
        if len(content) < LARGE_BYTES:
            return self._parsed(form, content)
        return await asyncio.to_thread(self._counted_out, form, content)

    async def tree(self) -> Any:
        """Return whatever JSON the body is. Errors: TooLarge (413), Invalid (400)."""
        return parse_json(await self.content())

    def _parsed(self, form: Format, content: bytes) -> dict[str, Any]:
        return as_resource(parse_json(content) if form == "json" else tree_from_xml(content, self._definitions))

    def _counted_out(self, form: Format, content: bytes) -> dict[str, Any]:
        if content.count(MARKS[form]) > MARKS_LIMIT:
            raise TooLarge(f"The body holds over {MARKS_LIMIT} values: send it in several")
        tree = self._parsed(form, content)
        check_values(tree)
        return tree

    async def _received(self) -> AsyncIterator[bytes]:
        self.is_being_read = True
        while self.is_being_read:
            message = await self._next_message()
            if message["type"] == "http.disconnect":
                raise Disconnected
            self.is_being_read = message.get("more_body", False)
            if piece := message.get("body", b""):
                yield piece

    async def _next_message(self) -> MutableMapping[str, Any]:
        try:
            async with asyncio.timeout(PAUSE_SECONDS):
                return await self._receive()
        except TimeoutError as error:
            text = f"Nothing more of the body came for {PAUSE_SECONDS:g} s"
            raise TooSlow(text, headers={"Connection": "close"}) from error

    async def _counted(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        size_bytes = 0
        async for piece in pieces:
            size_bytes += len(piece)
            if size_bytes > self._limit_bytes:
                raise self._too_large()
            yield piece

    async def _inflated(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        inflate = zlib.decompressobj(GZIP)
        try:
            async for piece in pieces:
                while piece:
                    yield inflate.decompress(piece, PIECE_BYTES)
                    piece = inflate.unconsumed_tail
                if inflate.unused_data:
                    raise Invalid("The body goes on after the end of its gzip", code="structure")
        except zlib.error as error:
            raise Invalid("The body is not gzip, although Content-Encoding says so", code="structure") from error
        if not inflate.eof:
            raise Invalid("The gzip body ends too soon", code="structure")

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The body is over the {self._limit_bytes} bytes that this server takes")


async def short_body(request: Request, limit_bytes: int) -> bytes:
    """Return a body that is short, and comes soon. Errors: TooLarge (413), TooSlow (408)."""
    too_long = TooLarge(f"The body is over {limit_bytes} bytes")
    try:
        async with asyncio.timeout(SHORT_BODY_SECONDS):
            return await whole(request.stream(), limit_bytes, too_long)
    except TimeoutError as error:
        text = f"The body did not come within {SHORT_BODY_SECONDS:g} s"
        raise TooSlow(text, headers={"Connection": "close"}) from error


def as_resource(tree: Any) -> dict[str, Any]:
    """Return a tree as a resource. Errors: Invalid (400) when it is no object."""
    if not isinstance(tree, dict):
        raise Invalid("A resource is a JSON object", code="structure")
    return tree


def check_values(tree: dict[str, Any]) -> None:
    """Refuse a resource that holds more values than may be checked in one go; those of a Bundle are checked apart."""
    entries = tree.get("entry") if tree.get("resourceType") == "Bundle" else None
    parts = [entry.get("resource") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    for part in parts or [tree]:
        if isinstance(part, dict) and _has_more(part, VALUES_LIMIT):
            raise Invalid(f"A resource may hold {VALUES_LIMIT} values at most", code="too-long")


def _has_more(tree: dict[str, Any], most: int) -> bool:
    """Say whether a tree has more values than that, without looking much further."""
    count, level = 0, [list(tree.values())]
    while level and count <= most:
        count += sum(map(len, level))
        level = [
            value if isinstance(value, list) else list(value.values())
            for values in level
            for value in values
            if isinstance(value, dict | list)
        ]
    return count > most
