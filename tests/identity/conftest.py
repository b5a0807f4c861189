"""A door with FR Core's profiles, for the identities that are written through it."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from tests.interactions.conftest import owner, shared_database, shared_store, tenant
from tests.served import make_client, make_house
from usager_server.definitions import Definitions
from usager_server.operations.identity_feed import feed_identity_operation
from usager_server.operations.merge import merge_operation
from usager_server.operations.unmerge import unmerge_operation
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.settings import SLAVE
from usager_server.validation.validator import HouseValidator

Doors = Callable[..., httpx.AsyncClient]

__all__ = [
    "doors",
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
def doors(shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int) -> Doors:
    """Return a maker of clients of a door, from its settings; all are at the same records, and called "anonymous"."""
    operations = [feed_identity_operation, merge_operation, unmerge_operation]
    return lambda **settings: make_client(
        make_house(shared_store, search_registry, fr_core, operations, **settings), tenant
    )


@pytest.fixture
async def served(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    """A front end like any other."""
    async with doors() as client:
        yield client


@pytest.fixture
async def migrating(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    """Who may bring in an existing base with its INS."""
    async with doors(identity_migrator="anonymous") as client:
        yield client


@pytest.fixture
async def production(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    """A front end of a server for real people, which writes FR Core 2.1."""
    async with doors(ins_production=True, fr_core_release="2.1") as client:
        yield client


@pytest.fixture
async def master(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    """The software from which identities come, at the door of a server that is their slave."""
    async with doors(profiles=SLAVE, identity_master="anonymous") as client:
        yield client


@pytest.fixture
async def local(doors: Doors) -> AsyncIterator[httpx.AsyncClient]:
    """A front end of the same server, for which identities come from elsewhere."""
    async with doors(profiles=SLAVE, identity_master="gam") as client:
        yield client
