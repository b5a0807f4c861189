"""Whom conditions name: many of them in few statements."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Database
from tests.repository.drafting import now
from usager_server.repository.connections import Connections
from usager_server.repository.drafts import draft
from usager_server.repository.postgres import PostgresRepository, PostgresStore
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.parameters import SearchRegistry
from usager_server.search.parse import parse_query
from usager_server.search.query import SearchQuery


@pytest.fixture
async def counted(
    database: Database, search_registry: SearchRegistry
) -> AsyncIterator[tuple[PostgresRepository, list[str]]]:
    """A repository with a hundred persons, number 7 twice, and the list that each statement sent is added to."""
    connections = Connections(database.url, size=1)
    store = PostgresStore(connections, search_registry.definitions.type_numbers)
    store.searching = PostgresSearch(search_registry)
    repository = store.repository(1)
    numbers = [*range(100), 7]
    people = [
        {"resourceType": "Patient", "gender": "female", "identifier": [{"system": "urn:s", "value": f"n{number}"}]}
        for number in numbers
    ]
    await repository.create(
        [
            draft(one, f"p{place}", tenant=1, now=now(), registry=search_registry, method="POST")
            for place, one in enumerate(people)
        ]
    )
    await repository.matches([])
    sent: list[str] = []
    async with connections.borrowed() as connection:
        connection.add_query_logger(lambda record: sent.append(record.query))
    yield repository, sent
    await connections.close()


@pytest.fixture
def query(search_registry: SearchRegistry):
    """Make a search for Patients."""

    def made(*pairs: tuple[str, str]) -> SearchQuery:
        return parse_query(search_registry, ["Patient"], pairs, strict=True)

    return made


async def test_conditions_on_an_identifier_take_one_statement_for_500(counted, query):
    repository, sent = counted
    found = await repository.matches([query(("identifier", f"urn:s|n{number}")) for number in range(1000)])
    await asyncio.sleep(0)
    assert len(sent) == 2
    assert [len(each) for each in found[:10]] == [1, 1, 1, 1, 1, 1, 1, 2, 1, 1]
    assert [len(each) for each in found[100:]] == [0] * 900
    assert found[3][0].id == "p3"


async def test_other_conditions_are_searched_for_each_in_its_place(counted, query):
    repository, _ = counted
    by_code = query(("gender", "female"))
    by_both = query(("gender", "female"), ("identifier", "urn:s|n5"))
    either = query(("identifier", "urn:s|n5,urn:s|n6"))
    nobody = query(("_id", "nobody"))
    found = await repository.matches([nobody, by_code, by_both, either])
    assert [len(each) for each in found] == [0, 2, 1, 2]
