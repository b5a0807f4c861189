"""Create, read, update, delete: what is kept and what is said."""

import asyncio

import orjson
import pytest

from tests.conftest import Database
from tests.repository.drafting import now, patient
from tests.repository.looking import index_rows, look
from usager_server.errors import Conflict, NotFound, VersionConflict
from usager_server.repository import Change
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.index import IndexRows

ROWS = IndexRows(
    tokens=[(-1, 3), (1, -2), (1, 2)],
    references=[(10, 20), (10, 21)],
    strings=[(30, "martin", 7), (30, "zoe", -8), (30, "zoe", 9)],
    dates=[(40, 0, 86_400_000_000)],
    numbers=[(50, 1.5, 2.5)],
)


async def test_what_was_created_is_read_back(repository: PostgresRepository) -> None:
    draft = patient(method="POST")
    await repository.create([draft])
    stored = await repository.read("Patient", draft.id)
    assert stored == draft.stored(1)
    assert stored is not None and stored.document is not None
    assert orjson.loads(stored.document)["meta"]["versionId"] == "1"


async def test_the_unknown_is_none(repository: PostgresRepository) -> None:
    assert await repository.read("Patient", "nobody") is None
    assert await repository.read("NoSuchType", "nobody") is None
    assert await repository.vread("Patient", "nobody", 1) is None
    assert await repository.vread("Patient", "nobody", 2**40) is None


async def test_many_are_created_and_read_at_once(repository: PostgresRepository) -> None:
    drafts = [patient(rows=IndexRows(tokens=[(1, number)])) for number in range(50)]
    await repository.create(drafts)
    found = await repository.read_many([*(("Patient", draft.id) for draft in drafts), ("Patient", "nobody")])
    assert found == {("Patient", draft.id): draft.stored(1) for draft in drafts}


async def test_very_many_are_created_all_or_none(repository: PostgresRepository, database: Database) -> None:
    await repository.create([patient() for _ in range(1100)])
    assert await look(database, "SELECT count(*) FROM resource") == [(1100,)]
    with pytest.raises(Conflict):
        await repository.create([*(patient() for _ in range(1100)), patient("twice"), patient("twice")])
    assert await look(database, "SELECT count(*) FROM resource") == [(1100,)]


async def test_an_id_is_taken_once(repository: PostgresRepository) -> None:
    await repository.create([patient("one")])
    with pytest.raises(Conflict) as refusal:
        await repository.create([patient("two"), patient("one")])
    assert "one" not in refusal.value.issues[0].diagnostics
    assert await repository.read("Patient", "two") is None


async def test_an_update_makes_the_next_version(repository: PostgresRepository) -> None:
    first, second = patient("one"), patient("one", family="Durand")
    await repository.create([first])
    written = await repository.update(second)
    assert (written.stored, written.created) == (second.stored(2), False)
    assert await repository.read("Patient", "one") == second.stored(2)
    assert await repository.vread("Patient", "one", 1) == first.stored(1)
    assert await repository.vread("Patient", "one", 2) == second.stored(2)
    assert await repository.vread("Patient", "one", 3) is None


async def test_an_update_of_the_unknown_creates_it(repository: PostgresRepository) -> None:
    draft = patient("new")
    written = await repository.update(draft)
    assert (written.stored, written.created) == (draft.stored(1), True)
    assert await repository.read("Patient", "new") == draft.stored(1)


async def test_an_update_may_be_told_not_to_create(repository: PostgresRepository) -> None:
    with pytest.raises(NotFound):
        await repository.update(patient("new"), may_create=False)


async def test_the_version_expected_is_the_current_one(repository: PostgresRepository) -> None:
    await repository.create([patient("one")])
    await repository.update(patient("one"), expected_version=1)
    with pytest.raises(VersionConflict):
        await repository.update(patient("one"), expected_version=1)
    with pytest.raises(VersionConflict):
        await repository.update(patient("two"), expected_version=1)
    stored = await repository.read("Patient", "one")
    assert stored is not None and stored.version == 2


async def test_a_deletion_is_a_version_without_document(repository: PostgresRepository) -> None:
    await repository.create([patient("one")])
    deleted = await repository.delete("Patient", "one", last_updated=now())
    assert deleted is not None and (deleted.version, deleted.document, deleted.method) == (2, None, "DELETE")
    assert await repository.read("Patient", "one") == deleted
    assert await repository.vread("Patient", "one", 2) == deleted


async def test_a_second_deletion_changes_nothing(repository: PostgresRepository) -> None:
    await repository.create([patient("one")])
    deleted = await repository.delete("Patient", "one", last_updated=now())
    assert await repository.delete("Patient", "one", last_updated=now()) == deleted
    assert await repository.delete("Patient", "nobody", last_updated=now()) is None


