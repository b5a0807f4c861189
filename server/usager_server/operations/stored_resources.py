"""Resources that an operation reads from the store by their references, a Binary with its data."""

import base64
from collections.abc import Iterable
from typing import Any

from usager_server.errors import Gone, NotFound, TooLarge
from usager_server.interactions.limits import DOCUMENT_FILE_LIMIT_BYTES
from usager_server.interactions.session import Session
from usager_server.jsontext import parse_json
from usager_server.repository import Stored

Resource = dict[str, Any]


async def read_one(session: Session, resource_type: str, key: str) -> Resource:
    """Return the resource that an instance-level operation shows, and tell it to the trace of the act.

    Errors  NotFound (404), Gone (410).
    """
    stored = await session.repository.read(resource_type, key)
    if stored is None:
        raise NotFound(f"There is no {resource_type}/{key}")
    if stored.document is None:
        raise Gone(f"{resource_type}/{key} was deleted in version {stored.version}")
    if session.act is not None:
        session.act.meet(stored.document)
    resource: Resource = parse_json(stored.document.encode())
    return resource


async def read_resources(session: Session, references: Iterable[str]) -> dict[str, Resource]:
    """Return the resources ("Type/id") that are there, in one statement; the bytes of a Binary are one more each.

    Errors  TooLarge (413) for a Binary over DOCUMENT_FILE_LIMIT_BYTES.
    """
    keys = [(kind, key) for kind, _, key in (reference.partition("/") for reference in sorted(references))]
    stored = await session.repository.read_many(keys)
    return {
        f"{kind}/{key}": await _resource(session, version)
        for (kind, key), version in stored.items()
        if version.document is not None
    }


async def _resource(session: Session, stored: Stored) -> Resource:
    resource: Resource = parse_json((stored.document or "{}").encode())
    if stored.content is not None:
        data = await content_of(session, stored)
        resource["data"] = base64.b64encode(data).decode("ascii")
    return resource


async def content_of(session: Session, stored: Stored) -> bytes:
    """Return the bytes of a Binary that has them outside its row. Errors: TooLarge (413)."""
    size = await session.repository.content_size(stored.content or "") or 0
    if size > DOCUMENT_FILE_LIMIT_BYTES:
        raise TooLarge(
            f"Binary/{stored.id} has {size} bytes; at most {DOCUMENT_FILE_LIMIT_BYTES} are read", "Binary.data"
        )
    return b"".join([piece async for piece in session.repository.read_content(stored.content or "")])
