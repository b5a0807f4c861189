"""Paging through 100 000 resources while others create, change and delete: no duplicate, no gap."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from tests.conftest import Database
from tests.search.conftest import Find, ids
from usager_server.repository.drafts import draft
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.hashing import parameter_hash, token_hash
from usager_server.search.parameters import SearchRegistry

COUNT = 100_000
FAMILIES = 300

# What the server would leave, made by the database itself: 100 000 persons, every third of them a woman.
FILL = """
WITH people AS (
    SELECT n, (1700000000000::bigint << 22) + n AS row, n % 3 = 0 AS female,
        lpad((n * 7919 % $1)::text, 3, '0') AS family
    FROM generate_series(0, $2::int - 1) AS n
), documents AS (
    INSERT INTO resource (row, self, last_updated, tenant, version, type, method, id, document)
    SELECT row, n, now(), 1, 1, $3, 2, 'p' || n, format(
        '{"resourceType":"Patient","id":"p%s","meta":{"versionId":"1"},"gender":"%s","name":[{"family":"Nom%s"}]}',
        n, CASE WHEN female THEN 'female' ELSE 'male' END, family)
    FROM people
), tokens AS (
    INSERT INTO index_token (head, tail, row, tenant)
    SELECT $4, CASE WHEN female THEN $5::bigint ELSE $6 END, row, 1 FROM people
)
INSERT INTO index_string (parameter, row, tenant, value, spelling) SELECT $7, row, 1, 'nom' || family, 0 FROM people
"""


@pytest.fixture
async def crowd(database: Database, search_registry: SearchRegistry) -> None:
    (head, female), (_, male) = (token_hash(1, "Patient", "gender", "", code) for code in ("female", "male"))
    connection = await asyncpg.connect(database.superuser_url)
    number = search_registry.definitions.type_numbers["Patient"]
    await connection.execute(FILL, FAMILIES, COUNT, number, head, female, male, parameter_hash("Patient", "family"))
    await connection.execute("ANALYZE")
    await connection.close()


def person(number: int, resource_id: str) -> dict[str, Any]:
    family = f"Nom{number * 7919 % FAMILIES:03}"
    gender = "female" if number % 3 == 0 else "male"
    return {
        "resourceType": "Patient",
        "id": resource_id,
        "gender": gender,
        "name": [{"family": family}],
        "active": True,
    }


async def disturb(repository: PostgresRepository, registry: SearchRegistry, over: asyncio.Event) -> Counter[str]:
    """Change every seventh person, delete every hundredth and add new ones until told to stop; return what was done."""
    done: Counter[str] = Counter()
    for step in range(10**9):
        if over.is_set():
            break
        number, now = step * 7919 % COUNT, datetime.now(UTC)
        if number % 100 == 0:
            await repository.delete("Patient", f"p{number}", last_updated=now)
            done["delete"] += 1
            continue
        kind, key = ("update", f"p{number}") if number % 7 == 0 else ("create", f"new{step}")
        await repository.update(draft(person(number, key), key, tenant=1, now=now, registry=registry, method="PUT"))
        done[kind] += 1
    return done


async def walk(find: Find, address: str) -> list[str]:
    """Return the ids of every page."""
    found, page = [], await find(address)
    while True:
        found += ids(page)
        if page.next is None:
            return found
        page = await find(f"{address}&_cursor={page.next}")


@pytest.mark.usefixtures("crowd")
async def test_every_person_who_stays_is_met_once(
    find: Find, repository: PostgresRepository, search_registry: SearchRegistry
) -> None:
    over = asyncio.Event()
    writers = [asyncio.create_task(disturb(repository, search_registry, over)) for _ in range(3)]
    everybody, women, by_name = await asyncio.gather(
        walk(find, "Patient?_count=1000"),
        walk(find, "Patient?gender=female&_count=1000"),
        walk(find, "Patient?_sort=family&_count=1000"),
    )
    over.set()
    done = sum((await asyncio.gather(*writers)), Counter[str]())
    assert min(done[kind] for kind in ("create", "update", "delete")) > 5
    staying = {f"p{number}" for number in range(COUNT) if number % 100}
    for found, expected in (
        (everybody, staying),
        (women, {one for one in staying if int(one[1:]) % 3 == 0}),
        (by_name, staying),
    ):
        assert max(Counter(found).values()) == 1
        assert expected <= set(found)
