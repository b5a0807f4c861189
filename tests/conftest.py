"""Fixtures on a real PostgreSQL: one cluster a run, one migrated template, a copy of it for each test that asks.

`USAGER_TEST_POSTGRES=15` runs everything on Debian's PostgreSQL 15 instead of the embedded one.
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from tests.in_memory import pytest_configure as pytest_configure
from tests.selection import pytest_addoption as pytest_addoption
from tests.selection import pytest_collection_modifyitems as pytest_collection_modifyitems
from usager_server.definitions import Definitions, load
from usager_server.logs import set_up_logs
from usager_server.repository.cluster_files import exclusive_lock, only_user
from usager_server.repository.connections import Connections
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.migrating import migrate
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.parameters import SearchRegistry

collect_ignore = ["example"]  # a plugin of another distribution: installed and tested by plugins/host/test_stranger.py

set_up_logs("warning")  # one line an event, as in production

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
TEMPLATE = "usager_template"
# Kills of processes are survived without fsync; only the tests' own clusters go without it.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database of its own: the addresses of its roles."""

    cluster: EmbeddedPostgres
    name: str

    @property
    def url(self) -> str:
        """The address the server uses."""
        return self.cluster.url("usager_app", self.name)

    @property
    def superuser_url(self) -> str:
        """The address that row-level security does not hold: for looking, not for serving."""
        return self.cluster.url(database=self.name)


def started_cluster(folder: Path, version: str | None) -> EmbeddedPostgres:
    """Return a running cluster, shared by the xdist workers of this run (the last to leave stops it)."""
    if version == "15" and not DEBIAN_15.exists():
        pytest.skip("PostgreSQL 15 is not installed")
    cluster = EmbeddedPostgres(
        folder / f"postgres-{version or 'embedded'}", DEBIAN_15 if version == "15" else None, FAST
    )
    cluster.start()
    return cluster


async def migrated_template(cluster: EmbeddedPostgres) -> None:
    """Make the template database, once for all the workers of a run."""
    with exclusive_lock(cluster.folder / "template.lock"):
        connection = await asyncpg.connect(cluster.url())
        try:
            if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", TEMPLATE):
                await connection.execute(f"CREATE DATABASE {TEMPLATE}_new")
                await migrate(cluster.url(database=f"{TEMPLATE}_new"))
                await _second_tenant(cluster.url(database=f"{TEMPLATE}_new"))
                await connection.execute(f"ALTER DATABASE {TEMPLATE}_new RENAME TO {TEMPLATE}")
        finally:
            await connection.close()


async def _second_tenant(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO tenant (tenant, name) VALUES (2, 'other')")
    await connection.close()


async def copied_database(cluster: EmbeddedPostgres) -> Database:
    """Return a fresh copy of the template."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    connection = await asyncpg.connect(cluster.url())
    # Without fsync a copy of the files is half the work of logging each of their pages, which is the default.
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
    await connection.close()
    return Database(cluster, name)


async def drop_database(database: Database) -> None:
    """Remove a test's database, whoever is still connected."""
    connection = await asyncpg.connect(database.cluster.url())
    await connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)")
    await connection.close()


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """The folder shared by all the workers of this run. Not one of pytest's: those go when other runs come."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")
    folder = Path(tempfile.gettempdir()) / f"usager-tests-{run}"
    folder.mkdir(exist_ok=True)
    yield folder
    if all(only_user(lock) for lock in folder.rglob("*.lock")):  # another worker may be making its cluster just now
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
async def postgres(run_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """The cluster of this run."""
    cluster = started_cluster(run_folder, os.environ.get("USAGER_TEST_POSTGRES"))
    await migrated_template(cluster)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session", params=["embedded", "15"])
async def each_postgres(request: pytest.FixtureRequest, run_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """The embedded cluster, then Debian's PostgreSQL 15: for the few tests that must always see both."""
    cluster = started_cluster(run_folder, None if request.param == "embedded" else request.param)
    await migrated_template(cluster)
    yield cluster
    cluster.stop()


@pytest.fixture
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database of this test's own, with tenants 1 and 2."""
    database = await copied_database(postgres)
    yield database
    await drop_database(database)


@pytest.fixture
async def each_database(each_postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database of this test's own, on either PostgreSQL."""
    database = await copied_database(each_postgres)
    yield database
    await drop_database(database)


@pytest.fixture
async def connections(database: Database) -> AsyncIterator[Connections]:
    """The server's own pool on this test's database."""
    connections = Connections(database.url, size=8)
    yield connections
    await connections.close()


@pytest.fixture(scope="session")
def definitions() -> Definitions:
    """The official R4 definitions."""
    return load()


@pytest.fixture(scope="session")
def search_registry(definitions: Definitions) -> SearchRegistry:
    """The official search parameters."""
    return SearchRegistry(definitions)


@pytest.fixture
def store(
    connections: Connections, definitions: Definitions, search_registry: SearchRegistry
) -> Iterator[PostgresStore]:
    """The store on this test's database, which can be searched."""
    store = PostgresStore(connections, definitions.type_numbers)
    store.searching = PostgresSearch(search_registry)
    yield store


@pytest.fixture
def repository(store: PostgresStore) -> PostgresRepository:
    """The store of tenant 1."""
    return store.repository(1)


@pytest.fixture
def other_repository(store: PostgresStore) -> PostgresRepository:
    """The store of tenant 2."""
    return store.repository(2)
