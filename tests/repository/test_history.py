"""History: its order, its pages, what they hold while others write."""

import asyncio
from datetime import timedelta

import pytest

from tests.conftest import Database
from tests.repository.drafting import now, patient
from tests.repository.looking import look
from usager_server.errors import Invalid
from usager_server.repository import HistoryQuery, Stored
from usager_server.repository.postgres import PostgresRepository


async def versions(repository: PostgresRepository, query: HistoryQuery) -> list[tuple[str, int]]:
    return [(one.id, one.version) for one in await every_version(repository, query)]


async def every_version(repository: PostgresRepository, query: HistoryQuery) -> list[Stored]:
    """Return the versions of all pages."""
    found, cursor = [], query.cursor
    while True:
        fields = {name: getattr(query, name) for name in query.__slots__} | {"cursor": cursor}
        page = await repository.history(HistoryQuery(**fields))
        found += [entry.stored for entry in page.entries]
        if (cursor := page.next) is None:
            return found


async def three_versions(repository: PostgresRepository, name: str) -> list[Stored]:
    """Create, change and delete a Patient, and return the versions."""
    first, second = patient(name, method="POST"), patient(name, family="Durand")
    await repository.create([first])
    await repository.update(second)
    deleted = await repository.delete("Patient", name, last_updated=now())
    assert deleted is not None
    return [first.stored(1), second.stored(2), deleted]


async def test_of_one_resource_newest_first(repository: PostgresRepository) -> None:
    made = await three_versions(repository, "one")
    await three_versions(repository, "two")
    assert await every_version(repository, HistoryQuery("Patient", "one")) == made[::-1]


@pytest.mark.parametrize("query", [HistoryQuery("Patient", "one"), HistoryQuery("Patient"), HistoryQuery()])
async def test_pages_of_one_hold_the_same(repository: PostgresRepository, query: HistoryQuery) -> None:
    made = await three_versions(repository, "one")
    small = HistoryQuery(query.type, query.id, count=1)
    assert await every_version(repository, small) == made[::-1]


async def test_of_a_type_or_of_all(repository: PostgresRepository) -> None:
    await three_versions(repository, "one")
    assert len(await versions(repository, HistoryQuery("Patient"))) == 3
    assert await versions(repository, HistoryQuery("Practitioner")) == []
    assert len(await versions(repository, HistoryQuery())) == 3
    assert len(await versions(repository, HistoryQuery(types=("Patient", "Group")))) == 3
    assert await versions(repository, HistoryQuery(types=("Group",))) == []


async def test_since(repository: PostgresRepository) -> None:
    start = now()
    for number in range(3):
        await repository.update(patient("one", instant=start + number * timedelta(seconds=1)))
    since = HistoryQuery("Patient", "one", since=start + timedelta(seconds=1))
    assert await versions(repository, since) == [("one", 3), ("one", 2)]


@pytest.mark.parametrize(
    ("at", "until", "expected"), [(-1, None, []), (0, None, [1]), (1.5, None, [2]), (9, None, [3]), (0.5, 1.5, [2, 1])]
)
async def test_at(repository: PostgresRepository, at: float, until: float | None, expected: list[int]) -> None:
    start = now()
    for number in range(3):
        await repository.update(patient("one", instant=start + number * timedelta(seconds=1)))
    query = HistoryQuery(
        "Patient",
        at=start + timedelta(seconds=at),
        until=None if until is None else start + timedelta(seconds=until),
    )
    assert [version for _, version in await versions(repository, query)] == expected


async def test_a_cursor_that_is_not_ours_is_refused(repository: PostgresRepository) -> None:
    await three_versions(repository, "one")
    cursor = (await repository.history(HistoryQuery("Patient", count=1))).next
    assert cursor is not None
    for other in (
        HistoryQuery("Patient", cursor="nonsense"),
        HistoryQuery("Patient", cursor=cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")),
        HistoryQuery(cursor=cursor),
    ):
        with pytest.raises(Invalid):
            await repository.history(other)


async def test_a_cursor_of_another_tenant_is_refused(
    repository: PostgresRepository, other_repository: PostgresRepository
) -> None:
    await three_versions(repository, "one")
    cursor = (await repository.history(HistoryQuery("Patient", count=1))).next
    with pytest.raises(Invalid):
        await other_repository.history(HistoryQuery("Patient", cursor=cursor))


async def test_pages_while_others_write_have_no_double_and_no_gap(repository: PostgresRepository) -> None:
    names = [f"p{number}" for number in range(30)]
    await repository.create([patient(name) for name in names])
    for name in names[:10]:
        await repository.update(patient(name))
    before = set(await versions(repository, HistoryQuery("Patient")))
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            for name in names:
                await repository.update(patient(name))
                await asyncio.sleep(0)

    writer = asyncio.create_task(write())
    found = await versions(repository, HistoryQuery("Patient", count=3))
    stop.set()
    await writer
    assert len(found) == len(set(found))
    assert before <= set(found)


async def test_superseded_versions_lie_in_the_partition_of_their_month(
    repository: PostgresRepository, database: Database
) -> None:
    await three_versions(repository, "one")
    ((name, count),) = await look(database, "SELECT tableoid::regclass::text, count(*) FROM history GROUP BY 1")
    assert (name, count) == (f"history_{now():%Y_%m}", 2)


async def test_a_partition_made_late_takes_its_rows_out_of_the_default_one(
    repository: PostgresRepository, other_repository: PostgresRepository, database: Database
) -> None:
    far = now() + timedelta(days=800)
    for tenant, store in ((1, repository), (2, other_repository)):
        await store.create([patient("one", instant=far, tenant=tenant)])
        await store.update(patient("one", tenant=tenant, instant=far))
    assert await look(database, "SELECT count(*) FROM history_default") == [(2,)]
    await look(database, "SELECT create_history_partitions($1, 1)", far.date())
    assert await look(database, "SELECT count(*) FROM history_default") == [(0,)]
    stored = await repository.vread("Patient", "one", 1)
    assert stored is not None and stored.last_updated == far
