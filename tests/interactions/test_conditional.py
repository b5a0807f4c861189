"""Conditional create, update, patch and delete."""

import asyncio
import json
from collections import Counter
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.interactions.test_transaction import ANNE, HEART, entry, observation, sent
from tests.served import FHIR_JSON, PATIENT, created, issue

NIR = {"system": "urn:oid:1.2.250.1.213.1.4.8", "value": "180032B39502513"}
ANNE_DURAND: dict[str, Any] = {**PATIENT, "identifier": [NIR]}
CONDITION = f"identifier={NIR['system']}|{NIR['value']}"


async def create_unless(client: AsyncClient, condition: str = CONDITION) -> Response:
    """Return the answer to a conditional create."""
    return await client.post("/Patient", json=ANNE_DURAND, headers={**FHIR_JSON, "If-None-Exist": condition})


async def test_a_second_conditional_create_finds_the_first(client: AsyncClient):
    first, second = await create_unless(client), await create_unless(client)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json() == first.json()
    assert second.headers["etag"] == 'W/"1"'


async def test_64_identical_creates_at_once_make_one_resource(client: AsyncClient):
    answers = await asyncio.gather(*(create_unless(client) for _ in range(64)))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 63}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_64_identical_transactions_at_once_make_one_resource(client: AsyncClient):
    asked = entry("POST", "Patient", ANNE_DURAND, ifNoneExist=CONDITION)
    answers = await asyncio.gather(*(sent(client, asked) for _ in range(64)))
    statuses = Counter(answer.json()["entry"][0]["response"]["status"] for answer in answers)
    assert statuses == {"201 Created": 1, "200 OK": 63}


async def test_a_condition_that_several_match_is_412(client: AsyncClient):
    await created(client, ANNE_DURAND)
    await created(client, ANNE_DURAND)
    answers = [
        await create_unless(client),
        await client.put(f"/Patient?{CONDITION}", json=ANNE_DURAND, headers=FHIR_JSON),
        await client.delete(f"/Patient?{CONDITION}"),
        await client.patch(
            f"/Patient?{CONDITION}", content=b"[]", headers={"Content-Type": "application/json-patch+json"}
        ),
    ]
    assert [answer.status_code for answer in answers] == [412] * 4
    assert {issue(answer)["code"] for answer in answers} == {"multiple-matches"}


@pytest.mark.parametrize("condition", ["", "?", "colour=red", "_count=1", "identifier=", "_sort=name"])
async def test_a_condition_that_selects_nothing_sure_is_400(client: AsyncClient, condition: str):
    assert (await create_unless(client, condition)).status_code == 400
    response = await client.put(f"/Patient?{condition}", json=ANNE_DURAND, headers=FHIR_JSON)
    assert response.status_code == 400
    assert (await client.delete(f"/Patient?{condition}")).status_code == 400


async def test_a_conditional_update_creates_then_updates(client: AsyncClient):
    first = await client.put(f"/Patient?{CONDITION}", json=ANNE_DURAND, headers=FHIR_JSON)
    second = await client.put(f"/Patient?{CONDITION}", json={**ANNE_DURAND, "active": True}, headers=FHIR_JSON)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["id"] == first.json()["id"]
    assert second.json()["active"] is True


async def test_a_conditional_update_keeps_the_id_of_the_client(client: AsyncClient):
    mine = {**ANNE_DURAND, "id": "mine"}
    response = await client.put(f"/Patient?{CONDITION}", json=mine, headers=FHIR_JSON)
    assert (response.status_code, response.json()["id"]) == (201, "mine")
    other = await client.put(f"/Patient?{CONDITION}", json={**mine, "id": "other"}, headers=FHIR_JSON)
    assert other.status_code == 400
    assert issue(other)["expression"] == ["Patient.id"]


async def test_a_conditional_update_honours_if_match(client: AsyncClient):
    await created(client, ANNE_DURAND)
    headers = {**FHIR_JSON, "If-Match": 'W/"5"'}
    assert (await client.put(f"/Patient?{CONDITION}", json=ANNE_DURAND, headers=headers)).status_code == 412


async def test_a_conditional_delete_deletes_one_or_nothing(client: AsyncClient):
    patient = await created(client, ANNE_DURAND)
    assert (await client.delete(f"/Patient?{CONDITION}")).status_code == 204
    assert (await client.get(f"/Patient/{patient['id']}")).status_code == 410
    assert (await client.delete(f"/Patient?{CONDITION}")).status_code == 204


