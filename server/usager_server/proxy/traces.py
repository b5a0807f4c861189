"""The traces as they lie in the database: added in the transaction of the act, read in order."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from usager_server.proxy.chain import Link
from usager_server.proxy.database import Database
from usager_server.proxy.trace import Trace

RECORD = "SELECT proxy.record($1, $2)"
BETWEEN = "SELECT body FROM proxy.trace WHERE at > $1 AND at < $2 ORDER BY number LIMIT $3"
LAST = "SELECT number, at, digest FROM proxy.trace ORDER BY number DESC LIMIT 1"
ALL = "SELECT number, at, body, digest FROM proxy.trace ORDER BY number"


async def record(connection: Any, trace: Trace) -> None:
    """Add a trace; the act is not done unless the transaction that it belongs to is."""
    await connection.execute(RECORD, trace.shown_at, trace.body())


async def record_alone(database: Database, trace: Trace) -> None:
    """Add the trace of an act that changes nothing here. Errors: Unavailable."""
    async with database.connection() as connection:
        await record(connection, trace)


async def between(database: Database, start: datetime, end: datetime, most: int) -> list[str]:
    """Return the bodies of the traces of a time, both ends excluded, oldest first, most at most."""
    async with database.connection() as connection:
        return [row["body"] for row in await connection.fetch(BETWEEN, start, end, most)]


async def head(database: Database) -> Link | None:
    """Return the last link, without its body; None when there is none."""
    async with database.connection() as connection:
        row = await connection.fetchrow(LAST)
    return Link(row["number"], row["at"], "", row["digest"]) if row else None


async def links(connection: Any) -> AsyncIterator[Link]:
    """Yield the whole chain, in order, a few rows in memory at a time."""
    async with connection.transaction(readonly=True):
        async for row in connection.cursor(ALL, prefetch=500):
            yield Link(row["number"], row["at"], row["body"], row["digest"])
