"""Whatever one tenant tries, by HTTP and knowing every id, another sees the same bytes and is never seen."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.access.acting import FULL, Act, acts, told
from tests.access.conftest import ClientOf, observation, person
from tests.conftest import Database
from tests.interactions.conftest import TENANTS
from tests.served import FHIR_JSON, StructureOnly, make_client, make_house
from usager_server.access.grant import Grant
from usager_server.definitions import Definitions
from usager_server.interactions.session import House
from usager_server.repository.connections import Connections
from usager_server.repository.postgres import PostgresStore
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.parameters import SearchRegistry

NAMES = ("a-blood", "b-blood", "nothing")
ACTS = acts(NAMES, (*NAMES, "new"), ("a", "b"))
VIEW = (
    "/Patient/b",
    "/Observation/b-blood/_history",
    "/Observation?_total=accurate&_count=1000",
    "/Observation?code=718-7&_sort=_lastUpdated",
    "/Patient?_has:Observation:subject:code=718-7&_total=accurate",
    "/_history?_count=1000",
)
TASKS = 50


async def filled(client: httpx.AsyncClient, family: str, patient: str) -> None:
    """Store a patient and an Observation."""
    for each in (person(patient, family), {**observation(patient, "718-7", "laboratory"), "id": f"{patient}-blood"}):
        answer = await client.put(f"/{each['resourceType']}/{each['id']}", json=each, headers=FHIR_JSON)
        assert answer.status_code in (200, 201)


@pytest.mark.timeout(3600 if FULL else 300)
@settings(max_examples=300 if FULL else 12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tried=st.lists(ACTS, min_size=4, max_size=16))
async def test_a_tenant_is_neither_seen_nor_touched(
    client_of: ClientOf, owner: asyncpg.Connection, tried: list[Act]
) -> None:
    mine, alone, theirs = next(TENANTS), next(TENANTS), next(TENANTS)
    numbers = [(each,) for each in (mine, alone, theirs)]
    await owner.executemany("INSERT INTO tenant (tenant, name) VALUES ($1, 'test')", numbers)
    victim = client_of(theirs)
    await filled(victim, "Secret", "b")
    before = [(await victim.get(address)).text for address in VIEW]
    actor, other = client_of(mine), client_of(alone)
    for act in tried:
        answers = [told(await act.done_by(client)) for client in (actor, other)]
        assert answers[0] == answers[1], act  # two empty tenants beside a full one: told the same
        assert "Secret" not in answers[0]
    assert [(await victim.get(address)).text for address in VIEW] == before


@pytest.fixture
async def narrow_house(
    each_database: Database, definitions: Definitions, search_registry: SearchRegistry
) -> AsyncIterator[House]:
    """A house whose pool has two connections, on either PostgreSQL."""
    connections = Connections(each_database.url, size=2)
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