async def test_a_conditional_patch_changes_the_match(client: AsyncClient):
    patch = {
        "content": json.dumps([{"op": "add", "path": "/active", "value": True}]),
        "headers": {"Content-Type": "application/json-patch+json"},
    }
    assert (await client.patch(f"/Patient?{CONDITION}", **patch)).status_code == 404
    await created(client, ANNE_DURAND)
    response = await client.patch(f"/Patient?{CONDITION}", **patch)
    assert response.json()["active"] is True


async def test_two_conditional_creates_in_one_transaction_make_one(client: AsyncClient):
    asked = {"ifNoneExist": CONDITION}
    response = await sent(
        client,
        entry("POST", "Patient", ANNE_DURAND, ANNE, **asked),
        entry("POST", "Patient", ANNE_DURAND, "urn:uuid:0190a5b6-0000-4000-8000-000000000002", **asked),
        entry("POST", "Observation", observation("urn:uuid:0190a5b6-0000-4000-8000-000000000002"), HEART),
    )
    first, second, heart = response.json()["entry"]
    assert (first["response"]["status"], second["response"]["status"]) == ("201 Created", "200 OK")
    assert heart["resource"]["subject"]["reference"] == f"Patient/{first['resource']['id']}"


async def test_a_match_of_a_conditional_create_is_linked_to(client: AsyncClient):
    patient = await created(client, ANNE_DURAND)
    response = await sent(
        client,
        entry("POST", "Observation", observation(ANNE), HEART),
        entry("POST", "Patient", ANNE_DURAND, ANNE, ifNoneExist=CONDITION),
    )
    heart, anne = response.json()["entry"]
    assert heart["resource"]["subject"]["reference"] == f"Patient/{patient['id']}"
    assert anne["response"]["status"] == "200 OK"


async def test_two_conditional_updates_of_one_identity_are_refused(client: AsyncClient):
    asked = entry("PUT", f"Patient?{CONDITION}", ANNE_DURAND)
    response = await sent(client, asked, asked)
    assert response.status_code == 400
    assert issue(response)["expression"] == ["Bundle.entry[1]"]


async def test_a_create_and_an_update_of_one_identity_are_refused(client: AsyncClient):
    made = entry("POST", "Patient", ANNE_DURAND, ifNoneExist=CONDITION)
    updated = entry("PUT", f"Patient?{CONDITION}", ANNE_DURAND)
    for asked in ((made, updated), (updated, made)):
        response = await sent(client, *asked)
        assert response.status_code == 400, response.text
        assert issue(response)["expression"] == ["Bundle.entry[1]"]
    assert "entry" not in (await client.get("/Patient")).json()


async def test_two_conditions_that_name_one_resource_are_refused(client: AsyncClient):
    await created(client, ANNE_DURAND)
    response = await sent(
        client,
        entry("PUT", f"Patient?{CONDITION}", ANNE_DURAND),
        entry("PUT", f"Patient?{CONDITION}&name=durand", ANNE_DURAND),
    )
    assert response.status_code == 400


async def test_a_conditional_reference_becomes_the_one_it_names(client: AsyncClient):
    patient = await created(client, ANNE_DURAND)
    response = await sent(client, entry("POST", "Observation", observation(f"Patient?{CONDITION}")))
    assert response.json()["entry"][0]["resource"]["subject"]["reference"] == f"Patient/{patient['id']}"


async def test_a_conditional_reference_sees_what_the_transaction_creates(client: AsyncClient):
    for conditional in ({}, {"ifNoneExist": CONDITION}):
        response = await sent(
            client,
            entry("POST", "Observation", observation(f"Patient?{CONDITION}")),
            entry("POST", "Patient", ANNE_DURAND, **conditional),
        )
        heart, anne = response.json()["entry"]
        assert heart["resource"]["subject"]["reference"] == f"Patient/{anne['resource']['id']}"


async def test_a_conditional_reference_to_none_or_many_is_refused(client: AsyncClient):
    asked = entry("POST", "Observation", observation(f"Patient?{CONDITION}"))
    none = await sent(client, asked)
    await created(client, ANNE_DURAND)
    await created(client, ANNE_DURAND)
    many = await sent(client, asked)
    assert (none.status_code, many.status_code) == (422, 412)
    assert issue(none)["expression"][0].startswith("Bundle.entry[0]")


async def test_a_conditional_delete_in_a_transaction_goes_before_the_create(client: AsyncClient):
    old = await created(client, ANNE_DURAND)
    response = await sent(
        client,
        entry("POST", "Patient", ANNE_DURAND, ifNoneExist=CONDITION),
        entry("DELETE", f"Patient?{CONDITION}&_id={old['id']}"),
    )
    assert response.status_code == 200, response.text
    assert response.json()["entry"][0]["response"]["status"] == "201 Created"
