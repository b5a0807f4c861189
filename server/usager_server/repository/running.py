"""Statements of one tenant: each in a transaction of its own, or all in one that is open."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from usager_server.errors import FHIRError
from usager_server.repository.connections import Connection, Connections
from usager_server.repository.postgres_errors import DATABASE_ERRORS, LOST, RETRIABLE, translated
from usager_server.traces.act import Act

RETRIES = 3

# What hot statements begin with. OFFSET 0 keeps the planner from moving it; a function scan would cost more.
TENANT_SET = "(SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t"


class Runner:
    """Runs the statements of one tenant.

    Shape   held is the connection of the open transaction, or None. Every statement takes the tenant, as text, as $1
            and sets it itself (`under_tenant`, or by hand), so that none needs a round trip before it. A statement
            that cannot (its plan would read before it sets) runs inside `transaction`, which sets it at its beginning.
            act is the request whose versions leave a trace, None when nobody keeps traces.
    """

    def __init__(
        self, connections: Connections, tenant: int, held: Connection | None = None, act: Act | None = None
    ) -> None:
        self.connections = connections
        self.tenant = tenant
        self.held = held
        self.act = act
        self._tenant_text = str(tenant)

    async def rows(self, statement: str, *arguments: Any, again: bool = True) -> list[asyncpg.Record]:
        """Return the rows of a statement.

        Shape   again: it may be sent a second time when the connection turns out dead (not so for a write, which may
                have been done). A deadlock, which undoes everything, is tried again.
        Errors  those of FHIR: Conflict, TooCostly, Unavailable.
        """
        connection = self.held
        if connection is None:
            connection = await self.connections.acquire()
        try:
            found = await connection.fetch(statement, self._tenant_text, *arguments)
        except BaseException as error:
            if self.held is None:
                self.connections.take_back(connection, error)
                if isinstance(error, RETRIABLE) or (again and isinstance(error, LOST)):
                    return await self._tried_again(statement, arguments, again)
            raise _in_our_words(error) from error
        if self.held is None:
            self.connections.release(connection)
        return found

    async def row(self, statement: str, *arguments: Any, again: bool = True) -> asyncpg.Record | None:
        """Return the first row of a statement, or None. Errors: those of `rows`."""
        found = await self.rows(statement, *arguments, again=again)
        return found[0] if found else None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["Runner"]:
        """Yield a runner on one connection, in one transaction: this one when it is inside one already."""
        if self.held is not None:
            yield self
            return
        try:
            async with self.connections.borrowed() as connection:
                await connection.execute(f"BEGIN; SELECT set_config('app.tenant', '{self.tenant:d}', true)")
                try:
                    yield Runner(self.connections, self.tenant, connection, self.act)
                except (asyncpg.PostgresError, FHIRError):  # after anything else the connection is closed
                    await _roll_back(connection)
                    raise
                await connection.execute("COMMIT")
        except DATABASE_ERRORS as error:
            raise _in_our_words(error) from error

    async def _tried_again(self, statement: str, arguments: tuple[Any, ...], again: bool) -> list[asyncpg.Record]:
        for last in (False,) * (RETRIES - 1) + (True,):
            try:
                async with self.connections.borrowed() as connection:
                    return await connection.fetch(statement, self._tenant_text, *arguments)
            except DATABASE_ERRORS as error:
                retriable = isinstance(error, RETRIABLE) or (again and isinstance(error, LOST))
                if last or not retriable:
                    raise _in_our_words(error) from error
        raise AssertionError("the last try returns or raises")


def under_tenant(statement: str) -> str:
    """Return the statement run with its tenant set: $1 is the tenant as text, t.tenant its number inside.

    Order   the LATERAL block names t and ends in OFFSET, so the planner can neither flatten it nor run it first.
            Were it run first all the same, row-level security would show no row: the setting is empty between
            transactions.
    """
    return f"SELECT s.* FROM {TENANT_SET}, LATERAL ({statement} OFFSET 0) AS s"  # noqa: S608 - our own text


async def _roll_back(connection: Connection) -> None:
    """Undo what an open transaction did."""
    if not connection.is_closed():
        await connection.execute("ROLLBACK")


def _in_our_words(error: BaseException) -> BaseException:
    return (translated(error) if isinstance(error, DATABASE_ERRORS) else None) or error
