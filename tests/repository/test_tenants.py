"""Adding and listing tenants."""

import pytest

from tests.conftest import Database
from usager_server.errors import Conflict, Unavailable
from usager_server.repository.connections import Connections
from usager_server.repository.postgres import PostgresStore
from usager_server.repository.tenants import Tenant, add_tenant, tenants


async def test_a_tenant_takes_the_next_number_or_the_one_asked_for(each_database: Database) -> None:
    url = each_database.superuser_url
    added = [
        await add_tenant(url, "Les Tilleuls"),
        await add_tenant(url, "L'Érable", 40),
        await add_tenant(url, "Saule"),
    ]
    assert [each.number for each in added] == [3, 40, 41]
    assert await tenants(url) == [Tenant(1, "default"), Tenant(2, "other"), *added]


async def test_a_number_that_is_taken_is_refused(database: Database) -> None:
    with pytest.raises(Conflict, match="tenant 1"):
        await add_tenant(database.superuser_url, "again", 1)


async def test_the_role_of_the_server_may_not_add_tenants(database: Database) -> None:
    with pytest.raises(Unavailable, match="USAGER_DATABASE_OWNER_URL"):
        await add_tenant(database.url, "mine")


async def test_a_tenant_exists_from_the_moment_it_was_added(database: Database) -> None:
    store = PostgresStore(Connections(database.url, size=1), {})
    before = await store.repository(3).exists()
    await add_tenant(database.superuser_url, "Les Tilleuls")
    assert (before, await store.repository(3).exists()) == (False, True)
    await store.connections.close()
