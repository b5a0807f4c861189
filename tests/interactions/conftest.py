"""A client of the FHIR door, on a database of each test's own."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.served import StructureOnly, make_client, make_house
from usager_server.definitions import Definitions
from usager_server.interactions.session import House
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry


@pytest.fixture(scope="session")
def validator(definitions: Definitions) -> StructureOnly:
    """The structure of R4, without profiles."""
    return StructureOnly(definitions)


@pytest.fixture
def house(store: PostgresStore, search_registry: SearchRegistry, validator: Any) -> House:
    """A house on this test's database."""
    return make_house(store, search_registry, validator)


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of that house."""
    async with make_client(house) as client:
        yield client
