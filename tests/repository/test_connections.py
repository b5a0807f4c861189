"""The pool: its bounds, its order, what it does with connections that come back broken."""

import asyncio

import asyncpg
import pytest

from tests.conftest import Database
from tests.repository.looking import look
from usager_server.errors import Conflict, TooCostly, Unavailable
from usager_server.repository.connections import Connections
from usager_server.repository.postgres_errors import translated
from usager_server.repository.running import Runner


async def test_the_last_one_back_is_the_first_one_out(connections: Connections) -> None:
    first, second = await connections.acquire(), await connections.acquire()
    connections.release(second)
    connections.release(first)
    assert await connections.acquire() is first
    connections.release(first)


async def test_a_wait_is_bounded(database: Database) -> None:
    connections = Connections(database.url, size=1, wait_seconds=0.5)
    held = await connections.acquire()
    with pytest.raises(Unavailable, match="busy"):
        await connections.acquire()
    connections.release(held)
    connections.release(await connections.acquire())
    await connections.close()


async def test_waiters_are_served_in_their_order(database: Database) -> None:
    connections = Connections(database.url, size=1)
    held = await connections.acquire()
    served: list[int] = []

    async def wait(number: int) -> None:
        connection = await connections.acquire()
        served.append(number)
        connections.release(connection)

    waiting = [asyncio.create_task(wait(number)) for number in range(3)]
    await asyncio.sleep(0)
    connections.release(held)
    await asyncio.gather(*waiting)
    assert served == [0, 1, 2]
    await connections.close()


async def test_a_waiter_that_leaves_does_not_take_a_connection_along(database: Database) -> None:
    connections = Connections(database.url, size=1)
    held = await connections.acquire()
    waiting = asyncio.create_task(connections.acquire())
    await asyncio.sleep(0)
    connections.release(held)
    waiting.cancel()  # after it was given the connection, before it ran
    await asyncio.gather(waiting, return_exceptions=True)
    connections.release(await asyncio.wait_for(connections.acquire(), 2))
    await connections.close()


async def test_a_waiter_that_leaves_passes_on_its_leave_to_open_one(database: Database) -> None:
    connections = Connections(database.url, size=1)
    held = await connections.acquire()
    leaving, staying = (asyncio.create_task(connections.acquire()) for _ in range(2))
    await asyncio.sleep(0)
    connections.discard(held)
    leaving.cancel()  # after it was told, before it ran
    await asyncio.gather(leaving, return_exceptions=True)
    connections.release(await asyncio.wait_for(staying, 5))
    await connections.close()


async def test_a_database_that_is_down_is_unavailable(database: Database) -> None:
    connections = Connections(database.cluster.url("usager_app", "nowhere"), size=1, wait_seconds=0.3)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await connections.acquire()
    absent = Connections("postgresql://usager_app@/x?host=/nonexistent", size=1, wait_seconds=0.3)
    with pytest.raises(Unavailable):
        await absent.acquire()


async def test_a_cancelled_statement_closes_its_connection(connections: Connections, database: Database) -> None:
    runner = Runner(connections, 1)
    task = asyncio.create_task(runner.rows("SELECT $1::text, pg_sleep(5)"))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await runner.row("SELECT $1::text") is not None


async def test_a_cancelled_transaction_is_rolled_back(connections: Connections, database: Database) -> None:
    runner = Runner(connections, 1)

    async def hang() -> None:
        async with runner.transaction() as inside:
            await inside.rows("INSERT INTO claim (tenant, key) VALUES ($1::text::int, 5)")
            await asyncio.sleep(10)

    task = asyncio.create_task(hang())
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await look(database, "SELECT count(*) FROM claim") == [(0,)]


async def test_a_connection_that_comes_back_after_the_end_is_closed(database: Database) -> None:
    connections = Connections(database.url, size=1)
    held = await connections.acquire()
    await connections.close()
    connections.release(held)
    assert held.is_closed()


async def test_what_we_set_at_connection(connections: Connections) -> None:
    async with connections.borrowed() as connection:
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone")
        assert [await connection.fetchval(f"SHOW {name}") for name in names] == ["10s", "5s", "30s", "UTC"]


async def test_a_statement_that_takes_too_long_is_too_costly(database: Database) -> None:
    connections = Connections(database.url, size=1, statement_timeout_seconds=0.1)
    with pytest.raises(TooCostly):
        await Runner(connections, 1).rows("SELECT $1::text, pg_sleep(5)")
    assert await Runner(connections, 1).row("SELECT $1::text") is not None
    await connections.close()


async def test_nothing_of_a_tenant_stays_on_a_connection(database: Database) -> None:
    connections = Connections(database.url, size=1)
    async with Runner(connections, 1).transaction() as inside:
        assert await inside.row("SELECT $1::text FROM tenant") is not None
    async with connections.borrowed() as connection:
        assert await connection.fetchval("SELECT count(*) FROM tenant") == 0
        assert await connection.fetchval("SELECT current_setting('app.tenant', true)") in (None, "")
    await connections.close()


def test_errors_are_told_without_their_detail() -> None:
    error = asyncpg.UniqueViolationError("duplicate key value violates unique constraint")
    error.detail = "Key (id)=(secret) already exists."
    refusal = translated(error)
    assert isinstance(refusal, Conflict)
    assert "secret" not in str(refusal.issues)
    assert isinstance(translated(asyncpg.DeadlockDetectedError()), Conflict)
    assert isinstance(translated(asyncpg.AdminShutdownError()), Unavailable)
    assert isinstance(translated(asyncpg.QueryCanceledError()), TooCostly)
    assert translated(asyncpg.UndefinedTableError()) is None
