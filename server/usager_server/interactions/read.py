"""read: the current version of a resource, from the store to the socket."""

from datetime import UTC, datetime
from typing import Final

from usager_server.errors import Gone, NotFound
from usager_server.interactions import binary
from usager_server.interactions.audit_events import traced
from usager_server.interactions.excerpt import excerpts
from usager_server.interactions.provenances import of_version
from usager_server.interactions.request import Request, etags_name
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.subset import parse_subset
from usager_server.repository import Stored

NOT_MODIFIED: Final = 304
WRITTEN: Final = ("_format", "_pretty")


async def read(session: Session, request: Request) -> Reply:
    """Return the current version.

    Errors  NotFound (404) when unknown, Gone (410) when deleted. 304 when If-None-Match names the version or
            If-Modified-Since is not before its instant.
    Source  FHIR R4 http.html#read, #cread, #summary.
    """
    stored = await _current(session, request)
    if stored is None:
        stored = session.house.served.get((request.type, request.id)) or await made_of_traces(session, request)
    if stored is None:
        raise NotFound(f"There is no {request.type}/{request.id}")
    return await version_reply(session, request, stored)


async def _current(session: Session, request: Request) -> Stored | None:
    """Return the current version: traced by the statement that finds it, when it is what will be shown, and whole."""
    act = session.act
    if act is None or act.kind != "read" or request.type == "Binary" or not is_whole(request):
        return await session.repository.read(request.type, request.id)
    act.asked = request.query
    return await session.repository.show(request.type, request.id, act)


def is_whole(request: Request) -> bool:
    """Say whether nothing in the address asks for a part of the resource, only for a way to write it."""
    return not request.query or all(name in WRITTEN for name, _ in request.query)


async def made_of_traces(session: Session, request: Request) -> Stored | None:
    """Return the AuditEvent or the Provenance that is made of the trace at this address, or None."""
    return await traced(session, request) or await of_version(session, request)


async def version_reply(session: Session, request: Request, stored: Stored) -> Reply:
    """Return one stored version as the caller wants it: not at all when unchanged, in part, or whole."""
    document = stored.document
    if document is None:
        raise Gone(f"{stored.type}/{stored.id} was deleted in version {stored.version}")
    if is_unchanged(request, stored):
        return Reply(NOT_MODIFIED, version=stored.version, last_modified=stored.last_updated)
    if stored.type == "Binary":
        return await binary.version_reply(session, request, stored)
    if request.query:
        (document,) = excerpts(session, [document], parse_subset(request.query))
    return Reply(document=document, version=stored.version, last_modified=stored.last_updated)


def is_unchanged(request: Request, stored: Stored) -> bool:
    """Say whether the caller has this version already. If-None-Match goes first (RFC 9110 13.2.2)."""
    if request.if_none_match is not None:
        return etags_name(request.if_none_match, stored.version)
    if request.if_modified_since is not None:
        return stored.last_updated.replace(microsecond=0) <= request.if_modified_since
    return False


def parse_http_date(text: str) -> datetime | None:
    """Return the instant of an HTTP date; None for any other text, which RFC 9110 says to ignore."""
    try:
        return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None
