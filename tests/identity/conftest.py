"""A door with FR Core's profiles, for the identities that are written through it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.interactions.conftest import owner, shared_database, shared_store, tenant
from tests.served import make_client, make_house
from usager_server.definitions import Definitions
from usager_server.interactions.identities import SLAVE
from usager_server.operations.identity_feed import feed_identity_operation
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.validation.validator import HouseValidator

FEED = [feed_identity_operation]

__all__ = [
    "fr_core",
    "local",
    "master",
    "migrating",
    "owner",
    "production",
    "served",
    "shared_database",
    "shared_store",
    "tenant",
]


@pytest.fixture(scope="session")
def fr_core(definitions: Definitions) -> HouseValidator:
    """The validator, with the profiles of FR Core."""
    return HouseValidator(definitions)


@pytest.fixture
async def served(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A front end like any other."""
    async with make_client(make_house(shared_store, search_registry, fr_core), tenant) as client:
        yield client


@pytest.fixture
async def migrating(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """Who may bring in an existing base with its INS."""
    house = make_house(shared_store, search_registry, fr_core, identity_migrator="anonymous")
    async with make_client(house, tenant) as client:
        yield client


@pytest.fixture
async def production(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A front end of a server for real people, which writes FR Core 2.1."""
    house = make_house(shared_store, search_registry, fr_core, ins_production=True, fr_core_release="2.1")
    async with make_client(house, tenant) as client:
        yield client


@pytest.fixture
async def master(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """The software from which identities come, at the door of a server that is their slave."""
    house = make_house(shared_store, search_registry, fr_core, FEED, profiles=SLAVE, identity_master="anonymous")
    async with make_client(house, tenant) as client:
        yield client


@pytest.fixture
async def local(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A front end of the same server, for which identities come from elsewhere."""
    house = make_house(shared_store, search_registry, fr_core, FEED, profiles=SLAVE, identity_master="gam")
    async with make_client(house, tenant) as client:
        yield client
