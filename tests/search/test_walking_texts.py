"""Texts that many resources share: each of the different ones is walked in the order of rows."""

from typing import Any

import pytest

from tests.search.conftest import Find, Put, ids
from usager_server.repository import search_choice, search_sql
from usager_server.repository.search_pages import count_texts
from usager_server.search.lookups import Strings

PEOPLE = 120
ADDRESSES = {
    "Patient?family=nom": lambda number: True,
    "Patient?family=nom1": lambda number: number % 7 == 1,
    "Patient?name=nom1,zoe": lambda number: number % 7 == 1 or number % 2 == 0,
    "Patient?family=nom&gender=female": lambda number: number % 2 == 0,
    "Patient?family:exact=NOM2&given=zoe": lambda number: number % 7 == 2 and number % 2 == 0,
    "Patient?family:exact=Nom2": lambda number: False,
    "Patient?name:contains=om": lambda number: True,
    "Patient?name:contains=om3,ax&gender=female": lambda number: number % 14 == 10,
    "Patient?family:contains=OM,zzzz": lambda number: True,
    "Patient?family:contains=zzz": lambda number: number % 5 == 0,
    "Patient?family:contains=zzz&gender=male": lambda number: number % 10 == 5,
}


@pytest.fixture
async def people(put: Put) -> None:
    await put(*(_person(number) for number in range(PEOPLE)))


def _person(number: int) -> dict[str, Any]:
    woman = number % 2 == 0
    return {
        "resourceType": "Patient",
        "id": f"p{number}",
        "gender": "female" if woman else "male",
        "name": [
            {"family": f"NOM{number % 7}", "given": ["Zoé" if woman else "Max"]},
            *([{"family": "z" * 70}] if number % 5 == 0 else ()),
        ],
    }


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("texts", [0, 3, 300])
async def test_every_page_is_right_however_many_texts_are_walked(
    find: Find, monkeypatch: pytest.MonkeyPatch, texts: int
) -> None:
    monkeypatch.setattr(search_choice, "FEW_STRUNG", 10)
    monkeypatch.setattr(search_choice, "FEW", 20)
    monkeypatch.setattr(search_choice, "FEW_ALONE", 40)
    monkeypatch.setattr(search_sql, "TEXTS_WALKED", texts)
    for address, finds in ADDRESSES.items():
        expected = [f"p{number}" for number in reversed(range(PEOPLE)) if finds(number)]
        assert await _all(find, f"{address}&_count=7") == expected, address


@pytest.mark.usefixtures("people")
async def test_texts_are_walked_once_they_were_counted(find: Find, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[Strings] = []

    def noted(strings: Strings, most: int) -> Any:
        counted.append(strings)
        return count_texts(strings, most)

    monkeypatch.setattr(search_choice, "FEW_STRUNG", 10)
    monkeypatch.setattr(search_sql, "count_texts", noted)
    monkeypatch.setattr(search_sql, "gather", _refused_after(search_sql.gather))
    for _ in range(3):
        assert len(ids(await find("Patient?family=nom&_count=7"))) == 7
    assert len(counted) == 1


def _refused_after(once: Any) -> Any:
    """Return the function for its first call; the next one fails."""
    calls = iter([once])
    return lambda *arguments: next(calls)(*arguments)


async def _all(find: Find, address: str) -> list[str]:
    found, cursor = [], ""
    while True:
        page = await find(address + cursor)
        found += ids(page)
        if page.next is None:
            return found
        cursor = f"&_cursor={page.next}"
