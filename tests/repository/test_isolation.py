"""One tenant never sees another's rows: by the catalogue, by the plan, by trying."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import nullcontext

import asyncpg
import pytest

from tests.conftest import Database, copied_database, drop_database
from tests.repository.drafting import now, patient
from tests.repository.looking import look
from usager_server.definitions import Definitions
from usager_server.errors import Conflict, Unavailable
from usager_server.repository import HistoryQuery, claiming, reading
from usager_server.repository.changing import delete_statement, update_statement
from usager_server.repository.connections import Connections
from usager_server.repository.creating import create_statement
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.isolation import SHARED_TABLES, refuse_open_wall, unwalled_tables
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.repository.running import under_tenant

EVERYTHING = (True,) * 6
TASKS = 50


async def test_two_tenants_on_two_connections_see_only_their_own(
    each_database: Database, definitions: Definitions
) -> None:
    connections = Connections(each_database.url, size=2)
    store = PostgresStore(connections, definitions.type_numbers)

    async def live(tenant: int, number: int) -> None:
        mine, name = store.repository(tenant), f"same-{number % 7}"
        written = await mine.update(patient(name, family=f"tenant {tenant}", tenant=tenant))
        found = await mine.read("Patient", name)
        assert found is not None and f"tenant {tenant}" in (found.document or "")
        assert f"tenant {tenant}" in (written.stored.document or "")
        async with mine.transaction() as inside:
            inside_found = await inside.read("Patient", name)
            assert inside_found is not None and f"tenant {tenant}" in (inside_found.document or "")
        page = await mine.history(HistoryQuery(count=1000))
        assert all(f"tenant {tenant}" in (entry.stored.document or "") for entry in page.entries)

    await asyncio.gather(*(live(1 + number % 2, number) for number in range(TASKS)))
    await connections.close()


async def test_the_same_id_is_another_resource_in_another_tenant(
    repository: PostgresRepository, other_repository: PostgresRepository
) -> None:
    await repository.create([patient("one", family="Martin")])
    assert await other_repository.read("Patient", "one") is None
    assert await other_repository.delete("Patient", "one", last_updated=now()) is None
    await other_repository.create([patient("one", family="Durand", tenant=2)])
    stored = await repository.read("Patient", "one")
    assert stored is not None and stored.version == 1 and "Martin" in (stored.document or "")


async def test_every_table_is_walled(each_database: Database) -> None:
    connection = await asyncpg.connect(each_database.url)
    assert await unwalled_tables(connection) == []
    await connection.close()


async def test_every_policy_is_the_tenant_and_nothing_else(each_database: Database) -> None:
    connection = await asyncpg.connect(each_database.superuser_url)
    rows = await connection.fetch(
        "SELECT tablename, policyname, roles::text[], qual, coalesce(with_check, qual) AS checked, permissive"
        " FROM pg_policies WHERE policyname <> 'owner_sees_tenants'"
    )
    await connection.close()
    conditions = {re.sub(r"\s+", " ", row[column]) for row in rows for column in ("qual", "checked")}
    assert len(conditions) == 1
    assert re.fullmatch(
        r"\(tenant = \( SELECT \(NULLIF\(current_setting\('app\.tenant'::text, true\), ''::text\)\)::integer .*\)\)",
        conditions.pop(),
    )
    assert {tuple(row["roles"]) for row in rows} == {("public",)}


async def test_every_unique_key_begins_with_the_tenant(each_database: Database) -> None:
    connection = await asyncpg.connect(each_database.superuser_url)
    loose = await connection.fetch(
        """
        SELECT i.indexrelid::regclass::text FROM pg_index AS i
        JOIN pg_class AS c ON c.oid = i.indrelid AND c.relnamespace = 'public'::regnamespace
        JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE a.attname <> 'tenant' AND c.relname <> ALL ($1)
        """,
        SHARED_TABLES,
    )
    await connection.close()
    assert loose == []


async def test_what_runs_as_the_owner_looks_nowhere_else(database: Database) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    functions = await connection.fetch(
        "SELECT proname, array_to_string(proconfig, ' ') FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    others = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm', 'f', 'S')"
    )
    await connection.close()
    assert {paths for _, paths in functions} == {"search_path=pg_catalog, public, pg_temp"}
    assert {name for (name,) in others} == {"process"}  # the number of a process; ids are no sequence


async def test_a_statement_without_tenant_sees_and_changes_nothing(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    for table in ("tenant", "resource", "history", "index_token", "content", "claim", "gram"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0  # noqa: S608
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("INSERT INTO claim (tenant, key) VALUES (1, 1)")
    await connection.fetch(reading.READ, "1", 1, "x")  # leaves '' behind, which is no tenant either
    assert await connection.fetchval("SELECT count(*) FROM tenant") == 0
    await connection.close()


async def test_a_row_of_another_tenant_cannot_be_written(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SELECT set_config('app.tenant', '2', false); INSERT INTO claim VALUES (1, 1)")
    await connection.close()


async def test_partitions_are_closed_from_the_side(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("SELECT * FROM history_default")
    await connection.close()


async def test_history_cannot_be_rewritten(database: Database) -> None:
    connection = await asyncpg.connect(database.url)
    for statement in ("DELETE FROM history", "UPDATE history SET version = 9", "TRUNCATE history"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


async def test_the_server_refuses_a_role_above_the_wall(database: Database) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    with pytest.raises(Unavailable, match="usager_app"):
        await refuse_open_wall(connection)
    await connection.close()


@pytest.mark.parametrize(
    "more",
    [
        "BYPASSRLS",
        "CREATEROLE",
        "REPLICATION",
        "IN ROLE pg_execute_server_program",
        "IN ROLE pg_read_server_files",
        "IN ROLE pg_write_server_files",
        "",
    ],
)
async def test_the_server_refuses_a_role_that_may_climb_over_the_wall(database: Database, more: str) -> None:
    role = f"climber_{database.name}"
    superuser = await asyncpg.connect(database.superuser_url)
    await superuser.execute(f"CREATE ROLE {role} LOGIN {more}")
    await superuser.execute(f"GRANT usager_app TO {role}")
    connection = await asyncpg.connect(database.cluster.url(role, database.name))
    try:
        with pytest.raises(Unavailable, match="usager_app") if more else nullcontext():
            await refuse_open_wall(connection)
    finally:
        await connection.close()
        await superuser.execute(f"DROP ROLE {role}")
        await superuser.close()


async def test_the_server_refuses_a_table_without_wall(database: Database) -> None:
    superuser = await asyncpg.connect(database.superuser_url)
    connection = await asyncpg.connect(database.url)
    await refuse_open_wall(connection)
    await superuser.execute("ALTER TABLE gram NO FORCE ROW LEVEL SECURITY")
    with pytest.raises(Unavailable, match="gram"):
        await refuse_open_wall(connection)
    await connection.close()
    await superuser.close()


async def test_an_error_does_not_show_the_key(repository: PostgresRepository) -> None:
    await repository.create([patient("secret-id")])
    with pytest.raises(Conflict) as refusal:
        await repository.create([patient("secret-id")])
    assert "secret-id" not in str(refusal.value.issues)


@pytest.fixture(scope="module")
async def planned_database(each_postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database with enough Patients, counted, for the planner to tell one index from another."""
    database = await copied_database(each_postgres)
    await look(
        database,
        """
        INSERT INTO resource (row, self, last_updated, tenant, version, type, method, id, document)
        SELECT n, n, now(), 1, 1, 103, 1, 'p' || n, '{}' FROM generate_series(1, 500) AS n
        """,
    )
    await look(database, "SELECT refresh_statistics()")
    yield database
    await drop_database(database)


