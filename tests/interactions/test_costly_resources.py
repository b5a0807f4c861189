"""Resources that take long to check: beside the other requests, and not for ever."""

import asyncio

import pytest

from tests.validation.test_cost import structure_definition
from usager_server.interactions import checks


@pytest.fixture
def impatient(monkeypatch):
    """A server that soon calls a check too long."""
    monkeypatch.setattr(checks, "BESIDE_SECONDS", 0.5)


async def test_a_resource_that_takes_too_long_to_check_is_422_too_costly(client, impatient):
    response = await client.post("/StructureDefinition", json=structure_definition(6_000))
    assert response.status_code == 422
    issue = response.json()["issue"][0]
    assert issue["code"] == "too-costly"
    assert "more than 0.5 s to check" in issue["diagnostics"]


async def test_a_transaction_tells_which_entry_takes_too_long(client, impatient):
    small = {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "active": True}}
    large = {"request": {"method": "POST", "url": "StructureDefinition"}, "resource": structure_definition(6_000)}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [small, large]}
    response = await client.post("/", json=bundle)
    assert response.status_code == 422
    assert response.json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")


async def test_others_are_answered_while_a_large_resource_is_checked(client, monkeypatch):
    monkeypatch.setattr(checks, "BESIDE_SECONDS", 1.5)
    checking = asyncio.create_task(client.post("/StructureDefinition", json=structure_definition(8_000)))
    await asyncio.sleep(0.2)
    answered = 0
    while not checking.done():
        await client.get("/Patient/nobody")
        answered += 1
    assert (await checking).status_code == 422
    assert answered > 3


async def test_a_large_resource_that_is_sound_is_stored(client):
    items = [{"linkId": str(number), "type": "string"} for number in range(20_000)]
    questionnaire = {"resourceType": "Questionnaire", "status": "draft", "item": items}
    response = await client.post("/Questionnaire", json=questionnaire)
    assert response.status_code == 201
