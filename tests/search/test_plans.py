"""Every kind of condition walks the value columns of an index, under the server's role, on both PostgreSQL versions."""

import re

import pytest

from tests.conftest import Database
from tests.repository.looking import explained
from tests.search.conftest import search
from usager_server.definitions import Definitions
from usager_server.repository.connections import Connections
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.parameters import SearchRegistry

LOINC = "http://loinc.org"

# What is asked -> what the conditions of indexes must hold.
CONDITIONS = {
    "Patient?gender=male": ["head = .*tail = "],
    "Patient?language=urn:x|fr": ["head = .*tail = "],
    "Patient?language=fr": ["head = .*tail = ", "head >= .*head <= ", r"ROW\(.*head, .*tail\) > "],
    "Patient?language=urn:x|": ["head >= .*head <= .*tail >= .*tail <= "],
    "Patient?language:missing=false": ["head >= .*head <= "],
    "Patient?identifier=1&language=fr": ["head = .*tail = ", "row = "],
    "Patient?identifier=urn:x|1&gender=male": ["head = .*tail = .*row"],
    "Patient?gender:not=male": [r"type = .*row", "head = .*tail = .*row"],
    "Patient?gender:missing=true": [r"type = .*row", "tenant = .*row = "],
    "Patient?identifier:of-type=urn:t|MR|1": ["head = .*tail = "],
    "Patient?name:exact=Martin": ["value = "],
    "Patient?family=mar": ["value >= .*value < "],
    "Patient?family=mar&gender=male": ["value >= .*value < ", "head = .*tail = .*row"],
    "Patient?family:contains=art": ["gram >= .*gram <= ", "parameter = .*value = "],
    "Patient?_profile:below=http://x": ["value >= .*value < "],
    "Patient?birthdate=1980": ["low >= .*low < "],
    "Patient?birthdate=ge1980&gender=male": ["low >= .*low < .*high >= "],
    "Observation?value-quantity=gt5": ["low >= .*low <= "],
    "Observation?code-value-quantity=8480-6$gt5": ["low >= .*low <= "],
    "Observation?patient=1": ["target = "],
    f"Observation?patient=1&code={LOINC}|1": ["target = ", "head = .*tail = .*row"],
    "Observation?patient.family=mar": ["value >= .*value < ", "type = .*row", "target = "],
    "Patient?_has:Observation:patient:code=1": ["head = .*tail = ", "self = "],
    "Patient/1/Observation": ["target = "],
    "Patient?_id=1": ["id >= .*id <= "],
    "Patient?_lastUpdated=gt2020-01-01": ["last_updated >= .*last_updated < "],
    "Location?near=1|2|3|km": ["low >= .*low <= "],
    "Patient?_sort=family": ["parameter = "],
    "Patient?_sort=-birthdate": ["parameter = "],
    "Patient?_sort=_lastUpdated": ["type = "],
}


@pytest.fixture
def searched(each_database: Database, definitions: Definitions, search_registry: SearchRegistry) -> PostgresStore:
    store = PostgresStore(Connections(each_database.url, size=1), definitions.type_numbers)
    store.searching = PostgresSearch(search_registry)
    return store


async def test_conditions_on_values_are_conditions_of_indexes(
    searched: PostgresStore, search_registry: SearchRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = searched.repository(1)
    assert isinstance(repository, PostgresRepository)
    await searched.cursors(repository.runner)
    plans = explained(monkeypatch)
    lacking = []
    for address, wanted in CONDITIONS.items():
        plans.clear()
        await search(repository, search_registry, address)
        plan = "\n".join(plans).replace('"', "")
        lacking += [f"{address}: {one}\n{plan}" for one in wanted if not re.search(f"Index Cond: .*{one}", plan)]
        lacking += [f"{address}: reads a whole table\n{plan}" for _ in re.findall(r"Seq Scan on public", plan)]
    await searched.close()
    assert not lacking, lacking[0]
