"""Pages: orders, links forward and back, totals, and what happens when the counted conditions are common."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest

from tests.search.conftest import Find, Put, ids, search
from usager_server.errors import Invalid, TooCostly
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.parameters import SearchRegistry

NAMES = ("Morel", "Blanc", "Éluard", "Blanc", None, "Zola", "Aragon", "Hugo", "Blanc", "Sand", None, "Colette", "Gide")


@pytest.fixture
async def people(put: Put) -> None:
    await put(*(person(number) for number in range(39)))


def person(number: int) -> dict[str, Any]:
    name = NAMES[number % 13]
    return {
        "resourceType": "Patient",
        "id": f"p{number:02}",
        "gender": ("male", "female", "other")[number % 3] if number % 5 else None,
        "birthDate": f"{1950 + number % 7}-0{1 + number % 4}-01" if number % 4 else None,
        "name": [{"family": name, "given": [f"Given{number % 2}"]}, {"family": f"{name}-Second"}] if name else None,
    } | {"identifier": [{"system": "urn:x", "value": f"{number * 7919 % 1000:03}"}]}


async def walk(find: Find, address: str, link: str = "next") -> list[str]:
    """Return the ids of every page from an address on, in the order they came."""
    collected, page = [], await find(address)
    while True:
        collected += [ids(page)]
        cursor = getattr(page, link)
        if cursor is None:
            break
        page = await find(f"{address}&_cursor={cursor}")
    return [one for part in (collected if link == "next" else reversed(collected)) for one in part]


ORDERS = (
    "",
    "_sort=birthdate",
    "_sort=-birthdate",
    "_sort=family",
    "_sort=-family",
    "_sort=gender",
    "_sort=-gender",
    "_sort=_id",
    "_sort=-_id",
    "_sort=_lastUpdated",
    "_sort=-_lastUpdated",
    "_sort=family,-birthdate",
    "_sort=-birthdate,family",
    "_sort=gender,family",
    "_sort=-gender,-birthdate,given",
    "_sort=given,gender,_id",
)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("gathering", [True, False])
async def test_pages_of_every_order_give_each_match_once(find: Find, gathering: bool) -> None:
    """Both ways to find a page: the matches gathered and sorted, and an index walked in the order asked for."""
    most = 5000 if gathering else 1
    with patch("usager_server.repository.search_sql.most_gathered", lambda *_, **__: most):
        for order in ORDERS:
            whole = ids(await find(f"Patient?active:missing=true&{order}"))
            assert sorted(whole) == [f"p{number:02}" for number in range(39)], order
            address = f"Patient?active:missing=true&{order}&_count=4"
            assert await walk(find, address) == whole, order


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("gathering", [True, False])
async def test_pages_can_be_turned_back(find: Find, gathering: bool) -> None:
    most = 5000 if gathering else 1
    with patch("usager_server.repository.search_sql.most_gathered", lambda *_, **__: most):
        for order in ORDERS:
            address = f"Patient?active:missing=true&{order}&_count=5"
            pages = [await find(address)]
            while pages[-1].next:
                pages.append(await find(f"{address}&_cursor={pages[-1].next}"))
            back = [pages[-1]]
            while back[-1].previous:
                back.append(await find(f"{address}&_cursor={back[-1].previous}"))
            assert [ids(page) for page in reversed(back)] == [ids(page) for page in pages], order


@pytest.mark.usefixtures("people")
async def test_both_ways_agree_on_the_order(find: Find) -> None:
    for order in ORDERS:
        answers = []
        for most in (5000, 1):
            with patch("usager_server.repository.search_sql.most_gathered", lambda *_, most=most, **__: most):
                answers.append(ids(await find(f"Patient?gender=male,female&{order}")))
        assert answers[0] == answers[1], order


@pytest.mark.usefixtures("people")
async def test_the_least_value_counts_upwards_and_the_greatest_downwards(find: Find) -> None:
    upwards = ids(await find("Patient?_sort=family&_count=3"))
    assert {int(one[1:]) % 13 for one in upwards} == {6}
    downwards = ids(await find("Patient?_sort=-family&_count=3"))
    assert {int(one[1:]) % 13 for one in downwards} == {5}
    assert {int(one[1:]) % 13 for one in ids(await find("Patient?_sort=-family"))[-6:]} == {4, 10}


@pytest.mark.usefixtures("people")
async def test_identifiers_are_sorted_when_the_matches_are_few(find: Find) -> None:
    matches = ids(await find("Patient?gender=male&_sort=identifier"))
    values = [int(one[1:]) * 7919 % 1000 for one in matches]
    assert values == sorted(values)
    with (
        patch("usager_server.repository.search_sql.most_gathered", lambda *_, **__: 1),
        pytest.raises(TooCostly, match="search by gender sorted by identifier"),
    ):
        await find("Patient?gender=male&_sort=identifier&_count=2")


@pytest.mark.usefixtures("people")
async def test_totals_are_given_when_asked_for(find: Find) -> None:
    assert (await find("Patient?_count=3")).total is None
    assert (await find("Patient?_count=3&_total=accurate")).total == 39
    assert (await find("Patient?_count=3&_total=estimate")).total == 39
    assert (await find("Patient?birthdate:missing=true&_summary=count")).total == 10
    assert (await find("Patient?gender:not=male&_total=accurate&_count=1")).total == 29
    assert (await find("Patient?_count=0")).entries == ()


@pytest.mark.usefixtures("people")
async def test_deleted_resources_are_neither_found_nor_counted(find: Find, repository: PostgresRepository) -> None:
    for number in range(4):
        await repository.delete("Patient", f"p{number:02}", last_updated=datetime.now(UTC))
    for query in ("", "_sort=_id", "_sort=-_lastUpdated", "_sort=family", "gender:not=x", "_lastUpdated=gt2000"):
        page = await find(f"Patient?{query}&_total=accurate")
        assert (len(ids(page)), page.total) == (35, 35), query


@pytest.mark.usefixtures("people")
async def test_a_link_serves_its_query_and_its_caller_only(
    find: Find, repository: PostgresRepository, other_repository: PostgresRepository, search_registry: SearchRegistry
) -> None:
    link = (await find("Patient?_count=3")).next
    for address in ("Patient?_count=4", "Patient?_count=3&gender=male", "?_type=Patient&_count=3"):
        with pytest.raises(Invalid, match="not made by this server for this query"):
            await find(f"{address}&_cursor={link}")
    with pytest.raises(Invalid):
        await search(other_repository, search_registry, f"Patient?_count=3&_cursor={link}")


@pytest.mark.usefixtures("people")
async def test_another_tenant_finds_nothing(
    other_repository: PostgresRepository, search_registry: SearchRegistry
) -> None:
    for query in ("", "_total=accurate", "gender=male", "birthdate=ge1900", "family:contains=lan", "_sort=family"):
        page = await search(other_repository, search_registry, f"Patient?{query}")
        assert (ids(page), page.total or 0) == ([], 0)
