"""Provenances: those that clients store, and one for each version that was made, from its trace."""

import re
from collections.abc import Sequence
from dataclasses import replace

from usager_server.interactions.request import Request
from usager_server.interactions.session import Session
from usager_server.jsontext import build_json
from usager_server.repository import Match, Page, Stored
from usager_server.traces.audit_event import row_of
from usager_server.traces.provenance import ACTIVITIES, PREFIX, is_of_version, provenance, provenance_id
from usager_server.traces.record import Trace, TraceQuery

TYPE = "Provenance"
MOST = 1_000
TARGET = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/([0-9]{1,9}))?")
SHAPING = frozenset(("target", "_count", "_cursor", "_format", "_pretty", "_total", "_summary", "_elements"))


async def of_version(session: Session, request: Request) -> Stored | None:
    """Return the Provenance that the trace of a version is, None when the address is not one of those."""
    if request.type != TYPE or session.act is None or not request.id.startswith(PREFIX):
        return None
    row = row_of(request.id.removeprefix(PREFIX))
    trace = None if row is None else await session.repository.trace(row)
    if trace is None or not is_of_version(trace) or not await _is_within_reach(session, trace.type, trace.id):
        return None
    return _stored(trace)


async def with_those_of_versions(
    session: Session, types: Sequence[str], parameters: Sequence[tuple[str, str]], page: Page
) -> Page:
    """Return a page of Provenances, with those of the versions of the target when it is the last one.

    Shape   a search by target alone: no other criterion is looked for in traces. MOST of them, beyond _count.
    Order   after the stored ones, newest first.
    """
    names = [name for name, _ in parameters]
    if session.act is None or tuple(types) != (TYPE,) or page.next is not None or names.count("target") != 1:
        return page
    asked = TARGET.fullmatch(dict(parameters)["target"].removeprefix(f"{session.base_url}/"))
    if asked is None or not SHAPING.issuperset(names) or not await _is_within_reach(session, asked[1], asked[2]):
        return page
    version = None if asked[3] is None else int(asked[3])
    query = TraceQuery(type=asked[1], id=asked[2], version=version, kinds=tuple(ACTIVITIES), outcomes=(0,), count=MOST)
    made = [Match(_stored(trace)) for trace in await session.repository.traces(query) if is_of_version(trace)]
    total = None if page.total is None else page.total + len(made)
    return replace(page, entries=[*page.entries, *made], total=total)


async def _is_within_reach(session: Session, resource_type: str, resource_id: str) -> bool:
    """Say whether the caller may see what a version is of: who made it is not told to others."""
    if session.reach is not None and not session.reach.permits(resource_type, "r"):
        return False
    return await session.repository.read(resource_type, resource_id) is not None


def _stored(trace: Trace) -> Stored:
    return Stored(TYPE, provenance_id(trace), 1, trace.recorded, build_json(provenance(trace)).decode())
