"""Binary: bytes of any type, written and read as they are, or as a resource that carries them in base64."""

import mimetypes
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

from usager_server.errors import Unprocessable
from usager_server.interactions.checks import check_resource, check_same_id
from usager_server.interactions.conditions import create_condition, held_match
from usager_server.interactions.queries import search_query
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.subset import WHOLE, parse_subset, subset_text
from usager_server.interactions.writing import refuse_known, store_new, store_next, written_reply
from usager_server.jsontext import parse_json
from usager_server.repository import Stored
from usager_server.validation.files import mismatch
from usager_server.validation.limits import FILE_HEAD_BYTES

UNTYPED = "application/octet-stream"
OWNERS_MOST = 20
"""Documents that carry the address of one Binary, and whose Patients its trace names."""


async def create(session: Session, request: Request) -> Reply:
    """Store a new Binary, from raw bytes or from a resource; the answer never repeats the bytes.

    Source  FHIR R4 binary.html#rest.
    """
    resource, content = await _received(session, request)
    async with session.transaction() as inner:
        identity = create_condition(session, request)
        if identity is not None:
            found = await held_match(inner, identity)
            if found is not None:
                return written_reply(found, 200, request.prefer)
        return await store_new(inner, request, resource, content)


async def update(session: Session, request: Request) -> Reply:
    """Store the next version of a Binary, from raw bytes or from a resource."""
    resource, content = await _received(session, request)
    if request.body.is_fhir:
        check_same_id(resource, "Binary", request.id)
    async with session.transaction() as inner:
        await refuse_known(inner, request)
        return await store_next(inner, request, resource, request.id, content)


async def version_reply(session: Session, request: Request, stored: Stored) -> Reply:
    """Return a version of a Binary: its bytes when the caller prefers them, else the resource with its data."""
    document = stored.document or ""
    resource = parse_json(document.encode())
    await _tell_owner(session, stored, resource)
    content_type = str(resource.get("contentType", UNTYPED))
    if request.prefers_raw(content_type):
        return await _raw_reply(session, stored, content_type, resource)
    subset = parse_subset(request.query)
    if subset != WHOLE:
        document = subset_text(session.house.definitions, document, subset)
    elif stored.content is not None:
        document = await _with_data(session, document, stored.content)
    return Reply(document=document, version=stored.version, last_modified=stored.last_updated)


async def _tell_owner(session: Session, stored: Stored, resource: dict[str, Any]) -> None:
    """Tell in the trace whom these bytes are about, and the document from elsewhere that they are of.

    Shape   they belong to what their securityContext names, else to the documents that carry their address; who may
            read the bytes need not see either.
    """
    if session.act is None:
        return
    session.act.meet(stored.document or "")
    whole = session.repository.whole
    kind, _, key = str(resource.get("securityContext", {}).get("reference", "")).partition("/")
    if kind:
        owner = await whole.read(kind, key) if kind in session.house.definitions.resource_types else None
        session.act.meet((owner and owner.document) or "")
        return
    address = [("location", f"Binary/{stored.id}"), ("_count", str(OWNERS_MOST))]
    page = await whole.search(search_query(session, ("DocumentReference",), address, strict=True))
    for match in page.entries:
        session.act.meet(match.stored.document or "")


async def _raw_reply(session: Session, stored: Stored, content_type: str, resource: dict[str, Any]) -> Reply:
    headers = {"Content-Disposition": f'attachment; filename="{_file_name(stored.id, content_type)}"'}
    context = resource.get("securityContext", {}).get("reference")
    if isinstance(context, str) and context.isascii() and context.isprintable():
        headers["X-Security-Context"] = context
    if stored.content is not None:
        headers["Content-Length"] = str(await session.repository.content_size(stored.content) or 0)
    return Reply(
        content=b"" if stored.content is None else session.repository.read_content(stored.content),
        content_type=content_type,
        raw=True,
        version=stored.version,
        last_modified=stored.last_updated,
        headers=headers,
    )


def _file_name(resource_id: str, content_type: str) -> str:
    """Return under which name bytes are saved: never one that came with them.

    A browser neither runs what somebody uploaded nor shows it as a page of ours: it is an attachment.
    """
    kind = mimetypes.guess_extension(content_type.partition(";")[0].strip().lower())
    return f"binary-{resource_id}{kind or ''}"


async def _with_data(session: Session, document: str, key: str) -> str:
    content = b"".join([piece async for piece in session.repository.read_content(key)])
    return f'{document[:-1]},"data":"{b64encode(content).decode()}"}}' if content else document


async def _received(session: Session, request: Request) -> tuple[dict[str, Any], str | None]:
    """Return the checked resource, and the key of the bytes when they came raw: they are in the store by then.

    An upload that breaks off leaves bytes that no resource names; the store removes them in time.
    """
    if request.body.is_fhir:
        resource = await request.body.resource()
        await check_resource(session, resource, "Binary")
        return resource, None
    resource = {"resourceType": "Binary", "contentType": request.body.content_type or UNTYPED}
    if request.security_context:
        resource["securityContext"] = {"reference": request.security_context}
    await check_resource(session, resource, "Binary")
    pieces = _checked(session, resource["contentType"], request.body.stream())
    return resource, await session.repository.write_content(pieces)


async def _checked(session: Session, media_type: str, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the same bytes, once they begin as their media type says. Errors: Unprocessable (422)."""
    head = b""
    async for piece in pieces:
        if len(head) >= FILE_HEAD_BYTES:
            yield piece
            continue
        head += piece
        if len(head) >= FILE_HEAD_BYTES:
            refuse_mismatch(session, media_type, head)
            yield head
    if len(head) < FILE_HEAD_BYTES:
        refuse_mismatch(session, media_type, head)
        yield head


async def refuse_other_type(session: Session, resource: dict[str, Any], key: str) -> None:
    """Refuse a media type that the bytes under a key, which stay, are not of. Errors: Unprocessable (422)."""
    async for piece in session.repository.read_content(key):
        refuse_mismatch(session, str(resource.get("contentType", UNTYPED)), piece)
        break


def refuse_mismatch(session: Session, media_type: str, start: bytes) -> None:
    """Refuse bytes that do not begin as their media type says. Errors: Unprocessable (422), saying what would."""
    known_only = session.house.settings.file_types == "known"
    text = mismatch(media_type, start[:FILE_HEAD_BYTES], known_only=known_only)
    if text is not None:
        raise Unprocessable(text[:1].upper() + text[1:], "Binary.contentType", code="business-rule")