POINT_STATEMENTS: dict[str, tuple[str, list[object]]] = {
    "read": (reading.READ, ["1", 103, "x"]),
    "vread": (reading.VREAD, ["1", 103, "x", 1]),
    "vread_many": (reading.VREAD_MANY, ["1", "{103}", ["x"], "{1}"]),
    "read_many": (reading.READ_MANY, ["1", "{103}", ["x"]]),
    "claim": (claiming.HOLD, ["1", "{1}"]),
    "under_tenant": (
        under_tenant("SELECT row FROM index_token WHERE tenant = t.tenant AND head = 5 AND tail = 5"),
        ["1"],
    ),
}


@pytest.mark.parametrize("name", POINT_STATEMENTS)
@pytest.mark.parametrize("handicap", ["", "enable_nestloop", "enable_indexscan", "enable_material"])
async def test_the_tenant_is_set_before_rows_are_read(planned_database: Database, name: str, handicap: str) -> None:
    statement, arguments = POINT_STATEMENTS[name]
    plan = await _plan(planned_database, statement, arguments, handicap)
    assert "Nested Loop" in plan[0] or "Insert on claim" in plan[0]
    setter = next(number for number, line in enumerate(plan) if re.search(r"^ *->  (Result|Subquery Scan on t)", line))
    readers = [
        number for number, line in enumerate(plan) if re.search(r"Scan .*on (resource|history|index_token)", line)
    ]
    assert readers or name == "claim"
    assert all(setter < reader for reader in readers)


