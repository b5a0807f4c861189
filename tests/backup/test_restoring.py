"""What was copied comes back, byte for byte, on either PostgreSQL; what is there is never lost without a word."""

import shutil
from pathlib import Path

import asyncpg
import pytest

from tests.backup.conftest import everything, fill, open_session, settings_of
from tests.conftest import Database, copied_database, drop_database, migrated_template, started_cluster
from tests.repository.looking import look
from tests.whole import running_app, stored
from usager_server.backup.errors import BackupFailed, BackupRefused
from usager_server.backup.keys import make_key
from usager_server.backup.making import Made, back_up
from usager_server.backup.restoring import Restored, Wish, restore
from usager_server.errors import Conflict
from usager_server.jobs.anchoring import Anchoring
from usager_server.jobs.linking import link_traces
from usager_server.jobs.workplace import Workplace
from usager_server.repository.aftermath import OWED
from usager_server.repository.connections import Connections
from usager_server.repository.copying import TABLES
from usager_server.repository.running import Runner
from usager_server.repository.trace_verifying import verified
from usager_server.settings import Settings
from usager_server.traces.anchors import read_anchors, signing_key

COMPRESSION = """
SELECT attrelid::regclass::text, CASE attcompression::text WHEN '' THEN 'p' ELSE attcompression::text END
FROM pg_attribute WHERE attname = 'document' AND attrelid::regclass::text ~ '^(resource|history)' ORDER BY 1
"""
TOUCHED = {"session", "ticket", "launch", "authorization_grant", "trace", "trace_link"}


async def restored(settings: Settings, made: Made, said: list[str] | None = None, **wish: bool) -> Restored:
    """Restore a backup."""
    return await restore(settings, Wish(made.path, **wish), (said if said is not None else []).append)


