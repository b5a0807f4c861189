"""What ran out is ended or forgotten in every tenant, and what did not stays."""

import asyncpg
import pytest

from tests.backup.conftest import open_session
from tests.conftest import Database
from tests.repository.looking import look
from usager_server.access.rate import Rate
from usager_server.jobs.housekeeping import forget_full_buckets, forget_old_tickets
from usager_server.jobs.running_out import end_sessions
from usager_server.jobs.workplace import Workplace
from usager_server.repository.connections import Connections
from usager_server.repository.rates import take
from usager_server.settings import Settings


@pytest.fixture
async def place(connections: Connections, database: Database) -> Workplace:
    """A workplace where somebody is signed in, in the first tenant."""
    await open_session(database.superuser_url)
    return Workplace(Settings(), connections)


async def let_time_pass(database: Database) -> None:
    """Have everything begun an hour and more ago."""
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(
        "UPDATE session SET last_seen = now() - interval '31 minutes';"
        " UPDATE ticket SET expires = now() - interval '1 minute';"
        " UPDATE rate SET full_at = now() - interval '1 minute' WHERE key = 'old'"
    )
    await connection.close()


async def test_a_session_that_ran_out_unnoticed_is_ended_with_its_trace(place: Workplace, database: Database) -> None:
    assert await end_sessions(place) == 0
    await let_time_pass(database)
    assert [await end_sessions(place), await end_sessions(place)] == [1, 0]
    assert await look(database, "SELECT ended IS NOT NULL, ended_because FROM session") == [(True, "ran out")]
    assert await look(database, "SELECT tenant, kind, subject FROM trace") == [(1, "sign-out", "usager")]


async def test_tickets_that_are_too_old_are_forgotten(place: Workplace, database: Database) -> None:
    assert await forget_old_tickets(place) == 0
    await let_time_pass(database)
    assert await forget_old_tickets(place) == 1
    assert await look(database, "SELECT count(*) FROM ticket") == [(0,)]


async def test_buckets_that_are_full_are_forgotten_in_every_tenant(place: Workplace, database: Database) -> None:
    for tenant in (1, 2):
        for key in ("old", "new"):
            await take(place.runner(tenant), key, Rate(per_minute=1, burst=10), 5)
    await let_time_pass(database)
    assert await forget_full_buckets(place) == 2
    assert await look(database, "SELECT tenant, key FROM rate ORDER BY 1") == [(1, "new"), (2, "new")]
