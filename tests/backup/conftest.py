"""An installation with something to lose, on a database of its own, and its backups."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.conftest import Database, copied_database, drop_database
from tests.whole import running_app, stored
from usager_server.backup.keys import make_key
from usager_server.backup.making import Made, back_up
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.settings import Settings

PATIENT: dict[str, Any] = {"resourceType": "Patient", "name": [{"family": "Durand", "given": ["Éloïse"]}]}


def settings_of(database: Database, folder: Path, **others: Any) -> Settings:
    """Return the settings of an installation on a test's database, its key and its backups in a folder."""
    return Settings(
        database_url=database.url,
        backup_database_url=database.superuser_url,
        data_dir=folder / "data",
        backup_folder=folder / "backups",
        backup_key_file=folder / "key",
        **others,
    )


async def fill(settings: Settings) -> list[str]:
    """Write what a restoration must bring back (versions, a deletion, bytes, a session), and return references."""
    assert settings.database_url is not None
    async with running_app(settings.database_url, data_dir=settings.data_dir, audit="on") as client:
        references = [await stored(client, PATIENT) for _ in range(20)]
        for reference in references[:5]:
            changed = {**PATIENT, "id": reference.partition("/")[2], "birthDate": "1950-03-02"}
            assert (await client.put(f"/fhir/{reference}", json=changed)).status_code == 200
        assert (await client.delete(f"/fhir/{references[-1]}")).status_code in (200, 204)
        binary = await client.post(
            "/fhir/Binary", content=bytes(range(256)) * 9_000, headers={"Content-Type": "application/octet-stream"}
        )
        assert binary.status_code == 201
    return references


async def everything(url: str) -> dict[str, list[str]]:
    """Return every row of every table as text, in order: what was there, byte for byte."""
    connection = await asyncpg.connect(url)
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
            " AND NOT relispartition AND relpersistence = 'p'"
        )
        return {
            name: [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{name}" AS t ORDER BY 1')]  # noqa: S608
            for (name,) in tables
        }
    finally:
        await connection.close()


async def open_session(url: str) -> None:
    """Leave a session and a ticket, as people do who are signed in."""
    connection = await asyncpg.connect(url)
    account = uuid.uuid4()
    await connection.execute(
        "INSERT INTO account (tenant, id, created, username, kind, state, family, given)"
        " VALUES (1, $1, now(), 'anne', 'business', 'active', 'Martin', 'Anne')",
        account,
    )
    await connection.execute(
        "INSERT INTO session (tenant, sid, digest, account, created, authenticated, last_seen, expires, idle_seconds,"
        " means) VALUES (1, $1, '\\x01', $2, now(), now(), now(), now() + interval '1 hour', 1800, 'password')",
        uuid.uuid4(),
        account,
    )
    await connection.execute(
        "INSERT INTO ticket (tenant, kind, digest, account, expires, data)"
        " VALUES (1, 'reset', '\\x02', $1, now() + interval '1 hour', '\\x03')",
        account,
    )
    await connection.close()


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> Settings:
    """An installation with a key."""
    make_key(tmp_path / "key")
    return settings_of(database, tmp_path)


@pytest.fixture(scope="module")
async def kept(
    postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Settings, Made]]:
    """An installation with one backup, for the tests that read it only, or spoil copies of it."""
    folder = tmp_path_factory.mktemp("kept")
    database = await copied_database(postgres)
    make_key(folder / "key")
    settings = settings_of(database, folder)
    await fill(settings)
    yield settings, await back_up(settings)
    await drop_database(database)
