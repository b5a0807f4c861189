"""Within reach or not, every kind of search walks the value columns of an index, under the server's role."""

import re
from typing import Any

import pytest

from tests.conftest import Database
from tests.search.conftest import search
from tests.search.test_plans import CONDITIONS
from usager_server.access.grant import Grant
from usager_server.access.reach import Reach
from usager_server.definitions import Definitions
from usager_server.repository import HistoryQuery
from usager_server.repository.connections import Connections
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.repository.running import Runner
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.parameters import SearchRegistry
from usager_server.traces.act import Act
from usager_server.traces.event import Origin

GRANTS = {
    "a record": Grant.of("patient/*.rs", patient="1"),
    "a record, by somebody of a structure": Grant.of("patient/*.rs", patient="1", structures=["1", "2"]),
    "a structure and a team": Grant.of("user/*.rs", structures=["1", "2"], practitioner="Practitioner/1"),
    "parameters": Grant.of("system/*.rs?_tag=urn:x|1 system/Observation.rs?date=2026-01-01&subject=Patient/1"),
}
# A patient searches what is in their record, and no directory.
ELSEWHERE = {"a record": ("Location",), "a record, by somebody of a structure": ("Location",)}
READ = [
    lambda repository: repository.read("Patient", "1"),
    lambda repository: repository.read("Observation", "1"),
    lambda repository: repository.show("Patient", "1", Act("read", Origin("someone"), "Patient", "1")),
    lambda repository: repository.show("Observation", "1", Act("read", Origin("someone"), "Observation", "1")),
    lambda repository: repository.read_many([("Observation", "1"), ("Condition", "2")]),
    lambda repository: repository.vread("Observation", "1", 2),
    lambda repository: repository.vread_many([("Observation", "1", 2), ("Condition", "2", 1)]),
    lambda repository: repository.history(HistoryQuery("Observation", "1")),
    lambda repository: repository.history(HistoryQuery("Observation")),
]


@pytest.fixture
def searched(each_database: Database, definitions: Definitions, search_registry: SearchRegistry) -> PostgresStore:
    store = PostgresStore(Connections(each_database.url, size=1), definitions.type_numbers)
    store.searching = PostgresSearch(search_registry)
    return store


@pytest.mark.parametrize("named", GRANTS)
async def test_what_is_within_reach_is_found_along_indexes(
    searched: PostgresStore, search_registry: SearchRegistry, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    plans: list[str] = []
    rows = Runner.rows

    async def explained(self: Runner, statement: str, *arguments: Any, again: bool = True) -> Any:
        found = await rows(self, f"EXPLAIN (COSTS OFF, VERBOSE) {statement}", *arguments)
        plans.append("\n".join(line for (line,) in found))
        return await rows(self, statement, *arguments, again=again)

    whole = searched.repository(1)
    assert isinstance(whole, PostgresRepository)
    limited = whole.within(Reach(search_registry, 1, GRANTS[named]))
    await searched.cursors(whole.runner)
    monkeypatch.setattr(Runner, "rows", explained)
    lacking = []
    for address in CONDITIONS:
        if address.startswith(ELSEWHERE.get(named, ("nothing",))):
            continue
        plans.clear()
        await search(limited, search_registry, address)
        plan = "\n".join(plans)
        lacking += [f"{address}: {each}" for each in _wide(plan)]
    for act in READ:
        plans.clear()
        await act(limited)
        lacking += [each for plan in plans for each in _wide(plan)]
    await searched.close()
    assert not lacking, lacking[0]


def _wide(plan: str) -> list[str]:
    """Return what reads a table whole, or an index by the tenant alone."""
    tables = re.findall(r"Seq Scan on public.*", plan)
    return tables + [each for each in re.findall(r"Index Cond: .*", plan) if " AND (" not in each]
