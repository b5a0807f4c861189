"""What create, update and patch have in common: from a checked tree to a draft, from what was written to the reply."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from usager_server.errors import Issue, VersionConflict, operation_outcome
from usager_server.interactions.base64_text import decoded
from usager_server.interactions.identities import settled_identity
from usager_server.interactions.origins import is_compared, kept_origin
from usager_server.interactions.references import may_change, settle_references
from usager_server.interactions.request import Preference, Request, etags_name, parse_etags
from usager_server.interactions.session import Reply, Session, now
from usager_server.repository import Draft, Stored
from usager_server.repository.drafts import draft
from usager_server.repository.ids import new_uuid


def new_id() -> str:
    """Return an id of our own making; it grows with time."""
    return str(new_uuid())


class Prepared(NamedTuple):
    """A resource ready for the store, and what its writer is told of it who asks for an OperationOutcome."""

    draft: Draft
    told: Sequence[Issue] = ()


async def prepared(
    session: Session,
    resource: dict[str, Any],
    resource_id: str,
    method: str,
    content: str | None = None,
    current: Stored | None = None,
) -> Prepared:
    """Return a checked resource ready for the store; the bytes of a Binary go there now, outside its document.

    Shape   content is the key of the bytes that a Binary has already; data in the resource takes their place. current:
            the version that a Patient or a document follows, which must still be the current one when it is stored.
    Errors  those of a conditional reference that does not name one resource (`references.py`), of an identity that may
            not become so (`identities.py`), of a document that would have come from elsewhere (`origins.py`).
    """
    resource, told = settled_identity(session, resource, current)
    resource = kept_origin(resource, current)
    if resource["resourceType"] == "Binary" and "data" in resource:
        content = await session.repository.write_content(_pieces(decoded(resource["data"])))
        resource = {name: value for name, value in resource.items() if name not in ("data", "_data")}
    made = new_draft(session, resource, resource_id, method, content)
    if not may_change(session, made.tail):
        return Prepared(made, told)
    await settle_references(session, resource)
    return Prepared(new_draft(session, resource, resource_id, method, content), told)


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
    new, told = await prepared(session, resource, new_id(), "POST", content)
    await session.repository.create([new])
    return written_reply(new.stored(1), 201, request.prefer, told)


async def store_next(
    session: Session, request: Request, resource: dict[str, Any], resource_id: str, content: str | None = None
) -> Reply:
    """Store a checked resource as the next version, or as the first one of this id."""
    if is_compared(resource["resourceType"]):
        return await _store_next_compared(session, request, resource, resource_id, content)
    draft, _ = await prepared(session, resource, resource_id, "PUT", content)
    expected = await expected_version(session, request.if_match, draft.type, draft.id)
    written = await session.repository.update(draft, expected_version=expected, may_create=request.if_match is None)
    return written_reply(written.stored, 201 if written.created else 200, request.prefer)


async def _store_next_compared(
    session: Session, request: Request, resource: dict[str, Any], resource_id: str, content: str | None
) -> Reply:
    """Store a resource over the version it was compared with; when somebody else wrote meanwhile, compare again."""
    try:
        return await _store_compared(session, request, resource, resource_id, content)
    except VersionConflict:
        if request.if_match is not None:
            raise
    async with session.transaction() as inner:
        await inner.repository.lock([(resource["resourceType"], resource_id)])
        return await _store_compared(inner, request, resource, resource_id, content)


async def _store_compared(
    session: Session, request: Request, resource: dict[str, Any], resource_id: str, content: str | None
) -> Reply:
    current = await session.repository.read(resource["resourceType"], resource_id)
    draft, told = await prepared(session, resource, resource_id, "PUT", content, current)
    if current is None or current.document is None:
        expected = await expected_version(session, request.if_match, draft.type, draft.id)
    else:
        refuse_other_version(request.if_match, current)
        expected = current.version
    written = await session.repository.update(draft, expected_version=expected, may_create=request.if_match is None)
    return written_reply(written.stored, 201 if written.created else 200, request.prefer, told)


async def expected_version(session: Session, if_match: str | None, resource_type: str, resource_id: str) -> int | None:
    """Return the version that must be the current one, None when any may be.

    Errors  Invalid (400) when If-Match is no list of entity tags; VersionConflict (412) when nothing is there for `*`,
            or none of several versions is the current one.
    Source  RFC 9110 13.1.1.
    """
    versions = () if if_match is None else parse_etags(if_match)
    if versions is not None and len(versions) < 2:
        return next(iter(versions), None)
    current = await session.repository.read(resource_type, resource_id)
    if current is None or current.document is None:
        raise VersionConflict(f"If-Match is {if_match}, and there is no {resource_type}/{resource_id}")
    if versions is None:
        return None
    refuse_other_version(if_match, current)
    return current.version


def refuse_other_version(if_match: str | None, current: Stored) -> None:
    """Refuse to write over a version that If-Match does not name. Errors: VersionConflict (412), Invalid (400)."""
    versions = None if if_match is None else parse_etags(if_match)
    if versions is not None and current.version not in versions:
        raise VersionConflict(f"If-Match is {if_match}; the current version is {current.version}")


async def refuse_known(session: Session, request: Request) -> None:
    """Refuse an update that is meant to create, when what it would replace is there (RFC 9110 13.1.2).

    Errors  VersionConflict (412) when If-None-Match is `*` or names the current version.
    """
    if request.if_none_match is None:
        return
    await session.repository.claim(f"{request.type}/{request.id}")
    current = await session.repository.read(request.type, request.id)
    if current is not None and current.document is not None:
        refuse_match(request, current)


def refuse_match(request: Request, current: Stored) -> None:
    """Refuse to write over a version that If-None-Match names. Errors: VersionConflict (412)."""
    if request.if_none_match is not None and etags_name(request.if_none_match, current.version):
        raise VersionConflict(f"{current.type}/{current.id} is there already, at version {current.version}")


def written_reply(stored: Stored, status: int, prefer: Preference, told: Sequence[Issue] = ()) -> Reply:
    """Return the answer to a write.

    Shape   the resource as stored, unless Prefer asks for nothing (minimal) or for an OperationOutcome, which holds
            what there is to tell.
    Source  FHIR R4 http.html#ops.
    """
    whole = prefer.returns in (None, "representation")
    return Reply(
        status,
        document=stored.document if whole else None,
        resource=_outcome(stored, status, told) if prefer.returns == "OperationOutcome" else None,
        version=stored.version,
        last_modified=stored.last_updated,
        location=f"{stored.type}/{stored.id}/_history/{stored.version}",
    )


def telling(reply: Reply, told: Sequence[Issue]) -> Reply:
    """Return the answer to a write with more that there is to tell, when it is an OperationOutcome."""
    if not told or reply.resource is None or reply.resource.get("resourceType") != "OperationOutcome":
        return reply
    issues = [*reply.resource["issue"], *(issue.as_fhir() for issue in told)]
    return replace(reply, resource={**reply.resource, "issue": issues})


def _outcome(stored: Stored, status: int, told: Sequence[Issue]) -> dict[str, Any]:
    done = "created" if status == 201 else "kept"
    text = f"{stored.type}/{stored.id} {done} as version {stored.version}"
    return operation_outcome([Issue("information", "informational", text), *told])


async def _pieces(content: bytes, size_bytes: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size_bytes):
        yield content[start : start + size_bytes]
