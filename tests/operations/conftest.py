"""The fixtures of a served door, and of the whole application for what needs every operation."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import Database, copied_database, drop_database
from tests.interactions.conftest import client, house, owner, shared_database, shared_store, tenant, validator
from tests.whole import running_app
from usager_server.repository.embedded import EmbeddedPostgres

__all__ = ["client", "house", "owner", "shared_database", "shared_store", "tenant", "validator", "whole"]


@pytest.fixture(scope="session")
async def whole_database(postgres: EmbeddedPostgres) -> AsyncIterator[Database]:
    """The database of the whole application."""
    database = await copied_database(postgres)
    yield database
    await drop_database(database)


@pytest.fixture(scope="session")
async def whole(whole_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """The whole application."""
    async with running_app(whole_database.url) as client:
        yield client
