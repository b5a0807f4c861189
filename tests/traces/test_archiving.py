"""Old traces are archived, then removed; those of versions stay, and the chain still proves what is there."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path

import asyncpg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.conftest import Database
from tests.repository.looking import look
from usager_server.cli import app
from usager_server.commands.archiving import JOB_NUMBER
from usager_server.repository.behind import turn
from usager_server.repository.connections import Connections
from usager_server.repository.isolation import unwalled_tables
from usager_server.repository.postgres import PostgresRepository
from usager_server.repository.trace_links import add_links, head_of_chain
from usager_server.repository.trace_removal import first_row_of, month_after
from usager_server.repository.tracing import record
from usager_server.traces.anchors import Anchor, add_anchors, signing_key
from usager_server.traces.chain import first_hash, link_hash
from usager_server.traces.event import Event, Origin
from usager_server.traces.record import Trace

Audit = Callable[..., Awaitable[Result]]
ANNE = Origin("Practitioner/anne")
OLD = """
INSERT INTO trace (tenant, row, version, outcome, kind, subject, type, id, patient, body)
VALUES (1, $1::bigint, $2, 0, $3, 'Practitioner/anne', 'Observation', $4, 'one', $5)
"""
ACTS = (("read", None), ("create", 1), ("search_type", None), ("update", 2), ("read", None))


THAT_STAYS = "SELECT row, version, outcome, kind, subject, type, id, patient, body FROM trace WHERE id = 'o1'"


@pytest.fixture
async def audit(repository: PostgresRepository, database: Database, tmp_path: Path) -> Audit:
    """Leave five traces of two months of 2025 and one of today, linked; return what runs `usager audit`."""
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute("SELECT create_trace_partitions('2025-01-01', 2)")
    for number, (kind, version) in enumerate(ACTS):
        row = first_row_of(date(2025, 1 + number // 3, 10)) + number
        await connection.execute(OLD, row, version, kind, f"o{number}", '{"patients":["one","two"]}')
        await connection.execute("INSERT INTO trace_patient (tenant, row, patient) VALUES (1, $1, 'two')", row)
    await connection.close()
    await record(repository.runner, [Event("read", ANNE, type="Patient", id="one", patients=("one",))])
    assert await add_links(repository.runner, 60) == 6
    environment = {
        "USAGER_DATABASE_URL": database.url,
        "USAGER_DATABASE_OWNER_URL": database.superuser_url,
        "USAGER_DATA_DIR": str(tmp_path),
        "USAGER_AUDIT_MONTHS_KEPT": "6",
        "USAGER_AUDIT_ARCHIVE_FOLDER": str(tmp_path / "archive"),
    }

    async def run(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, ["audit", *arguments], env=environment)

    return run


@pytest.fixture
async def anchored(audit: Audit, repository: PostgresRepository, tmp_path: Path) -> Audit:
    """The same, once an anchor covers the chain."""
    head = await head_of_chain(repository.runner)
    assert head is not None
    key = signing_key(tmp_path / "audit" / "key.pem")
    add_anchors(tmp_path / "audit" / "anchors.txt", key, [Anchor(1, *head, datetime.now(UTC))])
    return audit


async def change(database: Database, statement: str, *arguments: object) -> None:
    """Run a statement as a superuser whom no trigger stops."""
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute(statement, *arguments)
    await connection.close()


async def test_old_traces_are_removed_but_those_of_versions(anchored: Audit, database: Database) -> None:
    done = await anchored("archive")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("tenant 1: 3 traces before ")
    kinds = await look(database, "SELECT kind, id FROM trace ORDER BY row")
    assert kinds[:3] == [("create", "o1"), ("update", "o3"), ("read", "one")]
    assert kinds[3:] == [("traces-removed", ""), ("traces-removed", "")]  # of each tenant
    assert len(await look(database, "SELECT FROM trace_patient")) == 2
    assert await look(database, "SELECT tableoid::regclass::text FROM trace ORDER BY row LIMIT 1") == [
        ("trace_2025_01",)
    ]
    again = await anchored("archive")
    assert (again.exit_code, again.stdout.endswith(" are left to remove\n")) == (0, True)


async def test_the_chain_then_begins_at_an_anchor(anchored: Audit) -> None:
    await anchored("archive")
    told = (await anchored("verify", "--tenant", "1")).stdout
    assert "tenant 1: begins at anchor 2 of " in told
    assert "link 5: 3 traces before " in told and "were removed, 2 of versions kept" in told
    assert told.endswith("tenant 1: 6 links, 2 anchors: whole\n")


async def test_the_archive_proves_the_chain_by_itself(anchored: Audit, tmp_path: Path, database: Database) -> None:
    await anchored("archive")
    (path,) = (tmp_path / "archive").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    before = first_hash(1)
    for number, line in enumerate(lines, 1):
        trace = Trace(**{name: line[name] for name in Trace.__slots__})
        before = link_hash(before, 1, trace)
        assert (line["link"], line["hash"]) == (number, before.hex())
    assert len(lines) == 5 and lines[0]["recorded"].startswith("2025-01-10T")
    ((body,),) = await look(database, "SELECT body FROM trace WHERE kind = 'traces-removed' AND tenant = 1")
    assert json.loads(body)["detail"]["sha256"] == sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "done",
    [
        "DELETE FROM trace WHERE id = 'o1'",
        "UPDATE trace SET subject = 'Practitioner/2' WHERE id = 'o1'",
        "DELETE FROM trace WHERE id = 'one'",
        "DELETE FROM trace_patient WHERE row = (SELECT row FROM trace WHERE id = 'o1')",
    ],
)
async def test_what_is_done_to_those_that_stay_is_found(anchored: Audit, database: Database, done: str) -> None:
    await anchored("archive")
    await change(database, done)
    told = await anchored("verify", "--tenant", "1")
    assert told.exit_code == 1 and "1 wrong" in told.stdout


async def test_a_trace_that_stays_forged_with_its_link_is_found(anchored: Audit, database: Database) -> None:
    await anchored("archive")
    ((before,),) = await look(database, "SELECT hash FROM trace_link WHERE seq = 1")
    (columns,) = await look(database, THAT_STAYS)
    forged = link_hash(before, 1, replace(Trace(*columns), subject="Practitioner/2"))
    await change(database, "UPDATE trace SET subject = 'Practitioner/2' WHERE id = 'o1'")
    await change(database, "UPDATE trace_link SET hash = $1 WHERE seq = 2", forged)
    told = await anchored("verify", "--tenant", "1")
    assert told.exit_code == 1 and "are not those that were kept" in told.stdout


async def test_nothing_goes_that_no_anchor_covers(audit: Audit, database: Database) -> None:
    done = await audit("archive")
    assert done.exit_code == 1 and "no anchor covers link 5" in done.stderr
    assert len(await look(database, "SELECT FROM trace WHERE row < $1", first_row_of(date(2026, 1, 1)))) == 5


async def test_nothing_goes_of_a_chain_that_is_not_whole(anchored: Audit, database: Database) -> None:
    await change(database, "UPDATE trace SET subject = 'Practitioner/2' WHERE id = 'o2'")
    done = await anchored("archive")
    assert done.exit_code == 1 and "1 wrong in the chain" in done.stderr


async def test_nothing_goes_that_has_no_link(anchored: Audit, database: Database) -> None:
    await change(database, OLD, first_row_of(date(2025, 1, 20)), None, "read", "late", "{}")
    done = await anchored("archive")
    assert done.exit_code == 1 and "1 traces of 2025-01 are in no archive" in done.stderr
    assert await look(database, "SELECT count(*) FROM trace WHERE kind <> 'traces-removed'") == [(7,)]
    # What was signed and not done is done the next time.
    await change(database, "DELETE FROM trace WHERE id = 'late'")
    assert (await anchored("archive")).exit_code == 0
    assert (await anchored("verify")).exit_code == 0


async def test_nothing_goes_while_somebody_holds_the_traces(anchored: Audit, database: Database) -> None:
    connection = await asyncpg.connect(database.superuser_url)
    async with connection.transaction():
        await connection.execute("LOCK TABLE trace IN ROW EXCLUSIVE MODE")
        done = await anchored("archive")
    await connection.close()
    assert done.exit_code == 1 and "try again" in done.stderr
    assert (await anchored("archive")).exit_code == 0  # signed already, done now
    assert (await anchored("verify")).exit_code == 0


async def test_two_do_not_archive_at_once(anchored: Audit, database: Database, tmp_path: Path) -> None:
    connections = Connections(database.url, size=1)
    try:
        async with turn(connections, JOB_NUMBER) as is_ours:
            assert is_ours
            done = await anchored("archive")
    finally:
        await connections.close()
    assert (done.exit_code, "by another process" in done.stderr) == (1, True)
    assert not (tmp_path / "archive").exists()
    assert (await anchored("archive")).exit_code == 0


async def test_the_walls_stand_around_what_stays(anchored: Audit, database: Database) -> None:
    await anchored("archive")
    connection = await asyncpg.connect(database.url)
    try:
        assert await unwalled_tables(connection) == []
        for statement in ("DROP TABLE trace_2025_01", "TRUNCATE trace_2025_01", "DELETE FROM trace"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_without_a_time_and_a_folder_nothing_is_removed() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("USAGER_AUDIT_MONTHS_KEPT", raising=False)
        done = CliRunner().invoke(app, ["audit", "archive"])
    assert done.exit_code == 2 and "USAGER_AUDIT_ARCHIVE_FOLDER" in done.stderr


@pytest.mark.parametrize(("count", "found"), [(-2, date(2026, 1, 1)), (-3, date(2025, 12, 1)), (1, date(2026, 4, 1))])
def test_months_are_counted_over_the_end_of_a_year(count: int, found: date) -> None:
    assert month_after(date(2026, 3, 1), count) == found
