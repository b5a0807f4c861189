"""Claims: what two requests may not both create, they create one after the other."""

import asyncio

from tests.conftest import Database
from tests.repository.drafting import patient
from tests.repository.looking import look
from usager_server.definitions import Definitions
from usager_server.repository.connections import Connections
from usager_server.repository.postgres import PostgresRepository, PostgresStore


async def create_unless_there(repository: PostgresRepository, name: str) -> bool:
    """Create a Patient when there is none: without a claim, several would see none."""
    async with repository.transaction() as inside:
        await inside.claim("Patient?identifier=1")
        found = await look_inside(inside)
        if not found:
            await inside.create([patient(name)])
        return not found


async def look_inside(repository: PostgresRepository) -> int:
    statement = (
        "SELECT r.n FROM (SELECT set_config('app.tenant', $1, true)::int AS tenant OFFSET 0) AS t,"
        " LATERAL (SELECT count(*) AS n FROM resource WHERE tenant = t.tenant OFFSET 0) AS r"
    )
    row = await repository.runner.row(statement)
    assert row is not None
    return int(row[0])


async def test_64_at_once_create_one(each_database: Database, definitions: Definitions) -> None:
    connections = Connections(each_database.url, size=16)
    repository = PostgresStore(connections, definitions.type_numbers).repository(1)
    made = await asyncio.gather(*(create_unless_there(repository, f"p{number}") for number in range(64)))
    await connections.close()
    assert sum(made) == 1
    assert await look(each_database, "SELECT count(*) FROM resource") == [(1,)]
    assert await look(each_database, "SELECT count(*) FROM claim") == [(0,)]


async def test_opposite_orders_do_not_deadlock(repository: PostgresRepository) -> None:
    async def hold(*keys: str) -> None:
        async with repository.transaction() as inside:
            await inside.claim(*keys)
            await asyncio.sleep(0.002)

    await asyncio.gather(*(hold(*("ab" if turn % 2 else "ba")) for turn in range(20)))


async def test_tenants_do_not_wait_for_each_other(
    repository: PostgresRepository, other_repository: PostgresRepository
) -> None:
    async with repository.transaction() as inside, other_repository.transaction() as other:
        await inside.claim("same")
        await asyncio.wait_for(other.claim("same"), 2)


async def test_a_claim_outside_a_transaction_is_over_at_once(repository: PostgresRepository) -> None:
    await repository.claim("key")
    async with repository.transaction() as inside:
        await asyncio.wait_for(inside.claim("key"), 2)
