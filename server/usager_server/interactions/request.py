"""One FHIR request as plain values: read off the wire by the door, or off an entry of a batch or transaction."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import parse_qsl

from usager_server.errors import Invalid
from usager_server.interactions.limits import PARAMETERS_LIMIT

FHIR_JSON = "application/fhir+json"

# Source: RFC 9110 8.8.3.
ETAG = re.compile(r'(?:W/)?"([^"]*)"|([0-9]+)')
ETAGS = re.compile(rf"\s*(?:{ETAG.pattern})(?:\s*,\s*(?:{ETAG.pattern}))*\s*")


class Body(Protocol):
    """What came with a request; it may be read once."""

    @property
    def content_type(self) -> str:
        """The Content-Type as it was sent."""
        ...

    @property
    def is_fhir(self) -> bool:
        """Whether the content type is one of FHIR's own: the body is a resource."""
        ...

    @property
    def is_held(self) -> bool:
        """Whether the body is a tree in memory, without bytes of its own."""
        ...

    async def content(self) -> bytes:
        """Return the bytes. Errors: TooLarge (413)."""
        ...

    def stream(self) -> AsyncIterator[bytes]:
        """Yield the bytes as they come. Errors: TooLarge (413)."""
        ...

    async def resource(self) -> dict[str, Any]:
        """Return the resource. Errors: UnsupportedMediaType (415), Invalid (400)."""
        ...

    async def tree(self) -> Any:
        """Return whatever JSON the body is (a JSON Patch is a list). Errors: Invalid (400)."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """A body that is in memory already: an entry of a Bundle, or nothing at all."""

    held: Any = None
    content_type: str = FHIR_JSON

    @property
    def is_fhir(self) -> bool:
        """Always: an entry holds a resource."""
        return True

    @property
    def is_held(self) -> bool:
        """Whether the entry has a resource at all."""
        return self.held is not None

    async def content(self) -> bytes:
        """Return nothing: an entry has no bytes of its own."""
        return b""

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield nothing."""
        return
        yield b""

    async def resource(self) -> dict[str, Any]:
        """Return the resource of the entry. Errors: Invalid (400) when there is none."""
        if not isinstance(self.held, dict):
            raise Invalid("A resource is expected here", code="required")
        return self.held

    async def tree(self) -> Any:
        """Return what is held."""
        return self.held


@dataclass(frozen=True, slots=True)
class Preference:
    """The Prefer header.

    Shape   returns is minimal, representation, OperationOutcome or None; strict is handling=strict.
    Source  FHIR R4 http.html#ops, search.html#errors; RFC 7240.
    """

    returns: str | None = None
    strict: bool = False


NO_PREFERENCE = Preference()
NO_BODY = Held()


def never_raw(_content_type: str) -> bool:
    """Say no: the resource is wanted, not the bytes it describes."""
    return False


@dataclass(slots=True)
class Request:
    """One interaction asked for.

    Shape   path is what the caller wrote after the base. type, id, version, operation and member (the type searched in
            a compartment, or *) come from it, "" when absent. query is decoded; if_none_exist is a query string.
            prefers_raw says, for a Binary of a given content type, whether the caller wants its bytes; names, whether
            Accept names a media type outright.
    """

    method: str
    path: str
    type: str = ""
    id: str = ""
    version: str = ""
    operation: str = ""
    member: str = ""
    query: Sequence[tuple[str, str]] = ()
    body: Body = NO_BODY
    if_match: str | None = None
    if_none_match: str | None = None
    if_modified_since: datetime | None = None
    if_none_exist: str | None = None
    security_context: str | None = None
    prefer: Preference = NO_PREFERENCE
    prefers_raw: Callable[[str], bool] = field(default=never_raw)
    names: Callable[[str], bool] = field(default=never_raw)

    def parameter(self, name: str) -> str | None:
        """Return the last value of a query parameter, or None."""
        found = None
        for key, value in self.query:
            if key == name:
                found = value
        return found


@lru_cache(maxsize=256)
def parse_prefer(header: str) -> Preference:
    """Return the preferences that a Prefer header names; others are left aside, as RFC 7240 wants."""
    returns, strict = None, False
    for part in header.replace(";", ",").split(","):
        name, _, value = part.strip().partition("=")
        value = value.strip().strip('"')
        if name.strip().lower() == "return" and value in ("minimal", "representation", "OperationOutcome"):
            returns = value
        elif name.strip().lower() == "handling":
            strict = value.lower() == "strict"
    return Preference(returns, strict)


def parse_etags(header: str) -> Sequence[int] | None:
    """Return the versions that a list of entity tags names, None for `*`: any.

    Shape   a tag that is none of ours is -1, which no resource has. A bare number passes for a tag: clients send it.
    Errors  Invalid (400) for anything that is no list of entity tags.
    Source  RFC 9110 8.8.3, 13.1.1.
    """
    if header.strip() == "*":
        return None
    if not ETAGS.fullmatch(header):
        raise Invalid(f'{header[:80]!r} is not a list of entity tags: write W/"3", W/"4" or *', code="value")
    return [_version(quoted or bare) for quoted, bare in ETAG.findall(header)]


def _version(tag: str) -> int:
    return int(tag) if tag.isascii() and tag.isdigit() and len(tag) < 10 else -1


def etags_name(header: str, version: int) -> bool:
    """Say whether If-None-Match names this version. `*` names all; what is no entity tag names none."""
    try:
        versions = parse_etags(header)
    except Invalid:
        return False
    return versions is None or version in versions


def parse_query_string(text: str) -> list[tuple[str, str]]:
    """Return the decoded pairs of a query string or of a form. Errors: Invalid (400)."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=PARAMETERS_LIMIT)
    except UnicodeDecodeError as error:
        raise Invalid("The query is not percent-encoded UTF-8", code="value") from error
    except ValueError as error:
        raise Invalid(f"A request may have at most {PARAMETERS_LIMIT} parameters", code="too-costly") from error
    if any("\x00" in name or "\x00" in value for name, value in pairs):
        raise Invalid("The query holds the character U+0000", code="value")
    return pairs
