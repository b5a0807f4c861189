"""A client of a door that has the CDA operations, FR Core included, on a database of each test's own."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.served import make_client, make_house
from usager_server.definitions import Definitions
from usager_server.operations.cda_to_fhir import cda_to_fhir
from usager_server.operations.document import compose_document
from usager_server.operations.fhir_to_cda import fhir_to_cda
from usager_server.operations.import_cda import import_cda
from usager_server.operations.prefill import prefill
from usager_server.operations.render import render_document
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.validation.validator import HouseValidator


@pytest.fixture(scope="session")
def validator(definitions: Definitions) -> HouseValidator:
    """R4 and the profiles of the house."""
    return HouseValidator(definitions)


@pytest.fixture
async def client(
    store: PostgresStore, search_registry: SearchRegistry, validator: HouseValidator
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the door."""
    operations = (cda_to_fhir, compose_document, fhir_to_cda, import_cda, prefill, render_document)
    house = make_house(store, search_registry, validator, operations, identity_migrator="anonymous")
    async with make_client(house) as client:
        yield client
