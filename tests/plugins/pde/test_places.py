"""Location/[id]/$places of the profile PDE."""

from typing import Any

import httpx
import pytest

from tests.whole import FHIR_JSON, stored, values
from usager_pde.places import CLOSED, INSTALLED, Places


def unit(**numbers: int) -> dict[str, Any]:
    """Return a unit with its places."""
    urls = {"installed": INSTALLED, "closed": CLOSED}
    extensions = [{"url": urls[name], "valueInteger": number} for name, number in numbers.items()]
    return {"resourceType": "Location", "name": "Les Tilleuls"} | ({"extension": extensions} if extensions else {})


def stay(location: str, person: str, status: str) -> dict[str, Any]:
    """Return the stay of a person at a unit."""
    return {
        "resourceType": "Encounter",
        "status": status,
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": person},
        "location": [{"location": {"reference": location}}],
    }


def test_what_is_available_is_what_is_neither_closed_occupied_nor_reserved():
    assert Places(installed=12, closed=2, occupied=7, reserved=1).available == 2


async def test_the_places_of_a_unit_are_counted(client: httpx.AsyncClient):
    location = await stored(client, unit(installed=10, closed=1))
    people = [await stored(client, {"resourceType": "Patient"}) for _ in range(4)]
    for person, status in zip(people, ["in-progress", "onleave", "planned", "finished"], strict=True):
        await stored(client, stay(location, person, status))
    answer = await client.get(f"/fhir/{location}/$places")
    assert values(answer.json()) == {"installed": 10, "closed": 1, "occupied": 2, "reserved": 1, "available": 6}


async def test_two_stays_of_one_person_take_one_place(client: httpx.AsyncClient):
    location = await stored(client, unit(installed=3))
    person = await stored(client, {"resourceType": "Patient"})
    for _ in range(2):
        await stored(client, stay(location, person, "in-progress"))
    assert values((await client.get(f"/fhir/{location}/$places")).json())["occupied"] == 1


async def test_a_unit_that_does_not_say_its_places_is_422(client: httpx.AsyncClient):
    location = await stored(client, unit())
    answer = await client.get(f"/fhir/{location}/$places")
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"] == ["Location.extension"]


@pytest.mark.parametrize("value", [{"valueInteger": -1}, {"valueString": "dix"}, {}])
async def test_places_that_are_no_number_do_not_validate(client: httpx.AsyncClient, value):
    location = {**unit(), "extension": [{"url": INSTALLED, **value}]}
    answer = await client.post("/fhir/Location/$validate", json=location, headers=FHIR_JSON)
    errors = [it for it in answer.json()["issue"] if it["severity"] == "error"]
    assert errors
    assert all(it["expression"][0].startswith("Location.extension[0]") for it in errors)


async def test_places_that_are_no_number_are_not_stored(client: httpx.AsyncClient):
    location = {**unit(), "extension": [{"url": INSTALLED, "valueInteger": -1}]}
    answer = await client.post("/fhir/Location", json=location, headers=FHIR_JSON)
    assert answer.status_code == 422
    assert answer.json()["issue"][0]["expression"][0].startswith("Location.extension[0]")


async def test_an_unknown_unit_is_404(client: httpx.AsyncClient):
    assert (await client.get("/fhir/Location/nowhere/$places")).status_code == 404


async def test_it_is_absent_where_the_profile_is_off(bare_client: httpx.AsyncClient):
    location = await stored(bare_client, unit(installed=3))
    answer = await bare_client.get(f"/fhir/{location}/$places")
    assert "no operation $places" in answer.json()["issue"][0]["diagnostics"]
