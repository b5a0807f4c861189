"""PostgreSQL brought back to an instant by the very commands of docs/backup.md: all that was acknowledged is there."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from tests.backup.conftest import everything, fill, open_session
from tests.backup.test_restoring import link_and_anchor
from tests.clusters import OwnCluster, cluster_folder
from tests.conftest import FAST
from tests.house.files import ROOT
from tests.live import free_port
from tests.whole import running_app, stored
from usager_server.backup.recovering import recovered
from usager_server.cli import app
from usager_server.errors import Conflict
from usager_server.repository.embedded import wheel_binaries
from usager_server.repository.migrating import migrate
from usager_server.settings import Settings

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
EXAMPLES = re.compile(r"^export .*\n", re.MULTILINE)


class Archived(OwnCluster):
    """A cluster whose WAL goes to a folder; the page's commands are run on it as its account."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, wheel_binaries(), free_port(), FAST, ["local all all trust"])
        page = (ROOT / "docs" / "backup.md").read_text(encoding="utf-8")
        section = page.partition("## Back to an instant\n")[2].partition("\n## ")[0]
        self.places, self.once, self.nightly, self.back = BLOCK.findall(section)

    def url(self, user: str = "postgres", database: str = "usager") -> str:
        """Return an address by the socket."""
        return super().url(user, database)

    def typed(self, block: str, **given: str) -> str:
        """Run a block of the page, our places in those of its examples, until something fails."""
        environment = os.environ | {
            "PATH": f"{self.binaries}:{os.environ['PATH']}",
            "PGDATA": str(self.data),
            "WAL": str(self.folder / "wal"),
            "BASES": str(self.folder / "bases"),
            "PGHOST": str(self.folder),
            "PGPORT": f"{self.port}",
            "PGUSER": "postgres",
        }
        return self.run(Path("/bin/bash"), "-euo", "pipefail", "-c", EXAMPLES.sub("", block), env=environment | given)

    @property
    def bases(self) -> list[Path]:
        """The bases that there are."""
        return sorted((self.folder / "bases").iterdir())

    def archived(self) -> set[str]:
        """Return the names of the segments that left."""
        return {path.name for path in (self.folder / "wal").iterdir()}


@pytest.fixture
async def cluster() -> AsyncIterator[Archived]:
    """A cluster set up as the page says, with a database that is migrated."""
    with cluster_folder() as folder:
        cluster = Archived(folder)
        cluster.make().start()
        try:
            cluster.typed(cluster.once)
            cluster.stop()
            cluster.start()
            looking = await asyncpg.connect(cluster.url(database="postgres"))
            await looking.execute("CREATE DATABASE usager")
            await looking.close()
            await migrate(cluster.url())
            yield cluster
        finally:
            cluster.stop()


def test_the_commands_name_the_places_that_they_use() -> None:
    with cluster_folder() as folder:
        cluster = Archived(folder)
    examples = "".join(EXAMPLES.findall(cluster.places + cluster.back))
    named = set(re.findall(r"(\w+)=", examples))
    used = set(re.findall(r"\$(\w+)", cluster.once + cluster.nightly + cluster.back))
    assert named == used - {"base", "oldest"} == {"PGDATA", "WAL", "BASES", "INSTANT", "BASE"}


@pytest.mark.requirement("SC.SSI/GEN.21.BIS")
async def test_all_that_was_acknowledged_before_the_instant_comes_back(cluster: Archived, tmp_path: Path) -> None:
    settings = Settings(
        database_url=cluster.url("usager_app"),
        backup_database_url=cluster.url(),
        data_dir=tmp_path / "data",
        audit="on",
    )
    await fill(settings)
    await asyncio.to_thread(cluster.typed, cluster.nightly)
    written = await fill(settings)
    await open_session(cluster.url())
    await link_and_anchor(settings)
    written += await fill(settings)  # its traces have no link yet
    before, instant = await everything(cluster.url()), await now(cluster)
    await fill(settings)
    await link_and_anchor(settings)
    await destroyed(cluster)
    last = await segment(cluster)
    cluster.stop()  # at once, as when the power fails
    assert last not in cluster.archived()
    cluster.typed(cluster.back, INSTANT=instant, BASE=str(cluster.bases[-1]))
    cluster.start()
    await promoted(cluster)
    assert await everything(cluster.url()) == before
    done = await recovered(settings)
    assert done.links > 75 and done.ended["sessions"] == 1 and done.ended["tickets"] == 1
    assert set((await recovered(settings)).ended.values()) == {0}
    told = await typed(settings, "audit", "verify")
    assert re.search(
        r"^tenant 1: restored on .*: the traces of links \d+ to \d+, at least, are lost$", told, re.MULTILINE
    )
    assert re.search(r"^tenant 1: \d+ links, \d+ anchors: whole$", told, re.MULTILINE)
    async with running_app(settings.database_url or "", data_dir=settings.data_dir, audit="on") as client:
        found = [(await client.get(f"/fhir/{it}")).status_code for it in written]
        assert (found.count(200), found.count(410)) == (38, 2)  # each deleted one
        await stored(client, {"resourceType": "Patient"})


async def test_while_somebody_is_served_nothing_is_ended(settings: Settings) -> None:
    assert settings.database_url is not None
    connection = await asyncpg.connect(settings.database_url)
    try:
        with pytest.raises(Conflict, match="1 connections use the database"):
            await recovered(settings)
    finally:
        await connection.close()


async def now(cluster: Archived) -> str:
    """Return the instant, by the clock of the database."""
    connection = await asyncpg.connect(cluster.url())
    instant = await connection.fetchval("SELECT clock_timestamp()::text")
    await connection.close()
    return str(instant)


async def segment(cluster: Archived) -> str:
    """Return the name of the segment that is being written."""
    connection = await asyncpg.connect(cluster.url(database="postgres"))
    name = await connection.fetchval("SELECT pg_walfile_name(pg_current_wal_lsn())")
    await connection.close()
    return str(name)


async def destroyed(cluster: Archived) -> None:
    """Lose the database, as a wrong command does."""
    connection = await asyncpg.connect(cluster.url(database="postgres"))
    await connection.execute("DROP DATABASE usager WITH (FORCE)")
    await connection.close()


async def promoted(cluster: Archived) -> None:
    """Wait until the instant is reached and the server takes writes."""
    async with asyncio.timeout(60):
        connection = await asyncpg.connect(cluster.url(database="postgres"))
        while await connection.fetchval("SELECT pg_is_in_recovery()"):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)
        await connection.close()


async def typed(settings: Settings, *words: str) -> str:
    """Type a command of `usager`, and return what it says."""
    environment = {"USAGER_DATABASE_URL": settings.database_url, "USAGER_DATA_DIR": str(settings.data_dir)}
    done = await asyncio.to_thread(CliRunner().invoke, app, list(words), env=environment)
    assert done.exit_code == 0, done.output
    return str(done.stdout)
