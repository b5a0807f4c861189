"""A common condition sorted by something else: a walk along the order, the matches gathered when it is in vain."""

from typing import Any

import pytest

from tests.search.conftest import Find, Put, ids
from usager_server.repository import search_sql
from usager_server.repository.search_choice import walked_first
from usager_server.repository.search_orders import CodeOrder, ColumnOrder, IndexOrder
from usager_server.repository.search_pages import Statement
from usager_server.repository.search_sql import walk_order

PEOPLE = 300
ADDRESSES = [
    "Patient?gender=female&_sort=family&_count=7",
    "Patient?gender=female&_sort=-family&_count=7",
    "Patient?gender=female&_sort=-birthdate&_count=7",
    "Patient?gender=female&_sort=_lastUpdated&_count=7",
    "Patient?gender=female&active=true&_sort=given&_count=7",
    # All women are at the end of this order.
    "Patient?gender=female&_sort=address-city&_count=7",
]


@pytest.fixture
async def people(put: Put) -> None:
    await put(*(_person(number) for number in range(PEOPLE)))


def _person(number: int) -> dict[str, Any]:
    is_woman = number % 2 == 0
    given = [f"Zoe{number % 11}", f"Anne{number % 13}"]
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "gender": "female" if is_woman else "male",
        "active": number % 3 > 0,
        "name": [{"given": given, **({"family": f"Nom{number * 37 % 100:02}"} if number % 10 else {})}],
        "birthDate": f"{1920 + number % 90}-01-01",
        "address": [{"city": f"{'Z' if is_woman else 'A'}{number:03}"}],
    }


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("address", ADDRESSES)
async def test_every_page_is_what_gathering_gives(find: Find, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    walked = await _all(find, address)
    monkeypatch.setattr(search_sql, "walked_first", lambda *_: None)
    assert await _all(find, address) == walked
    assert len(walked) == len(set(walked)) > 50


@pytest.mark.usefixtures("people")
async def test_a_walk_in_vain_is_not_tried_again(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[int | None] = []

    def noted(*arguments: Any) -> Statement:
        walks.append(arguments[3])
        return walk_order(*arguments)

    monkeypatch.setattr(search_sql, "walk_order", noted)
    for _ in range(3):
        assert ids(await find(ADDRESSES[-1])) == [f"p{number}" for number in range(0, 14, 2)]
    assert walks == [PEOPLE // 4]
    for _ in range(3):
        await find(ADDRESSES[0])
    assert walks == [PEOPLE // 4] * 4


def test_a_walk_is_worth_a_try_when_the_condition_fills_many_pages() -> None:
    along = (IndexOrder("index_string", ((1, 2),)),)
    assert walked_first(1000, along, 21) == walked_first(1000, (ColumnOrder("id"),), 21) == 500
    assert walked_first(200, along, 21) is None
    assert walked_first(None, along, 21) is None
    assert walked_first(1000, along * 2, 21) is None
    assert walked_first(1000, (CodeOrder(()),), 21) is None


async def _all(find: Find, address: str) -> list[str]:
    """Return the ids of every page."""
    found, cursor = [], ""
    while True:
        page = await find(address + cursor)
        found += ids(page)
        if page.next is None:
            return found
        cursor = f"&_cursor={page.next}"
