"""One moment of the whole database, of all tenants, held for a copy: what is in it, while others go on writing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from usager_server.errors import Unavailable
from usager_server.reaching import reach
from usager_server.repository.connections import Connection
from usager_server.repository.migrating import schema_version

UNBOUNDED = {"statement_timeout": "0", "lock_timeout": "0", "idle_in_transaction_session_timeout": "0"}
SEES_ALL = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"

# Tables whose rows a crash would keep; the partitions of a table count as that table.
TABLES = """
SELECT c.relname FROM pg_class AS c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
AND c.relpersistence = 'p' ORDER BY 1
"""

HEADS = """
SELECT t.tenant, l.seq, l.hash FROM tenant AS t, LATERAL (
    SELECT seq, hash FROM trace_link WHERE tenant = t.tenant ORDER BY seq DESC LIMIT 1
) AS l
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of the database: what connection sees until it is closed; snapshot is the name others see it by."""

    connection: Connection
    snapshot: str
    schema: str
    postgresql: int

    async def rows(self) -> Mapping[str, int]:
        """Return how many rows each table has. Time: it reads every table, or the smallest index of it."""
        return await count_rows(self.connection)

    async def heads(self) -> Mapping[int, tuple[int, bytes]]:
        """Return the number and the hash of the last link of each chain of traces, by tenant."""
        return await chain_heads(self.connection)


@asynccontextmanager
async def seeing_all(url: str) -> AsyncIterator[Connection]:
    """Yield a connection that row-level security does not hold.

    Errors  Unavailable when the database does not answer, or holds this role to a tenant.
    """
    connection = await reach(url, "USAGER_BACKUP_DATABASE_URL", UNBOUNDED)
    try:
        if not await connection.fetchval(SEES_ALL):
            raise Unavailable(
                "USAGER_BACKUP_DATABASE_URL: row-level security holds this role to one tenant, so that a copy would be "
                "empty: take a role with BYPASSRLS that is a member of pg_read_all_data"
            )
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def moment(url: str) -> AsyncIterator[Moment]:
    """Hold a moment of the database for the block. Nobody waits for it; what is deleted meanwhile is kept on disk.

    Errors  Unavailable: those of `seeing_all`, and when there is nothing to copy.
    """
    async with seeing_all(url) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        schema = await schema_version(connection)
        if schema is None:
            raise Unavailable("the database holds nothing of Usager")
        snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
        yield Moment(connection, snapshot, schema, connection.get_server_version().major)


async def count_rows(connection: Connection) -> Mapping[str, int]:
    """Return how many rows each table has."""
    tables = [name for (name,) in await connection.fetch(TABLES)]
    # One after the other: the names are the catalogue's own.
    return {name: await connection.fetchval(f'SELECT count(*) FROM public."{name}"') for name in tables}  # noqa: S608


async def chain_heads(connection: Connection) -> Mapping[int, tuple[int, bytes]]:
    """Return the number and the hash of the last link of each chain of traces, by tenant."""
    return {tenant: (seq, hash_) for tenant, seq, hash_ in await connection.fetch(HEADS)}
