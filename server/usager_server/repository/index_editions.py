"""By what the resources of a type are indexed: what servers that run write, and what all that is stored has.

Whoever serves declares what it writes before it writes anything; what another one did not write is then no longer
complete. What is wanted and not complete is due: it is indexed anew (`reindexing.py`).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from usager_server.repository.connections import Connection
from usager_server.search.editions import common

LOCK = 7310405
EVERYTHING = 0
"""The row that stands for what was stored before anybody noted by what it is indexed."""

KNOWN = "SELECT type, wanted, complete, since FROM index_edition"
DECLARED = """
INSERT INTO index_edition (type, wanted, complete)
SELECT * FROM unnest($1::smallint[], $2::text[], $3::text[])
ON CONFLICT (type) DO UPDATE SET wanted = excluded.wanted, complete = excluded.complete, since = now()
WHERE index_edition.wanted <> excluded.wanted
"""
COMPLETED = "UPDATE index_edition SET complete = wanted WHERE type = $1 AND since = $2"

Editions = Mapping[int, str]
"""The edition of each type, by its number in the store."""


class Kept(NamedTuple):
    """What is kept of a type: the edition that is wanted, what of it is complete, and since when it is wanted."""

    wanted: str
    complete: str
    since: datetime


Due = Mapping[int, Kept]
"""What is kept of the types of which something is wanted and not complete, by their number."""

NEVER = Kept("", "", datetime.min)


async def declare(connection: Connection, mine: Editions) -> Due:
    """Note by what this process indexes what it will write, and return what is due.

    Cost    one statement when nothing changed since the last start.
    """
    known = await _known(connection)
    if all(known.get(number, NEVER).wanted == edition for number, edition in mine.items()):
        return _due(known)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        known = await _known(connection)
        rows = [(number, edition, _complete(known, number, edition)) for number, edition in mine.items()]
        await connection.execute(DECLARED, *map(list, zip(*rows, strict=True)))
    return await due(connection)


async def due(connection: Connection, mine: Editions | None = None) -> Due:
    """Return what is due; of a process that has declared nothing (mine), what would be."""
    known = await _known(connection)
    if mine is not None:
        now = datetime.now(UTC)
        known = {number: Kept(edition, _complete(known, number, edition), now) for number, edition in mine.items()}
    return _due(known)


async def complete(connection: Connection, number: int, since: datetime) -> None:
    """Note that all resources of a type are indexed by what is wanted since then, if that is still the same."""
    await connection.execute(COMPLETED, number, since)


async def _known(connection: Connection) -> dict[int, Kept]:
    return {number: Kept(*kept) for number, *kept in await connection.fetch(KNOWN)}


def _complete(known: Due, number: int, edition: str) -> str:
    """Return what all resources of a type have of an edition; of a type never met before, all of it."""
    if number in known:
        return common(edition, known[number].complete)
    return "" if EVERYTHING in known else edition


def _due(known: Due) -> Due:
    return {number: kept for number, kept in known.items() if kept.wanted != kept.complete}
