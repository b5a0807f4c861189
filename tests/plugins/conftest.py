"""Two servers for all the plugins' tests: one with the profiles that go together, one with none."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import copied_database, drop_database
from tests.whole import TOGETHER, running_app
from usager_server.repository.embedded import EmbeddedPostgres


@pytest.fixture(scope="session")
async def client(postgres: EmbeddedPostgres) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server with every profile that front ends share; tests find what they stored themselves."""
    database = await copied_database(postgres)
    async with running_app(database.url, profiles=TOGETHER) as client:
        yield client
    await drop_database(database)


@pytest.fixture(scope="session")
async def bare_client(postgres: EmbeddedPostgres) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server without any profile."""
    database = await copied_database(postgres)
    async with running_app(database.url) as client:
        yield client
    await drop_database(database)
