"""Group/[id]/$household of the profile AHI."""

from datetime import date

import httpx
import pytest

from tests.whole import stored, values
from usager_ahi.household import Household, household

TODAY = date(2026, 11, 22)
WOMAN = {"gender": "female", "birthDate": "1990-05-01"}
MAN = {"gender": "male", "birthDate": "1988"}
CHILD = {"gender": "female", "birthDate": "2015-02"}


@pytest.mark.parametrize(
    ("people", "couple", "code"),
    [
        ([MAN], False, "10"),
        ([WOMAN], False, "20"),
        ([WOMAN, MAN], True, "30"),
        ([WOMAN, CHILD], False, "40"),
        ([MAN, CHILD, CHILD], False, "50"),
        ([WOMAN, MAN, CHILD], False, "60"),
        ([WOMAN, MAN], False, "70"),
        ([CHILD], False, "80"),
        ([CHILD, CHILD], False, "90"),
        ([WOMAN, MAN, CHILD], True, "100"),
        ([{"birthDate": "1970-01-01"}], False, None),
        ([], False, None),
    ],
)
def test_each_household_has_its_composition(people, couple, code):
    assert household(people, TODAY, couple=couple).composition == code


@pytest.mark.parametrize(("born", "minors"), [("2008-11-23", 1), ("2008-11-22", 0), ("2008", 0), ("2009", 1)])
def test_someone_is_an_adult_from_the_day_they_turn_18(born, minors):
    assert household([{"birthDate": born}], TODAY, couple=False).minors == minors


def test_someone_without_birth_date_counts_as_an_adult():
    assert household([{"gender": "male"}], TODAY, couple=False) == Household(["male"], 0, couple=False)


async def test_a_crowd_is_no_household(client: httpx.AsyncClient):
    crowd = [{"entity": {"reference": f"Patient/{number}"}} for number in range(51)]
    group = await stored(client, {"resourceType": "Group", "type": "person", "actual": True, "member": crowd})
    answer = await client.get(f"/fhir/{group}/$household")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (422, "too-costly")


async def test_the_members_who_are_there_make_the_household(client: httpx.AsyncClient):
    mother = await stored(client, {"resourceType": "Patient", **WOMAN})
    child = await stored(client, {"resourceType": "Patient", **CHILD})
    gone = await stored(client, {"resourceType": "Patient", **MAN})
    members = [{"entity": {"reference": it}, "inactive": it == gone} for it in (mother, child, gone)]
    group = await stored(client, {"resourceType": "Group", "type": "person", "actual": True, "member": members})
    answer = (await client.get(f"/fhir/{group}/$household")).json()
    assert values(answer)["composition"]["code"] == "40"
    assert [it["valueReference"]["reference"] for it in answer["parameter"] if it["name"] == "member"] == [
        mother,
        child,
    ]


async def test_the_caller_says_whether_two_adults_are_a_couple(client: httpx.AsyncClient):
    members = [
        {"entity": {"reference": await stored(client, {"resourceType": "Patient", **it})}} for it in (WOMAN, MAN)
    ]
    group = await stored(client, {"resourceType": "Group", "type": "person", "actual": True, "member": members})
    answer = (await client.get(f"/fhir/{group}/$household?couple=true")).json()
    assert values(answer)["composition"]["code"] == "30"


async def test_it_is_absent_where_the_profile_is_off(bare_client: httpx.AsyncClient):
    assert (await bare_client.get("/fhir/Group/1/$household")).status_code == 404