async def test_a_deletion_checks_the_version(repository: PostgresRepository) -> None:
    await repository.create([patient("one")])
    with pytest.raises(VersionConflict):
        await repository.delete("Patient", "one", last_updated=now(), expected_version=7)


async def test_a_deleted_resource_comes_back_as_the_next_version(repository: PostgresRepository) -> None:
    await repository.create([patient("one")])
    await repository.delete("Patient", "one", last_updated=now())
    back = patient("one")
    written = await repository.update(back)
    assert (written.stored, written.created) == (back.stored(3), True)
    gone = await repository.vread("Patient", "one", 2)
    assert gone is not None and gone.document is None


async def test_index_rows_follow_the_resource(repository: PostgresRepository, database: Database) -> None:
    await repository.create([patient("one", rows=ROWS)])
    assert await index_rows(database) == ROWS
    fewer = IndexRows(tokens=[(1, 2), (1, 9)], references=[(10, 21)], strings=[(30, "zoe", 9), (31, "zoe", 9)])
    await repository.update(patient("one", rows=fewer))
    assert await index_rows(database) == fewer
    await repository.delete("Patient", "one", last_updated=now())
    assert await index_rows(database) == IndexRows()


async def test_index_rows_are_right_after_concurrent_updates(
    repository: PostgresRepository, database: Database
) -> None:
    await repository.create([patient("one", rows=IndexRows(tokens=[(1, -1)]))])
    drafts = [patient("one", rows=IndexRows(tokens=[(1, n)], strings=[(1, f"name {n}", n)])) for n in range(40)]
    written = await asyncio.gather(*(repository.update(draft) for draft in drafts))
    assert sorted(one.stored.version for one in written) == list(range(2, 42))
    last = next(draft for draft, one in zip(drafts, written, strict=True) if one.stored.version == 41)
    assert await index_rows(database) == last.index
    assert await repository.read("Patient", "one") == last.stored(41)


async def test_concurrent_creates_by_update_make_one(repository: PostgresRepository) -> None:
    written = await asyncio.gather(*(repository.update(patient("one")) for _ in range(16)))
    assert sum(one.created for one in written) == 1
    assert sorted(one.stored.version for one in written) == list(range(1, 17))


async def test_many_changes_are_written_in_their_order(repository: PostgresRepository) -> None:
    await repository.create([patient("old")])
    drafts = [patient("new"), patient("old", family="Durand")]
    written = await repository.write([Change(draft) for draft in drafts])
    assert [one.stored for one in written] == [drafts[0].stored(1), drafts[1].stored(2)]
    assert [one.created for one in written] == [True, False]


async def test_many_changes_are_written_all_or_none(repository: PostgresRepository) -> None:
    await repository.create([patient("old")])
    with pytest.raises(VersionConflict):
        await repository.write([Change(patient("new")), Change(patient("old"), expected_version=5)])
    assert await repository.read("Patient", "new") is None


async def test_opposite_orders_do_not_deadlock(repository: PostgresRepository) -> None:
    names = [f"p{number}" for number in range(10)]
    await repository.create([patient(name) for name in names])

    async def write(order: list[str]) -> None:
        await repository.write([Change(patient(name)) for name in order])

    await asyncio.gather(*(write(names if turn % 2 else names[::-1]) for turn in range(12)))
    stored = await repository.read("Patient", "p0")
    assert stored is not None and stored.version == 13


async def test_a_transaction_is_kept_or_undone_whole(repository: PostgresRepository) -> None:
    async with repository.transaction() as inside:
        await inside.create([patient("kept")])
        assert await inside.read("Patient", "kept") is not None
        assert await repository.read("Patient", "kept") is None
    with pytest.raises(NotFound):
        async with repository.transaction() as inside:
            await inside.create([patient("undone")])
            raise NotFound("stop")
    assert await repository.read("Patient", "kept") is not None
    assert await repository.read("Patient", "undone") is None


async def test_a_row_number_taken_is_replaced(repository: PostgresRepository) -> None:
    first, second = patient("one"), patient("two", rows=IndexRows(tokens=[(1, 5)]))
    object.__setattr__(second, "row", first.row)
    await repository.create([first])
    await repository.create([second])
    assert await repository.read("Patient", "two") == second.stored(1)


async def test_a_write_that_always_comes_second_says_so(
    repository: PostgresRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(_draft: object) -> bool:
        return False

    monkeypatch.setattr(repository._writer, "_created", never)
    with pytest.raises(Conflict):
        await repository.update(patient("never"))
    assert await repository.read("Patient", "never") is None


async def test_the_first_hundreds_are_counted_at_once(repository: PostgresRepository, database: Database) -> None:
    await repository.create([patient() for _ in range(300)])
    count = "SELECT reltuples FROM pg_class WHERE relname = 'resource'"
    async with asyncio.timeout(20):
        while await look(database, count) != [(300.0,)]:  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.05)
