"""Recording acts: with the act or not at all, for one tenant, and never to be changed."""

import json

import asyncpg
import pytest

from tests.conftest import Database
from tests.repository.drafting import patient
from tests.repository.looking import look
from usager_server.errors import Conflict
from usager_server.repository.postgres import PostgresRepository
from usager_server.repository.tracing import record
from usager_server.traces.event import REFUSED, Event, Origin

SOMEONE = Origin("Practitioner/1", client="planning", session="s1", address="10.0.0.7", request_id="r-1")
SIGN_IN = Event("sign-in", SOMEONE, outcome=REFUSED, type="Account", id="7", detail={"because": "wrong password"})


async def test_a_trace_holds_what_was_told(repository: PostgresRepository, database: Database) -> None:
    await record(repository.runner, [SIGN_IN])
    ((*columns, body),) = await look(
        database, "SELECT tenant, kind, outcome, subject, type, id, patient, version, body FROM trace"
    )
    assert columns == [1, "sign-in", 4, "Practitioner/1", "Account", "7", "", None]
    assert json.loads(body) == {
        "client": "planning",
        "session": "s1",
        "address": "10.0.0.7",
        "request": "r-1",
        "detail": {"because": "wrong password"},
    }


async def test_a_trace_is_found_by_each_patient(repository: PostgresRepository, database: Database) -> None:
    await record(repository.runner, [Event("read", SOMEONE, patients=("one", "two"))])
    found = await look(database, "SELECT t.patient, m.patient FROM trace t JOIN trace_patient m USING (tenant, row)")
    assert found == [("one", "two")]


async def test_an_act_undone_leaves_no_trace(repository: PostgresRepository, database: Database) -> None:
    with pytest.raises(Conflict):
        async with repository.transaction() as inside:
            await inside.create([patient("one")])
            await record(inside.runner, [SIGN_IN])
            await inside.create([patient("one")])
    assert await look(database, "SELECT count(*) FROM trace") == [(0,)]


async def test_a_kind_nobody_knows_is_refused(repository: PostgresRepository) -> None:
    with pytest.raises(KeyError):
        await record(repository.runner, [Event("sing-in", SOMEONE)])


async def test_a_tenant_does_not_see_the_traces_of_another(
    repository: PostgresRepository, other_repository: PostgresRepository
) -> None:
    await record(repository.runner, [SIGN_IN])
    async with other_repository.transaction() as inside:
        assert await inside.runner.rows("SELECT row FROM trace WHERE $1 = $1") == []


@pytest.mark.parametrize("role", ["usager_app", "usager_owner"])
@pytest.mark.parametrize("change", ["UPDATE {} SET tenant = 1", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["trace", "trace_patient"])
async def test_traces_are_never_changed(
    repository: PostgresRepository, database: Database, table: str, change: str, role: str
) -> None:
    await record(repository.runner, [Event("read", SOMEONE, patients=("one", "two"))])
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(f"SET ROLE {role}; SET app.tenant = '1'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(change.format(table))
    await connection.close()
    assert await look(database, "SELECT m.patient FROM trace_patient m JOIN trace USING (tenant, row)") == [("two",)]


async def test_rows_lie_in_the_partition_of_their_month(repository: PostgresRepository, database: Database) -> None:
    await record(repository.runner, [SIGN_IN])
    assert await look(
        database, "SELECT tableoid::regclass::text = 'trace_' || to_char(now(), 'YYYY_MM') FROM trace"
    ) == [(True,)]
