"""A whole server under USAGER_AUTH=smart for each file, without sockets, with a double of the sessions."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.authorization.applications import BASE, ORIGIN
from tests.authorization.people import People
from tests.conftest import Database, copied_database, drop_database
from usager_server.app import create_app
from usager_server.authorization.clients import Client
from usager_server.authorization.keys import ensure_keys
from usager_server.authorization.store import PostgresMemory
from usager_server.repository.connections import Connections
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.running import Runner
from usager_server.settings import Settings
from usager_server.testing import client_of

Register = Callable[[Client], Awaitable[Client]]


@pytest.fixture(scope="session")
def signing_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file of keys for all tests: making one takes half a second."""
    path = tmp_path_factory.mktemp("keys") / "signing-keys.json"
    ensure_keys(path)
    return path


@pytest.fixture(scope="module")
async def database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """A database for the tests of a file, which each register clients of their own."""
    database = await copied_database(postgres)
    yield database
    await drop_database(database)


@pytest.fixture(scope="module")
async def connections(database: Database) -> AsyncIterator[Connections]:
    """The server's own pool on it."""
    connections = Connections(database.url, size=4)
    yield connections
    await connections.close()


@pytest.fixture(scope="module")
def people() -> People:
    """Who is signed in."""
    return People()


@pytest.fixture(scope="module")
def smart_settings(database: Database, tmp_path_factory: pytest.TempPathFactory, signing_keys: Path) -> dict[str, Any]:
    """The settings of the server; a file may have its own."""
    return {
        "auth": "smart",
        "base_url": BASE,
        "database_url": database.url,
        "data_dir": tmp_path_factory.mktemp("data"),
        "signing_keys_file": signing_keys,
        "log_level": "warning",
        "refusals_per_minute": 1_000_000,  # all tests of a file have one address
    }


@pytest.fixture(scope="module")
async def http(smart_settings: dict[str, Any], people: People) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server."""
    async with client_of(create_app(Settings(**smart_settings), people)) as client:
        yield client


@pytest.fixture(scope="module")
def memory(connections: Connections) -> PostgresMemory:
    """The memory of the authorization server for tenant 1, on the same database."""
    return PostgresMemory(Runner(connections, 1))


@pytest.fixture(scope="module")
def register(connections: Connections) -> Register:
    """Memories a client behind the wall of its tenant."""

    async def stored(client: Client) -> Client:
        await PostgresMemory(Runner(connections, int(client.id.partition("-")[0]))).add_client(client, ORIGIN)
        return client

    return stored
