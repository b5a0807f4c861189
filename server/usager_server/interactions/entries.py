"""The entries of a batch or transaction: each becomes a Request like any other; each Reply becomes an entry again."""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn, TypeAlias
from urllib.parse import unquote

from usager_server.errors import FHIRError, Invalid, Issue, operation_outcome
from usager_server.interactions.base64_text import decoded
from usager_server.interactions.bundle_text import json_text
from usager_server.interactions.conditions import Identity
from usager_server.interactions.patch import JSON_PATCH
from usager_server.interactions.places import relocated
from usager_server.interactions.read import parse_http_date
from usager_server.interactions.request import Held, Preference, Request
from usager_server.interactions.routing import Name, route
from usager_server.interactions.session import Reply, Session, instant_text
from usager_server.jsontext import build_json, parse_json

OPERATIONS = ("operation", "operation_by_get")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
MINIMAL = Preference(returns="minimal")


Target: TypeAlias = tuple[str, str]
"""The type and the id of the resource that an entry is about."""


@dataclass(slots=True)
class Entry:
    """One entry at work: what it asks, under which fullUrl, and in the end its reply.

    Shape   in a transaction, identity is the condition it bears, target the resource it turned out to be about, is_new
            whether its id was made here, told what there is to tell of the resource.
    """

    index: int
    full_url: str
    request: Request
    interaction: Name
    resource: dict[str, Any] | None
    reply: Reply | None = None
    identity: Identity | None = None
    target: Target | None = None
    is_new: bool = False
    told: Sequence[Issue] = ()

    @property
    def place(self) -> str:
        """Where the entry stands, as FHIRPath."""
        return entry_place(self.index)


def entry_place(index: int) -> str:
    """Return the FHIRPath of an entry."""
    return f"Bundle.entry[{index}]"


def parse_entry(session: Session, index: int, entry: dict[str, Any], prefer: Preference) -> Entry:
    """Return an entry as a request.

    Errors  Invalid (400) with the expression of the entry when it has no request, an unknown method, or a bad address.
    """
    asked = entry.get("request")
    where = f"{entry_place(index)}.request"
    if not isinstance(asked, dict):
        raise Invalid("Each entry of a batch or transaction needs a request", where, code="required")
    method, url = asked.get("method"), asked.get("url")
    if method not in METHODS:
        raise Invalid(f"{method!r} is not a method; possible: {', '.join(METHODS)}", f"{where}.method", code="value")
    if not isinstance(url, str):
        raise Invalid("A request needs a url", f"{where}.url", code="required")
    interaction, request = _routed(session, str(method), url, f"{where}.url")
    resource = entry.get("resource")
    request.body = _body(request, resource, entry_place(index))
    request.prefer = Preference(prefer.returns or "minimal", prefer.strict)
    _conditions(request, asked)
    full_url = entry.get("fullUrl")
    return Entry(index, full_url if isinstance(full_url, str) else "", request, interaction, resource)


def _routed(session: Session, method: str, url: str, where: str) -> tuple[Name, Request]:
    path, _, query = url.removeprefix(session.base_url).partition("?")
    if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", path):
        raise Invalid(f"{url[:200]!r} is not an address of this server; {session.base_url} is", where, code="value")
    types = session.house.definitions.resource_types
    try:
        interaction, request = route("GET" if method == "HEAD" else method, unquote(path).strip("/"), query, types)
    except FHIRError as error:
        raise relocated(error, where) from error
    if not path.strip("/") and method == "POST":
        raise Invalid("A batch or transaction cannot hold another one", where, code="not-supported")
    request.method = method
    return interaction, request


def _body(request: Request, resource: Any, where: str) -> Held:
    """Return the body of an entry; a Binary of JSON Patch in a PATCH is unwrapped."""
    if request.method == "PATCH" and isinstance(resource, dict) and resource.get("resourceType") == "Binary":
        try:
            operations = parse_json(decoded(str(resource.get("data", ""))))
        except FHIRError as error:
            raise relocated(error, f"{where}.resource") from error
        return Held(operations, str(resource.get("contentType", JSON_PATCH)))
    return Held(resource)


def _conditions(request: Request, asked: dict[str, Any]) -> None:
    request.if_match = asked.get("ifMatch")
    request.if_none_match = asked.get("ifNoneMatch")
    request.if_none_exist = asked.get("ifNoneExist") if request.method == "POST" else None
    since = asked.get("ifModifiedSince")
    request.if_modified_since = parse_http_date(since) if isinstance(since, str) else None


def refuse_entry(error: FHIRError, entry: Entry) -> NoReturn:
    """Raise the refusal of an entry with its place in the Bundle."""
    raise relocated(error, f"{entry.place}.resource" if entry.resource is not None else entry.place) from error


async def entry_text(session: Session, reply: Reply, full_url: str = "") -> str:
    """Return the entry of the response Bundle for a reply."""
    parts = [f'"fullUrl":{json_text(full_url)}'] if full_url else []
    content = await _content_text(reply)
    if content is not None:
        parts.append(f'"resource":{content}')
    parts.append(f'"response":{_response(reply)}')
    return "{" + ",".join(parts) + "}"


def failure_text(error: FHIRError) -> str:
    """Return the entry of a batch-response for an entry that could not be done."""
    outcome = build_json(operation_outcome(error.issues)).decode()
    return f'{{"response":{{"status":{json_text(_status(error.status))},"outcome":{outcome}}}}}'


def _response(reply: Reply) -> str:
    parts = [f'"status":{json_text(_status(reply.status))}']
    if reply.location is not None:
        parts.append(f'"location":{json_text(reply.location)}')
    if reply.version is not None:
        parts.append(f'"etag":"W/\\"{reply.version}\\""')
    if reply.last_modified is not None:
        parts.append(f'"lastModified":"{instant_text(reply.last_modified)}"')
    if reply.resource is not None and reply.resource.get("resourceType") == "OperationOutcome":
        parts.append(f'"outcome":{build_json(reply.resource).decode()}')
    return "{" + ",".join(parts) + "}"


async def _content_text(reply: Reply) -> str | None:
    if reply.document is not None:
        return reply.document
    if reply.resource is not None and reply.resource.get("resourceType") != "OperationOutcome":
        return build_json(reply.resource).decode()
    if reply.content is None:
        return None
    if not (reply.content_type or "").startswith("application/fhir+json"):
        raise Invalid("This answer is not a resource: ask for it alone, not in a Bundle", code="not-supported")
    return (await collected(reply.content)).decode()


async def collected(content: bytes | AsyncIterator[bytes]) -> bytes:
    """Return streamed content in one piece."""
    return content if isinstance(content, bytes) else b"".join([piece async for piece in content])


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


async def count_operations(session: Session, interactions: Iterable[Name]) -> None:
    """Count the operations that a Bundle holds as if each came by itself. Errors: Throttled (429)."""
    for name in interactions:
        if name in OPERATIONS and session.pace is not None:
            await session.pace(session.caller, name)
