"""How often an interaction goes to the database: once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.conftest import Database
from tests.repository.drafting import now, patient
from usager_server.definitions import Definitions
from usager_server.repository import Change
from usager_server.repository.connections import Connections
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.search.index import IndexRows
from usager_server.traces.act import Act
from usager_server.traces.event import Origin

Doing = Callable[[PostgresRepository], Awaitable[Any]]

ROWS = IndexRows(
    tokens=[(1, 1)], references=[(1, 2)], strings=[(1, "a", 0)], dates=[(1, 2, 3)], numbers=[(1, 2.0, 3.0)]
)

READING = Act("read", Origin("someone"), "Patient", "one")


@pytest.fixture
async def counted(database: Database, definitions: Definitions) -> AsyncIterator[tuple[PostgresRepository, list[str]]]:
    """A repository with two Patients, and the list that each statement sent is added to."""
    connections = Connections(database.url, size=1)
    repository = PostgresStore(connections, definitions.type_numbers).repository(1)
    await repository.create([patient("one"), patient("two")])
    await repository.update(patient("two"))
    sent: list[str] = []
    async with connections.borrowed() as connection:
        connection.add_query_logger(lambda record: sent.append(record.query))
    yield repository, sent
    await connections.close()


async def transaction_of_fifty(repository: PostgresRepository) -> None:
    async with repository.transaction() as inside:
        await inside.create([patient(rows=IndexRows(tokens=[(1, n)])) for n in range(50)])


async def twenty_shown_at_once(repository: PostgresRepository) -> None:
    await asyncio.gather(*(repository.show("Patient", "one", READING) for _ in range(20)))


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (lambda repository: repository.read("Patient", "one"), 1),
        (lambda repository: repository.show("Patient", "one", READING), 1),
        (twenty_shown_at_once, 1),
        (lambda repository: repository.vread("Patient", "one", 1), 1),
        (lambda repository: repository.vread("Patient", "two", 1), 1),
        (lambda repository: repository.vread_many([("Patient", "one", 1), ("Patient", "two", 1)]), 1),
        (lambda repository: repository.read_many([("Patient", "one"), ("Patient", "two")]), 1),
        (lambda repository: repository.create([patient(rows=ROWS)]), 1),
        (lambda repository: repository.create([patient(rows=ROWS) for _ in range(100)]), 1),
        (lambda repository: repository.update(patient("one", rows=ROWS)), 1),
        (lambda repository: repository.delete("Patient", "one", last_updated=now()), 1),
        (transaction_of_fifty, 3),
        (lambda repository: repository.write([Change(patient(f"new-{n}")) for n in range(50)]), 4),
    ],
)
async def test_trips(counted: tuple[PostgresRepository, list[str]], act: Doing, expected: int) -> None:
    repository, sent = counted
    await act(repository)
    await asyncio.sleep(0)  # the driver tells of a statement once the loop turns
    assert len(sent) == expected