@pytest.mark.parametrize("name", ["read", "vread", "vread_many", "read_many"])
async def test_reads_go_by_the_primary_key_under_row_level_security(planned_database: Database, name: str) -> None:
    statement, arguments = POINT_STATEMENTS[name]
    plan = "\n".join(await _plan(planned_database, statement, arguments))
    assert "Index Scan using resource_pkey" in plan
    assert re.search(r"Index Cond: \(\(tenant = .*\) AND \(type = .*\) AND \(id = ", plan)
    assert "Seq Scan on" not in plan


@pytest.mark.parametrize("statement", [update_statement(EVERYTHING), delete_statement()])
async def test_changes_go_by_indexes_under_row_level_security(planned_database: Database, statement: str) -> None:
    arguments = ["1", 103, "x", None, now(), 2, None]
    if "$8" in statement:
        arguments += ["head", "tail", *["{1}"] * 5, ["a"], *["{1}"] * 8, ["a"]]
    plan = "\n".join(await _plan(planned_database, statement, arguments))
    assert "Seq Scan on" not in plan
    assert plan.count("Index Scan using resource_pkey") == 3


async def test_a_create_sets_the_tenant_before_it_writes(planned_database: Database) -> None:
    statement = create_statement(EVERYTHING)
    assert statement.count("t.tenant") >= 7
    one: list[object] = ["{1}", "{1}", f"{{{now()}}}", "{103}", "{1}", ["x"], "{NULL}", ["{}"]]
    arguments: list[object] = ["1", *one, *["{1}"] * 8, ["a"], *["{1}"] * 10, ["a"]]
    plan = await _plan(planned_database, statement, arguments)
    inserts = [number for number, line in enumerate(plan) if "Insert on" in line]
    assert len(inserts) == 7
    for start, end in zip(inserts, [*inserts[1:], len(plan)], strict=True):
        assert any("CTE Scan on t" in line for line in plan[start:end])


async def _plan(database: Database, statement: str, arguments: list[object], handicap: str = "") -> list[str]:
    """Return the plan that the server's role gets, kept for any argument as a prepared statement's is."""
    connection = await asyncpg.connect(
        database.url, server_settings={"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan"}
    )
    if handicap:
        await connection.execute(f"SET {handicap} = off")
    try:
        return [line for (line,) in await connection.fetch(f"EXPLAIN (COSTS OFF) {statement}", *arguments)]
    finally:
        await connection.close()
