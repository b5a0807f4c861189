"""The bytes of Binary resources."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.conftest import Database
from tests.repository.drafting import patient
from tests.repository.looking import look
from usager_server.errors import NotFound
from usager_server.repository import contents
from usager_server.repository.contents import PART_BYTES
from usager_server.repository.postgres import PostgresRepository


async def chunks(data: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@pytest.mark.parametrize("size", [0, 1, PART_BYTES - 1, PART_BYTES, 2 * PART_BYTES + 7])
async def test_what_goes_in_comes_out(repository: PostgresRepository, size: int) -> None:
    data = bytes(number % 251 for number in range(1000)) * (size // 1000 + 1)
    key = await repository.write_content(chunks(data[:size], 100_003))
    pieces = [piece async for piece in repository.read_content(key)]
    assert b"".join(pieces) == data[:size]
    assert max(map(len, pieces)) <= PART_BYTES
    assert await repository.content_size(key) == size


async def test_another_tenant_finds_nothing(
    repository: PostgresRepository, other_repository: PostgresRepository
) -> None:
    key = await repository.write_content(chunks(b"secret", 3))
    with pytest.raises(NotFound):
        async for _ in other_repository.read_content(key):
            pass
    assert await other_repository.content_size(key) is None


async def test_a_version_names_its_bytes(repository: PostgresRepository) -> None:
    key = await repository.write_content(chunks(b"pdf", 3))
    await repository.create([patient("one", content=key)])
    await repository.update(patient("one"))
    first, second = await repository.vread("Patient", "one", 1), await repository.read("Patient", "one")
    assert first is not None and first.content == key
    assert second is not None and second.content is None


async def test_bytes_nobody_names_are_removed(repository: PostgresRepository, database: Database) -> None:
    current, superseded, orphan = [await repository.write_content(chunks(b"x", 1)) for _ in range(3)]
    await repository.create([patient("one", content=superseded)])
    await repository.update(patient("one", content=current))
    assert await repository.delete_orphan_contents() == 0
    assert await repository.delete_orphan_contents(timedelta(seconds=-1)) == 1
    left = {str(key) for (key,) in await look(database, "SELECT key FROM content")}
    assert left == {current, superseded} != {orphan}


async def test_an_upload_that_breaks_off_leaves_no_resource(repository: PostgresRepository) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield bytes(PART_BYTES)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await repository.write_content(broken())
    assert await repository.delete_orphan_contents(timedelta(seconds=-1)) == 1


async def test_those_of_a_large_store_are_looked_for_some_at_a_time(
    repository: PostgresRepository, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "LOOKED_AT", 2)
    keys = [await repository.write_content(chunks(b"x", 1)) for _ in range(7)]
    await repository.create([patient("one", content=keys[3])])
    assert await repository.delete_orphan_contents(timedelta(seconds=-1)) == 6
    assert [str(key) for (key,) in await look(database, "SELECT key FROM content")] == [keys[3]]
