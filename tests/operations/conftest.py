"""The fixtures of a served door, and of the whole application for what needs every operation."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.conftest import copied_database, drop_database
from tests.interactions.conftest import client, house, owner, shared_database, shared_store, tenant, validator
from tests.whole import running_app
from usager_server.repository.embedded import EmbeddedPostgres

__all__ = ["client", "house", "owner", "shared_database", "shared_store", "tenant", "validator", "whole"]


@pytest.fixture(scope="session")
async def whole(postgres: EmbeddedPostgres) -> AsyncIterator[httpx.AsyncClient]:
    """The whole application."""
    database = await copied_database(postgres)
    async with running_app(database.url) as client:
        yield client
    await drop_database(database)
