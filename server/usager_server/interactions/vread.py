"""vread: one version of a resource."""

from usager_server.errors import NotFound
from usager_server.interactions.read import version_reply
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session

VERSION_DIGITS = 9


async def vread(session: Session, request: Request) -> Reply:
    """Return one version, current or past.

    Errors  NotFound (404) when there is no such version, Gone (410) when that version is a deletion.
    Source  FHIR R4 http.html#vread.
    """
    stored = None
    if is_version(request.version):
        stored = await session.repository.vread(request.type, request.id, int(request.version))
    if stored is None:
        raise NotFound(f"There is no version {request.version!r} of {request.type}/{request.id}")
    return await version_reply(session, request, stored)


def is_version(text: str) -> bool:
    """Say whether the text can be a version number."""
    return text.isascii() and text.isdigit() and len(text) <= VERSION_DIGITS
