"""Whatever one tenant does, every byte another sees stays the same."""

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.repository.drafting import now, patient
from usager_server.errors import FHIRError
from usager_server.repository import Change, HistoryQuery, Page
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.index import IndexRows

NAMES = ("one", "two", "three")
ROWS = IndexRows(tokens=[(1, 1), (1, 2)], strings=[(1, "martin", 0)], references=[(1, 2)], dates=[(1, 2, 3)])

Act = Callable[[PostgresRepository, str], Awaitable[object]]


async def _in_a_transaction(repository: PostgresRepository, name: str) -> None:
    async with repository.transaction() as inside:
        await inside.claim(name)
        await inside.write([Change(patient(name, rows=ROWS)), Change(patient(f"{name}-more"))])


ACTS: dict[str, Act] = {
    "create": lambda repository, name: repository.create([patient(name, rows=ROWS)]),
    "update": lambda repository, name: repository.update(patient(name, family="Other")),
    "update at": lambda repository, name: repository.update(patient(name), expected_version=1),
    "delete": lambda repository, name: repository.delete("Patient", name, last_updated=now()),
    "transaction": _in_a_transaction,
    "orphans": lambda repository, _name: repository.delete_orphan_contents(),
}


async def _view(repository: PostgresRepository) -> tuple[object, Page]:
    return await repository.read_many([("Patient", name) for name in NAMES]), await repository.history(HistoryQuery())


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.sampled_from(NAMES)), max_size=8))
async def test_a_view_is_untouched(
    repository: PostgresRepository, other_repository: PostgresRepository, acts: list[tuple[str, str]]
) -> None:
    await other_repository.update(patient("one", tenant=2, rows=ROWS))
    await other_repository.update(patient("two", tenant=2))
    before = await _view(other_repository)
    for act, name in acts:
        try:
            await ACTS[act](repository, name)
        except FHIRError:
            await asyncio.sleep(0)
    assert await _view(other_repository) == before
