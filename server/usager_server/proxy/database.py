"""The database of the proxy: connections, and what it must be before it may serve."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from usager_server.errors import Unavailable
from usager_server.proxy.migrating import HEAD, schema_version

WAIT_SECONDS = 10.0
LOCK_SECONDS = 30
STATEMENT_SECONDS = 35  # over LOCK_SECONDS: a wait for a lock is a statement too
IDLE_SECONDS = 60
LOST = (OSError, TimeoutError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.CannotConnectNowError)
REFUSALS = (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError, asyncpg.TooManyConnectionsError)


class Database:
    """Connections to the database of the proxy, opened when first needed."""

    def __init__(self, url: str, size: int) -> None:
        self._url, self.size = url, size
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """Lend a connection. Errors: Unavailable when the database does not answer, or keeps us waiting."""
        try:
            pool = await self._opened()
            async with pool.acquire(timeout=WAIT_SECONDS) as connection:
                yield connection
        except (*LOST, *REFUSALS) as error:
            raise Unavailable(f"the database does not answer ({type(error).__name__})") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        """Lend a connection inside a transaction. Errors: as connection."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await self._pool.close()

    async def _opened(self) -> "asyncpg.Pool[asyncpg.Record]":
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url, min_size=0, max_size=self.size, timeout=WAIT_SECONDS, server_settings=_SERVER_SETTINGS
                )
            return self._pool


_SERVER_SETTINGS = {
    "application_name": "usager proxy",
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "lock_timeout": f"{LOCK_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
}


async def check(database: Database) -> None:
    """See that the database may be served from. Errors: Unavailable, saying what to do."""
    async with database.connection() as connection:
        version = await schema_version(connection)
        if version != HEAD:
            raise Unavailable(
                f"the schema proxy is at {version or 'nothing'} and not at {HEAD}: run usager proxy migrate"
            )
        if await connection.fetchval("SELECT has_table_privilege('proxy.trace', 'UPDATE, DELETE, TRUNCATE')"):
            raise Unavailable(
                "database_url is of a role that may change the traces: serve as usager_proxy, not as the owner"
            )
