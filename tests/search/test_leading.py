"""Which condition is gathered: the one that finds least, known or not."""

from typing import Any

import pytest

from tests.search.conftest import Find, Put, ids
from usager_server.repository import search_sql
from usager_server.repository.search_choice import GLADLY
from usager_server.repository.search_pages import Statement, gather
from usager_server.search.lookups import Lookup, References, Tokens

OBSERVATIONS = GLADLY + 20
OF_ONE = "Observation?code=8480-6&subject=Patient/p7&_sort=-date"


@pytest.fixture
async def pressures(put: Put) -> None:
    await put(*({"resourceType": "Patient", "id": f"p{number}"} for number in range(10)))
    await put(*(_pressure(number) for number in range(OBSERVATIONS)))


def _pressure(number: int) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": f"o{number}",
        "status": "final",
        "code": {"coding": [{"code": "8480-6"}]},
        "subject": {"reference": f"Patient/p{number % 10}"},
        "effectiveDateTime": f"{1800 + number}-01-01",
    }


@pytest.mark.usefixtures("pressures")
async def test_what_one_person_has_is_gathered_although_the_code_was_counted(
    find: Find, monkeypatch: pytest.MonkeyPatch
) -> None:
    gathered: list[type[Lookup]] = []

    def noted(leader: Lookup, *others: Any) -> Statement:
        gathered.append(type(leader))
        return gather(leader, *others)

    monkeypatch.setattr(search_sql, "gather", noted)
    await find("Observation?code=8480-6&_sort=-date")
    expected = [f"o{number}" for number in reversed(range(7, OBSERVATIONS, 10))]
    assert ids(await find(OF_ONE)) == expected
    assert ids(await find(OF_ONE)) == expected
    assert gathered == [Tokens, References, References]
