"""Which PostgreSQL the settings mean, and getting it ready to serve: started, created, migrated."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import asyncpg

from usager_server.errors import Unavailable
from usager_server.reaching import reach
from usager_server.repository.connections import Connection, Connections
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.ids import row_numbers
from usager_server.repository.isolation import refuse_open_wall
from usager_server.repository.migrating import HEAD, migrate, read_migrations, schema_version
from usager_server.repository.postgres import PostgresStore
from usager_server.settings import Settings

DATABASE = "usager"
SERVER_ROLE = "usager_app"
MONTHS_AHEAD = 3


@dataclass(frozen=True, slots=True)
class Source:
    """A database: the address it is served at, the one its owner migrates it at, and its cluster when it is ours."""

    url: str
    owner_url: str
    cluster: EmbeddedPostgres | None = None


def source(settings: Settings) -> Source:
    """Return the database that the settings mean; starts nothing."""
    if settings.database_url is not None:
        return Source(settings.database_url, settings.database_owner_url or settings.database_url)
    cluster = EmbeddedPostgres(settings.data_dir / "postgres")
    return Source(cluster.url(SERVER_ROLE, DATABASE), cluster.url(database=DATABASE), cluster)


@contextmanager
def running(settings: Settings) -> Iterator[Source]:
    """Hold the embedded cluster running, its schema up to date; a database of the operator's is only looked at.

    Time    about 0.3 s when there is nothing to migrate.
    Errors  Unavailable when it does not start or answer, or when its schema is not the one of this version.
    """
    found = source(settings)
    if found.cluster is None:
        asyncio.run(check(found.url))
        yield found
        return
    if found.cluster.is_new:
        read_migrations()  # meanwhile the cluster is made, when `early_start.py` has begun it
    found.cluster.start()
    try:
        asyncio.run(_prepare(found))
        yield found
    finally:
        found.cluster.stop()


async def check(url: str) -> None:
    """See that a database may be served. Errors: Unavailable, saying what to do."""
    connection = await reach(url, "USAGER_DATABASE_URL")
    try:
        missing = await schema_missing(connection)
        if missing:
            raise Unavailable(missing)
        await refuse_open_wall(connection)
    finally:
        await connection.close()


async def schema_missing(connection: "asyncpg.Connection[asyncpg.Record]") -> str | None:
    """Return what the schema lacks, as a sentence that says what to do, or None."""
    version = await schema_version(connection)
    return None if version == HEAD else f"the schema is at {version or 'nothing'} and not at {HEAD}: run usager migrate"


async def bring_up_to_date(found: Source) -> None:
    """Run the missing migrations."""
    await migrate(found.owner_url)


async def _prepare(found: Source) -> None:
    assert found.cluster is not None  # noqa: S101 - `running` has looked
    try:
        owner = await asyncpg.connect(found.owner_url)
    except asyncpg.InvalidCatalogNameError:
        await _create_database(found.cluster)
        owner = await asyncpg.connect(found.owner_url)
    try:
        missing = await schema_missing(owner)
    finally:
        await owner.close()
    if missing:
        await bring_up_to_date(found)


async def _create_database(cluster: EmbeddedPostgres) -> None:
    connection = await asyncpg.connect(cluster.url())
    try:
        with suppress(asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):  # another process was faster
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


async def readiness(store: PostgresStore) -> str | None:
    """Return what keeps requests from being served, or None. Time: 2 s at most."""
    try:
        async with asyncio.timeout(2), store.connections.borrowed() as connection:
            return await schema_missing(connection)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, Unavailable) as error:
        return f"the database does not answer ({type(error).__name__})"


def open_store(settings: Settings, type_numbers: Mapping[str, int]) -> PostgresStore:
    """Return the store of a server process; its connections open when first needed."""
    found = source(settings)
    if found.cluster is not None:
        found.cluster.start()
    connections = Connections(
        found.url,
        size=settings.pool_size,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        revive=found.cluster.start if found.cluster else None,
        at_first=take_place,
    )
    return PostgresStore(connections, type_numbers)


async def take_place(connection: Connection) -> None:
    """Give this process a number of its own, for its row numbers, and the coming months their partitions."""
    row_numbers.process = await connection.fetchval("SELECT nextval('process')")
    await connection.execute(
        f"SELECT create_history_partitions(now()::date, {MONTHS_AHEAD}),"
        f" create_trace_partitions(now()::date, {MONTHS_AHEAD})"
    )
