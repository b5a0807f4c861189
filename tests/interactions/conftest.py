"""A client of the FHIR door for each test, with a tenant of its own in one database: nothing to copy or to share."""

from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

import asyncpg
import httpx
import pytest

from tests.conftest import Database, copied_database, drop_database
from tests.served import StructureOnly, make_client, make_house
from usager_server.definitions import Definitions
from usager_server.interactions.session import House
from usager_server.repository.connections import Connections
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.postgres import PostgresStore
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.parameters import SearchRegistry

TENANTS = count(100)


@pytest.fixture(scope="session")
async def shared_database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """The database of all these tests."""
    database = await copied_database(postgres)
    yield database
    await drop_database(database)


@pytest.fixture(scope="session")
async def shared_store(
    shared_database: Database, definitions: Definitions, search_registry: SearchRegistry
) -> AsyncIterator[PostgresStore]:
    """The store on that database."""
    connections = Connections(shared_database.url, size=8)
    store = PostgresStore(connections, definitions.type_numbers)
    store.searching = PostgresSearch(search_registry)
    yield store
    await connections.close()


@pytest.fixture(scope="session")
async def owner(shared_database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection that may make tenants."""
    connection = await asyncpg.connect(shared_database.superuser_url)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def validator(definitions: Definitions) -> StructureOnly:
    """The structure of R4, without profiles."""
    return StructureOnly(definitions)


@pytest.fixture
async def tenant(owner: asyncpg.Connection) -> int:
    """A tenant that nobody else has."""
    number = next(TENANTS)
    await owner.execute("INSERT INTO tenant (tenant, name) VALUES ($1, 'test')", number)
    return number


@pytest.fixture(scope="session")
def house(shared_store: PostgresStore, search_registry: SearchRegistry, validator: StructureOnly) -> House:
    """The house of all these tests."""
    return make_house(shared_store, search_registry, validator)


@pytest.fixture
async def client(house: House, tenant: int) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that house."""
    async with make_client(house, tenant) as client:
        yield client


@pytest.fixture(scope="session")
def traced_house(shared_store: PostgresStore, search_registry: SearchRegistry, validator: StructureOnly) -> House:
    """The same house, where each act leaves a trace."""
    return make_house(shared_store, search_registry, validator, audit="on")


@pytest.fixture
async def traced_client(traced_house: House, tenant: int) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that house."""
    async with make_client(traced_house, tenant) as client:
        yield client


@pytest.fixture
def traces(owner: asyncpg.Connection, tenant: int) -> Callable[[], Awaitable[list[asyncpg.Record]]]:
    """Return what reads the traces of the tenant, oldest first."""

    async def read() -> list[asyncpg.Record]:
        return await owner.fetch("SELECT * FROM trace WHERE tenant = $1 ORDER BY row", tenant)

    return read
