"""Binary: bytes of any type, written and read as they are, or as a resource that carries them in base64."""

from base64 import b64encode
from collections.abc import AsyncIterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any


from usager_server.interactions.checks import check_resource
from usager_server.interactions.conditions import held_match, parse_if_none_exist
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.subset import make_subset, parse_subset, subset_text
from usager_server.interactions.writing import store_new, store_next, written_reply
from usager_server.jsontext import parse_json
from usager_server.repository import Stored

PIECE_BYTES = 256 * 1024
UNTYPED = "application/octet-stream"
# What a browser must not do with bytes that somebody uploaded: run them, show them as a page of ours.
SHIELD = {"Content-Disposition": "attachment", "Content-Security-Policy": "default-src 'none'; sandbox"}


async def create(session: Session, request: Request) -> Reply:
    """Store a new Binary, from raw bytes or from a resource.

    Shape   the answer never repeats the bytes.
    Source  FHIR R4 binary.html#rest.
    """
    resource, received = await _received(session, request)
    with received:
        async with session.transaction() as inner:
            if request.if_none_exist is not None:
                found = await held_match(inner, parse_if_none_exist("Binary", request.if_none_exist))
                if found is not None:
                    return written_reply(found, 200, request.prefer)
            return await store_new(inner, request, resource, await _kept(inner, received))


async def update(session: Session, request: Request) -> Reply:
    """Store the next version of a Binary, from raw bytes or from a resource."""
    resource, received = await _received(session, request)
    with received:
        async with session.transaction() as inner:
            return await store_next(inner, request, resource, request.id, await _kept(inner, received))


async def version_reply(session: Session, request: Request, stored: Stored) -> Reply:
    """Return a version of a Binary: its bytes when the caller prefers them, else the resource with its data."""
    document = stored.document or ""
    resource = parse_json(document.encode())
    content_type = str(resource.get("contentType", UNTYPED))
    if request.prefers_raw(content_type):
        return _raw_reply(session, stored, content_type, resource)
    subset = parse_subset(request.query)
    if subset != make_subset(None, ()):
        document = subset_text(session.house.definitions, document, subset)
    elif stored.content is not None:
        document = await _with_data(session, document, stored.content)
    return Reply(document=document, version=stored.version, last_modified=stored.last_updated)


def _raw_reply(session: Session, stored: Stored, content_type: str, resource: dict[str, Any]) -> Reply:
    headers = dict(SHIELD)
    context = resource.get("securityContext", {}).get("reference")
    if isinstance(context, str) and context.isascii() and context.isprintable():
        headers["X-Security-Context"] = context
    return Reply(
        content=b"" if stored.content is None else session.repository.read_content(stored.content),
        content_type=content_type,
        version=stored.version,
        last_modified=stored.last_updated,
        headers=headers,
    )


async def _with_data(session: Session, document: str, key: str) -> str:
    content = b"".join([piece async for piece in session.repository.read_content(key)])
    return f'{document[:-1]},"data":"{b64encode(content).decode()}"}}'


async def _received(session: Session, request: Request) -> tuple[dict[str, Any], IO[bytes]]:
    """Return the checked resource, and the raw bytes when they came as such.

    The whole body is taken in before the database is asked for anything: a slow sender holds no transaction.
    """
    spool = SpooledTemporaryFile(max_size=PIECE_BYTES)  # noqa: SIM115 - closed by the caller
    if request.body.is_fhir:
        resource = await request.body.resource()
    else:
        async for piece in request.body.stream():
            spool.write(piece)
        resource = _described(request)
    check_resource(session, resource, "Binary")
    return resource, spool


def _described(request: Request) -> dict[str, Any]:
    resource: dict[str, Any] = {"resourceType": "Binary", "contentType": request.body.content_type or UNTYPED}
    if request.security_context:
        resource["securityContext"] = {"reference": request.security_context}
    return resource


async def _kept(session: Session, received: IO[bytes]) -> str | None:
    """Move the raw bytes into the store and return their key; None when there are none."""
    if not received.tell():
        return None
    received.seek(0)
    return await session.repository.write_content(_pieces(received))


async def _pieces(received: IO[bytes]) -> AsyncIterator[bytes]:
    while piece := received.read(PIECE_BYTES):
        yield piece
