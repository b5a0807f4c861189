"""Our own pool of database connections: no reset round trip, the warmest connection first, a bounded wait."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg

from usager_server.errors import FHIRError, Unavailable
from usager_server.repository.postgres_errors import LOST

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # not generic at run time

STATEMENTS_KEPT = 512
RECONNECT_SECONDS = 0.1


class Connections:
    """At most `size` connections to one database.

    Order   the last one returned is the first one lent (its caches are warm); waiters are served in their order.
    Time    a wait of over wait_seconds, for a connection or a database that is down, ends in Unavailable (503).
    Shape   nothing is reset between two borrowers: no statement may leave session state, and a connection that comes
            back inside a transaction, or after an interrupted statement, is closed. revive restarts an embedded
            database; at_first is run on the first connection of the process.
    """

    def __init__(
        self,
        url: str,
        *,
        size: int = 10,
        wait_seconds: float = 10,
        statement_timeout_seconds: float = 10,
        revive: Callable[[], None] | None = None,
        at_first: Callable[[Connection], Awaitable[None]] | None = None,
    ) -> None:
        self.url = url
        self.size = size
        self._wait_seconds = wait_seconds
        self._revive = revive
        self._at_first = at_first
        self._settings = session_settings(statement_timeout_seconds)
        self._idle: list[Connection] = []
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._opened = 0

    async def acquire(self) -> Connection:
        """Lend a connection. Errors: Unavailable (503) after wait_seconds."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._opened -= 1
        try:
            async with asyncio.timeout(self._wait_seconds):
                return await self._opened_or_awaited()
        except TimeoutError as error:
            raise Unavailable("The server is busy: no database connection is free; try again later.") from error

    def release(self, connection: Connection) -> None:
        """Take a connection back, or close it when it is not clean, or when we are closed."""
        if connection.is_closed():
            self._forget()
        elif connection.is_in_transaction() or self.size == 0:
            self.discard(connection)
        elif (waiter := self._next_waiter()) is not None:
            waiter.set_result(connection)
        else:
            self._idle.append(connection)

    def discard(self, connection: Connection) -> None:
        """Close a connection at once: what it was doing is rolled back or unknown."""
        connection.terminate()
        self._forget()

    def take_back(self, connection: Connection, error: BaseException) -> None:
        """Take a connection back after a failure: it is good when the database refused, or when we raised it ourselves.

        Anything else (a task cancelled while it waited for an answer, a broken socket) leaves it in an unknown state.
        """
        if isinstance(error, asyncpg.PostgresError | FHIRError) and not isinstance(error, LOST):
            self.release(connection)
        else:
            self.discard(connection)

    @asynccontextmanager
    async def borrowed(self) -> AsyncIterator[Connection]:
        """Lend a connection for a block."""
        connection = await self.acquire()
        try:
            yield connection
        except BaseException as error:
            self.take_back(connection, error)
            raise
        else:
            self.release(connection)

    @property
    def is_busy(self) -> bool:
        """Whether somebody has borrowed a connection just now."""
        return self._opened > len(self._idle)

    def gauges(self) -> dict[str, float]:
        """Return how many connections are open, how many of them idle, and how many borrowers wait."""
        return {
            "database_connections_open": self._opened,
            "database_connections_idle": len(self._idle),
            "database_connections_awaited": sum(not waiter.done() for waiter in self._waiters),
        }

    async def close(self) -> None:
        """Close the idle connections, and see that the others are closed when they come back."""
        self.size = 0
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()
            self._opened -= 1

    async def _opened_or_awaited(self) -> Connection:
        while True:
            if self._opened < self.size:
                return await self._open()
            waiter: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                connection = await waiter
            except BaseException:
                if waiter.done() and not waiter.cancelled():
                    self._pass_on(waiter.result())
                raise
            if connection is not None:
                return connection

    async def _open(self) -> Connection:
        self._opened += 1
        try:
            return await self._connected()
        except BaseException:
            self._forget()
            raise

    async def _connected(self) -> Connection:
        """Connect, as often as it takes while a killed database comes back, within the time of `acquire`."""
        while True:
            try:
                connection = await connect(self.url, self._settings)
                if self._at_first is not None:
                    await self._at_first(connection)
                    self._at_first = None
                return connection
            except LOST:
                if self._revive is not None:
                    await asyncio.to_thread(self._revive)
                await asyncio.sleep(RECONNECT_SECONDS)

    def _forget(self) -> None:
        self._opened -= 1
        self._pass_on(None)

    def _pass_on(self, lent: Connection | None) -> None:
        """Give the next waiter what one that left was given: a connection, or leave to open one."""
        if lent is not None:
            self.release(lent)
        elif (waiter := self._next_waiter()) is not None:
            waiter.set_result(None)  # may open one in its place

    def _next_waiter(self) -> "asyncio.Future[Connection | None] | None":
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None


async def connect(url: str, settings: dict[str, str]) -> Connection:
    """Open one connection with these session settings, its prepared statements kept as long as it lives."""
    return await asyncpg.connect(
        url,
        server_settings=settings,
        statement_cache_size=STATEMENTS_KEPT,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,
    )


def session_settings(statement_timeout_seconds: float) -> dict[str, str]:
    """Return what every connection is opened with (security.md 9.4)."""
    return {
        "application_name": "usager",
        "search_path": "public",
        "timezone": "UTC",
        "jit": "off",
        # A plan made while a table was small would otherwise be kept, and read all of it, until the next ANALYZE.
        "enable_seqscan": "off",
        # Row-level security hides the statistics anyway: planned once, a statement costs a fifth of a millisecond less.
        "plan_cache_mode": "force_generic_plan",
        "statement_timeout": f"{int(statement_timeout_seconds * 1000)}",
        "lock_timeout": "5000",
        "idle_in_transaction_session_timeout": "30000",
    }
