"""Whatever one tenant tries, by HTTP and knowing every id, another sees the same bytes and is never seen."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from statistics import median
from typing import NamedTuple

import asyncpg
import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.access.acting import FULL, Act, acts, told
from tests.access.conftest import ClientOf, observation, person
from tests.conftest import Database, copied_database, drop_database
from tests.interactions.conftest import TENANTS
from tests.served import FHIR_JSON, StructureOnly, make_client, make_house
from usager_server.access.grant import Grant
from usager_server.definitions import Definitions
from usager_server.interactions.session import House
from usager_server.operations.everything import everything
from usager_server.repository.connections import Connections
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.postgres import PostgresStore
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.parameters import SearchRegistry

NAMES = ("a-blood", "b-blood", "nothing")
ACTS = acts(NAMES, (*NAMES, "new"), ("a", "b"))
VIEW = (
    "/Patient/b",
    "/Patient/b/$everything",
    "/Observation/b-blood/_history",
    "/Observation?_total=accurate&_count=1000",
    "/Observation?code=718-7&_sort=_lastUpdated",
    "/Patient?_has:Observation:subject:code=718-7&_total=accurate",
    "/_history?_count=1000",
)
TASKS, POOL, TRIES = 50, 2, 50
TENANT_TABLES = """
SELECT DISTINCT c.relname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
AND a.attname = 'tenant' AND c.relname <> 'rate'
"""


class Place(NamedTuple):
    """A server on a database of its own; a function, since what hypothesis prints of a house is a book."""

    client: ClientOf
    owner: asyncpg.Connection


@asynccontextmanager
async def a_place(
    cluster: EmbeddedPostgres, definitions: Definitions, registry: SearchRegistry
) -> AsyncIterator[Place]:
    """Yield one, with two connections for everyone."""
    database = await copied_database(cluster)
    connections = Connections(database.url, size=POOL)
    store = PostgresStore(connections, definitions.type_numbers)
    store.searching = PostgresSearch(registry)
    house = make_house(store, registry, StructureOnly(definitions), (everything,), audit="on")
    owner = await asyncpg.connect(database.superuser_url)
    yield Place(lambda tenant, grant=None: make_client(house, tenant, grant), owner)
    await owner.close()
    await connections.close()
    await drop_database(database)


@pytest.fixture(scope="module")
async def beside(
    postgres: EmbeddedPostgres, definitions: Definitions, search_registry: SearchRegistry
) -> AsyncIterator[Place]:
    """Where the other tenant is."""
    async with a_place(postgres, definitions, search_registry) as place:
        yield place


@pytest.fixture(scope="module")
async def elsewhere(
    postgres: EmbeddedPostgres, definitions: Definitions, search_registry: SearchRegistry
) -> AsyncIterator[Place]:
    """Where it never was."""
    async with a_place(postgres, definitions, search_registry) as place:
        yield place


async def settled(place: Place, tenants: Iterable[int]) -> None:
    """Let tenants in."""
    numbers = [(each,) for each in tenants]
    await place.owner.executemany("INSERT INTO tenant (tenant, name) VALUES ($1, 'test')", numbers)


async def filled(client: httpx.AsyncClient, family: str, patient: str) -> None:
    """Store a patient and two Observations."""
    blood = observation(patient, "718-7", "laboratory")
    names = (f"{patient}-blood", f"{patient}-again")
    for each in (person(patient, family), *({**blood, "id": name} for name in names)):
        answer = await client.put(f"/{each['resourceType']}/{each['id']}", json=each, headers=FHIR_JSON)
        assert answer.status_code in (200, 201)


async def rows_of(place: Place, tenant: int) -> dict[str, str]:
    """Return a digest of what each table holds of a tenant."""
    digest = "SELECT coalesce(md5(string_agg(t::text, '' ORDER BY t::text)), '') FROM {} AS t WHERE tenant = $1"
    tables = [row[0] for row in await place.owner.fetch(TENANT_TABLES)]
    return {table: await place.owner.fetchval(digest.format(table), tenant) for table in tables}


async def done(act: Act, client: httpx.AsyncClient) -> httpx.Response:
    """Return the answer to an act, sent again while everyone waits for the same two connections."""
    for _ in range(TRIES):
        if (answer := await act.done_by(client)).status_code != 503:  # then nothing was done
            return answer
    raise AssertionError(f"busy for ever: {act}")


async def stranger_tries(here: httpx.AsyncClient, there: httpx.AsyncClient, tried: Sequence[Act]) -> None:
    """Try, page links included, and be told the same beside somebody as alone."""
    waiting = list(tried)
    while waiting:
        act = waiting.pop(0)
        answers = [await done(act, client) for client in (here, there)]
        assert told(answers[0]) == told(answers[1]), act
        assert "Secret" not in answers[0].text
        for one, other in zip(*map(next_links, answers), strict=True):
            pages = [await done(Act("GET", link), client) for client, link in ((here, one), (there, other))]
            assert told(pages[0]) == told(pages[1]), act


def next_links(answer: httpx.Response) -> list[str]:
    """Return the address of the next page, when there is one."""
    links = answer.json().get("link", []) if answer.text else []
    return [link["url"] for link in links if link["relation"] == "next"]


@pytest.mark.timeout(3600 if FULL else 300)
@settings(max_examples=25 if FULL else 3, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(tried=st.lists(ACTS, min_size=8, max_size=24))
async def test_a_tenant_is_neither_seen_nor_touched(beside: Place, elsewhere: Place, tried: list[Act]) -> None:
    theirs, mine = next(TENANTS), [next(TENANTS) for _ in range(TASKS if FULL else 8)]
    await settled(beside, [theirs, *mine])
    await settled(elsewhere, mine)
    victim = beside.client(theirs)
    await filled(victim, "Secret", "b")
    before = [(await victim.get(address)).text for address in VIEW]
    [stolen] = next_links(await victim.get("/Observation?_count=1"))
    rows = await rows_of(beside, theirs)
    await asyncio.gather(
        *(
            stranger_tries(
                beside.client(each), elsewhere.client(each), [*tried[shift:], *tried[:shift], Act("GET", stolen)]
            )
            for each in mine
            for shift in [each % len(tried)]  # everyone in an order of their own
        )
    )
    assert await rows_of(beside, theirs) == rows
    assert [(await victim.get(address)).text for address in VIEW] == before


async def test_what_another_has_is_refused_in_the_time_of_what_nobody_has(beside: Place) -> None:
    theirs, mine = next(TENANTS), next(TENANTS)
    await settled(beside, [theirs, mine])
    await filled(beside.client(theirs), "Secret", "b")
    client = beside.client(mine)
    addresses = {name: (f"/Observation/{name}-blood", f"/Observation?subject=Patient/{name}") for name in ("b", "x")}
    took: dict[str, list[float]] = {"b": [], "x": []}
    for name in ("b", "x") * 150:
        began = time.perf_counter()
        for address in addresses[name]:
            await client.get(address)
        took[name].append(time.perf_counter() - began)
    assert 0.5 < median(took["b"]) / median(took["x"]) < 2


@pytest.fixture
async def narrow_house(
    each_database: Database, definitions: Definitions, search_registry: SearchRegistry
) -> AsyncIterator[House]:
    """A house whose pool has two connections, on either PostgreSQL."""
    connections = Connections(each_database.url, size=POOL)
    store = PostgresStore(connections, definitions.type_numbers)
    store.searching = PostgresSearch(search_registry)
    yield make_house(store, search_registry, StructureOnly(definitions))
    await connections.close()


async def test_fifty_callers_on_two_connections_see_their_own(narrow_house: House) -> None:
    for tenant in (1, 2):
        for patient in ("a", "b"):
            await filled(make_client(narrow_house, tenant), f"{patient} of {tenant}", patient)

    async def live(number: int) -> None:
        tenant, patient = 1 + number % 2, "ab"[number // 2 % 2]
        client = make_client(narrow_house, tenant, Grant.of("patient/*.cruds", patient=patient))
        for address in ("/Patient", f"/Patient/{patient}", "/Observation?_include=*", "/Patient/_history"):
            text = (await client.get(address)).text
            assert "of" in text and set(_families(text)) == {f"{patient} of {tenant}"}
        made = await client.post("/Observation", json=observation(patient), headers=FHIR_JSON)
        assert made.status_code == 201
        theirs = await client.post("/Observation", json=observation("ba"["ab".index(patient)]), headers=FHIR_JSON)
        assert theirs.status_code == 403

    await asyncio.gather(*(live(number) for number in range(TASKS)))


def _families(text: str) -> list[str]:
    return [part.split('"')[0] for part in text.split('"family":"')[1:]]