@pytest.mark.requirement("SC.SSI/GEN.21.BIS")
async def test_everything_comes_back_byte_for_byte(each_database: Database, tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    settings = settings_of(each_database, tmp_path)
    await fill(settings)
    before = await everything(each_database.superuser_url)
    made = await back_up(settings)
    compressed = await look(each_database, COMPRESSION)
    await destroy(each_database)
    done = await restored(settings, made)
    after = await everything(each_database.superuser_url)
    assert {name: rows for name, rows in after.items() if name not in TOUCHED} == {
        name: rows for name, rows in before.items() if name not in TOUCHED
    }
    assert sum(map(len, before.values())) > 100
    assert set(before["trace"]) < set(after["trace"])
    assert done.links > 20
    assert await look(each_database, COMPRESSION) == compressed
    async with running_app(each_database.url, audit="on") as client:  # walls, partitions, sequences, rights: it serves
        assert (await client.get("/fhir/Patient?name=durand&_total=accurate")).json()["total"] == 19
        await stored(client, {"resourceType": "Patient"})


async def test_a_backup_goes_to_a_later_postgresql_and_not_to_an_earlier_one(
    database: Database, run_folder: Path, tmp_path: Path
) -> None:
    earlier_cluster = started_cluster(run_folder, "15")
    await migrated_template(earlier_cluster)
    earlier = await copied_database(earlier_cluster)
    make_key(tmp_path / "key")
    old, new = settings_of(earlier, tmp_path), settings_of(database, tmp_path)
    try:
        made = await back_up(old)
        assert made.manifest.postgresql == 15
        await restored(new, made)
        assert await look(database, "SELECT count(*) FROM trace WHERE kind = 'restore'") == [(2,)]
        made = await back_up(new.model_copy(update={"backup_folder": tmp_path / "newer"}))
        with pytest.raises(BackupRefused, match="is of PostgreSQL 18 and this server is 15"):
            await restored(old, made, replace=True)
    finally:
        await drop_database(earlier)
        earlier_cluster.stop()


async def test_what_lived_when_it_was_copied_has_ended(settings: Settings, database: Database) -> None:
    await open_session(database.superuser_url)
    made = await back_up(settings)
    done = await restored(settings, made, replace=True)
    assert (done.ended["sessions"], done.ended["tickets"]) == (1, 1)
    assert await look(database, "SELECT ended_because FROM session") == [("restored",)]
    assert await look(database, "SELECT count(*) FROM ticket") == [(0,)]


async def test_backup_and_restoration_are_traced_for_each_tenant(settings: Settings, database: Database) -> None:
    await restored(settings, await back_up(settings), replace=True)
    kinds = await look(database, "SELECT tenant, kind FROM trace ORDER BY tenant, row")
    assert kinds == [(1, "backup"), (1, "restore"), (2, "backup"), (2, "restore")]


async def test_what_is_there_is_destroyed_on_demand_only_and_told_first(settings: Settings, database: Database) -> None:
    await fill(settings)
    made = await back_up(settings)
    with pytest.raises(BackupRefused, match=r"would destroy the database .*: 2 tenants, 21 resources, last written"):
        await restored(settings, made)
    said: list[str] = []
    await restored(settings, made, said, replace=True)
    assert any(line.startswith("this destroys the database") for line in said)
    assert await databases(database) == [database.name]


async def test_a_database_that_is_used_is_not_replaced(settings: Settings, database: Database) -> None:
    made = await back_up(settings)
    connection = await asyncpg.connect(database.url)
    try:
        with pytest.raises(Conflict, match="1 connections use the database"):
            await restored(settings, made, replace=True)
    finally:
        await connection.close()


async def test_a_drill_changes_nothing_while_others_work(settings: Settings, database: Database) -> None:
    made = await back_up(settings)
    async with running_app(database.url, audit="on") as client:
        reference = await stored(client, {"resourceType": "Patient"})
        done = await restored(settings, made, drill=True)
        assert (await client.get(f"/fhir/{reference}")).status_code == 200
    assert done.files == ()
    assert await databases(database) == [database.name]


async def test_anchors_ahead_of_what_was_restored_say_what_is_lost(settings: Settings, database: Database) -> None:
    await fill(settings)
    await link_and_anchor(settings)
    made = await back_up(settings)
    await fill(settings)
    await link_and_anchor(settings)
    await restored(settings, made, replace=True)
    connections = Connections(database.url, size=1)
    try:
        anchors = read_anchors(settings.audit_anchors, signing_key(settings.audit_key))
        verdict = await verified(Runner(connections, 1), anchors)
    finally:
        await connections.close()
    assert verdict.findings == []
    assert len(verdict.lost) == 1 and "are lost" in verdict.lost[0]


async def test_a_chain_that_was_rewritten_before_the_copy_is_not_restored(
    settings: Settings, database: Database
) -> None:
    await fill(settings)
    await link_and_anchor(settings)
    await altered(database, "UPDATE trace SET subject = 'nobody' WHERE kind = 'delete'")
    made = await back_up(settings)
    with pytest.raises(BackupFailed, match="the traces are not whole"):
        await restored(settings, made, replace=True)
    assert await databases(database) == [database.name]


async def test_files_beside_the_database_come_back_where_there_are_none(settings: Settings) -> None:
    key = settings.data_dir / "keys" / "sealing.key"
    key.parent.mkdir(parents=True)
    key.write_text("00" * 32 + "\n")
    made = await back_up(settings)
    shutil.rmtree(settings.data_dir)
    done = await restored(settings, made, replace=True)
    assert (done.files, key.read_text()) == (["sealing.key"], "00" * 32 + "\n")
    assert key.stat().st_mode & 0o077 == 0
    key.write_text("another\n")
    assert (await restored(settings, made, replace=True)).files == []
    assert key.read_text() == "another\n"


async def test_messages_owed_to_others_are_known_to_a_restoration(database: Database) -> None:
    """A message that left after the copy must not leave again: say in `repository/aftermath.py` what becomes of it."""
    names = [name for (name,) in await look(database, TABLES)]
    owed = [it for it in names if any(word in it for word in ("outbox", "message", "sending", "delivery", "queue"))]
    assert [it for it in owed if it not in OWED] == []


async def destroy(database: Database) -> None:
    """Remove a database."""
    connection = await asyncpg.connect(database.cluster.url())
    await connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)")
    await connection.close()


async def databases(database: Database) -> list[str]:
    """Return the names of a database and of those made beside it."""
    found = await look(database, "SELECT datname FROM pg_database WHERE datname ^@ $1", database.name)
    return [name for (name,) in found]


async def altered(database: Database, statement: str) -> None:
    """Change what nobody may change."""
    connection = await asyncpg.connect(database.superuser_url)
    await connection.execute(f"SET session_replication_role = replica; {statement}")
    await connection.close()


async def link_and_anchor(settings: Settings) -> None:
    """Do what the worker does."""
    assert settings.database_url is not None
    connections = Connections(settings.database_url, size=2)
    place = Workplace(settings.model_copy(update={"audit_anchor_minutes": 0}), connections)
    await link_traces(place)
    assert await Anchoring().anchor(place) >= 1
    await connections.close()
