"""Measure/$evaluate-measure: only the structures that a caller works in, only the persons within reach."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.access.conftest import World, person
from tests.access.test_rights import episode
from tests.served import make_client
from usager_server.access.grant import Grant
from usager_server.indicators.evaluate_operation import REPORTS_AT_ONCE, evaluate_measure
from usager_server.indicators.indicator import Asked, Figure
from usager_server.indicators.ins import INS_DASHBOARD
from usager_server.interactions.session import House, Session

pytestmark = pytest.mark.requirement("TBB.INS.01")

SCOPES = "user/Patient.rs user/Organization.r"


@pytest.fixture
async def homes(world: World) -> World:
    """Two persons stay in the house, one in another home, one in both."""
    await world.put({"resourceType": "Organization", "id": "other", "name": "Les Lilas"})
    for name, structures in (("a", ["house"]), ("b", ["house", "other"]), ("c", ["other"])):
        await world.put(person(name, f"Famille {name}"))
        for structure in structures:
            await world.put(episode(f"{name}-{structure}", name, structure))
    return world


class Asking:
    """Asks for the report under grants."""

    def __init__(self, house: House, tenant: int) -> None:
        operation = evaluate_measure([INS_DASHBOARD])
        self._house = replace(house, operations={("Measure", operation.code): operation})
        self._tenant = tenant

    async def __call__(self, scopes: str, subject: str = "", **grant: Any) -> httpx.Response:
        """Return the answer about a structure, or all of them."""
        params = {"periodStart": "2026", "periodEnd": "2026"} | ({"subject": subject} if subject else {})
        async with make_client(self._house, self._tenant, Grant.of(scopes, **grant)) as client:
            return await client.get("/Measure/tbb-ins/$evaluate-measure", params=params)


@pytest.fixture
async def asking(house: House, tenant: int, homes: World) -> AsyncIterator[Asking]:
    """Who asks."""
    yield Asking(house, tenant)


async def test_reports_leave_the_connections_to_others(house: House, tenant: int) -> None:
    under_way: list[int] = []
    most = 0

    async def slow(_session: Session, _asked: Asked) -> Sequence[Figure]:
        nonlocal most
        under_way.append(1)
        most = max(most, len(under_way))
        await asyncio.sleep(0.02)
        under_way.pop()
        return [Figure("X", 0)]

    operation = evaluate_measure([replace(INS_DASHBOARD, evaluate=slow)])
    params = {"periodStart": "2026", "periodEnd": "2026"}
    async with make_client(replace(house, operations={("Measure", operation.code): operation}), tenant) as client:
        asked = [client.get("/Measure/tbb-ins/$evaluate-measure", params=params) for _ in range(6)]
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 6
    assert most == REPORTS_AT_ONCE


def counted(answer: httpx.Response) -> int:
    """Return how many persons a report is about."""
    assert answer.status_code == 200, answer.text
    number: int = answer.json()["group"][0]["population"][0]["count"]
    return number


async def test_who_works_in_a_structure_sees_its_numbers_and_no_others(asking: Asking):
    assert counted(await asking(SCOPES, "Organization/house", structures=["house"])) == 2
    refused = await asking(SCOPES, "Organization/other", structures=["house"])
    assert refused.status_code == 403
    assert (await asking(SCOPES, "Organization/other", structures=[])).status_code == 403


async def test_who_works_in_one_structure_need_not_name_it(asking: Asking):
    answer = await asking(SCOPES, structures=["house"])
    assert counted(answer) == 2
    assert answer.json()["reporter"]["reference"] == "Organization/house"
    assert (await asking(SCOPES, structures=["house", "other"])).status_code == 403


async def test_who_may_see_the_whole_organisation_counts_each_person_once(asking: Asking):
    assert counted(await asking("system/Patient.rs system/Organization.r")) == 3
    assert counted(await asking("system/Patient.rs system/Organization.r", "Organization/other")) == 2


async def test_a_scope_that_is_narrowed_narrows_the_numbers(asking: Asking, homes: World):
    await homes.put(person("a", "Famille a", gender="female"))
    scopes = "system/Patient.rs?gender=female system/Organization.r"
    assert counted(await asking(scopes, "Organization/house")) == 1


@pytest.mark.parametrize(
    ("scopes", "grant"),
    [
        ("patient/*.rs user/Organization.r", {"patient": "a"}),
        ("user/Observation.rs user/Organization.r", {}),
        ("user/Patient.r user/Organization.r", {}),
        ("user/Patient.rs user/Organization.r", {"roles": ["administrator"]}),
    ],
)
async def test_who_may_not_search_persons_is_told_no_number(asking: Asking, scopes: str, grant: dict[str, Any]):
    assert (await asking(scopes, "Organization/house", **grant)).status_code == 403
