"""What the jobs ask of the database as a whole: whose turn it is, which tenants there are, room for coming months."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import asyncpg

from usager_server.repository.connections import Connection, Connections

LOCKS = 7310410


@asynccontextmanager
async def turn(connections: Connections, job: int) -> AsyncIterator[bool]:
    """Yield whether the job of this number is ours to do, and nobody else's until the block ends.

    Shape   PostgreSQL holds the lock for this connection, and lets go of it when the process dies.
    """
    async with connections.borrowed() as connection:
        ours: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", LOCKS, job)
        try:
            yield ours
        finally:
            if ours:
                await _let_go(connection, job)


async def _let_go(connection: Connection, job: int) -> None:
    if not connection.is_closed():
        with suppress(asyncpg.PostgresError):
            await connection.execute("SELECT pg_advisory_unlock($1, $2)", LOCKS, job)


async def tenant_numbers(connections: Connections) -> Sequence[int]:
    """Return the numbers of all tenants: the one thing that may be known of all of them at once."""
    async with connections.borrowed() as connection:
        return [number for (number,) in await connection.fetch("SELECT tenant_numbers()")]


async def make_partitions(connections: Connections, months: int) -> int:
    """Make the partitions of this month and those after it, where they are missing; return how many."""
    statement = "SELECT create_history_partitions(now()::date, $1) + create_trace_partitions(now()::date, $1)"
    async with connections.borrowed() as connection:
        return int(await connection.fetchval(statement, months))
