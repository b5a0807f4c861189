"""What create, update and patch have in common: from a checked tree to a draft, from what was written to the reply."""

from collections.abc import AsyncIterator
from typing import Any

from usager_server.errors import Issue, operation_outcome
from usager_server.interactions.base64_text import decoded
from usager_server.interactions.references import may_change, settle_references
from usager_server.interactions.request import Preference, Request, parse_version
from usager_server.interactions.session import Reply, Session, now
from usager_server.repository import Draft, Stored
from usager_server.repository.drafts import draft
from usager_server.repository.ids import new_uuid


def new_id() -> str:
    """Return an id of our own making; it grows with time."""
    return str(new_uuid())


async def prepared(
    session: Session, resource: dict[str, Any], resource_id: str, method: str, content: str | None = None
) -> Draft:
    """Return a checked resource ready for the store; the bytes of a Binary go there now, outside its document.

    Shape   content is the key of the bytes that a Binary has already; data in the resource takes their place.
    Errors  those of a conditional reference that does not name one resource (`references.py`).
    """
    if resource["resourceType"] == "Binary" and "data" in resource:
        content = await session.repository.write_content(_pieces(decoded(resource["data"])))
        resource = {name: value for name, value in resource.items() if name not in ("data", "_data")}
    made = new_draft(session, resource, resource_id, method, content)
    if not may_change(session, made.tail):
        return made
    await settle_references(session, resource)
    return new_draft(session, resource, resource_id, method, content)


def new_draft(
    session: Session, resource: dict[str, Any], resource_id: str, method: str, content: str | None = None
) -> Draft:
    """Return a checked resource, whose bytes are in the store if it has any, ready to follow them."""
    return draft(
        resource,
        resource_id,
        tenant=session.caller.tenant,
        now=now(),
        registry=session.house.registry,
        method=method,
        content=content,
    )


async def store_new(session: Session, request: Request, resource: dict[str, Any], content: str | None = None) -> Reply:
    """Store a checked resource under a new id."""
    new = await prepared(session, resource, new_id(), "POST", content)
    await session.repository.create([new])
    return written_reply(new.stored(1), 201, request.prefer)


async def store_next(
    session: Session, request: Request, resource: dict[str, Any], resource_id: str, content: str | None = None
) -> Reply:
    """Store a checked resource as the next version, or as the first one of this id."""
    written = await session.repository.update(
        await prepared(session, resource, resource_id, "PUT", content),
        expected_version=expected_version(request),
        may_create=request.if_match is None,
    )
    return written_reply(written.stored, 201 if written.created else 200, request.prefer)


def expected_version(request: Request) -> int | None:
    """Return the version that If-Match names, None when it names none in particular."""
    if request.if_match is None or request.if_match.strip() == "*":
        return None
    return parse_version(request.if_match)


def written_reply(stored: Stored, status: int, prefer: Preference) -> Reply:
    """Return the answer to a write.

    Shape   the resource as stored, unless Prefer asks for nothing (minimal) or for an OperationOutcome.
    Source  FHIR R4 http.html#ops.
    """
    whole = prefer.returns in (None, "representation")
    return Reply(
        status,
        document=stored.document if whole else None,
        resource=_outcome(stored, status) if prefer.returns == "OperationOutcome" else None,
        version=stored.version,
        last_modified=stored.last_updated,
        location=f"{stored.type}/{stored.id}/_history/{stored.version}",
    )


def _outcome(stored: Stored, status: int) -> dict[str, Any]:
    done = "created" if status == 201 else "kept"
    text = f"{stored.type}/{stored.id} {done} as version {stored.version}"
    return operation_outcome([Issue("information", "informational", text)])


async def _pieces(content: bytes, size_bytes: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size_bytes):
        yield content[start : start + size_bytes]
