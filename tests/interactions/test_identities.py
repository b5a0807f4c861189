"""The identities of a transaction: entries that are about one resource, however they name it."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from httpx import AsyncClient

from tests.interactions.test_transaction import entry, sent
from tests.served import FHIR_JSON, PATIENT, created, issue

SYSTEM = "urn:oid:1.2.250.1.213.1.4.8"
MARIE: dict[str, Any] = {
    **PATIENT,
    "identifier": [{"system": SYSTEM, "value": "280012B39502528"}, {"system": "urn:local", "value": "IPP-7"}],
    "gender": "female",
}
ONE = f"identifier={SYSTEM}|280012B39502528"
OTHER = "identifier=urn:local|IPP-7"

SPELLINGS = [
    (ONE, f"identifier={SYSTEM.replace(':', '%3A')}%7C280012B39502528"),
    (ONE, f"identifier={SYSTEM}|280012b39502528"),
    (ONE, f"{ONE}&{ONE}"),
    (f"{ONE}&gender=female", f"gender=female&{ONE}"),
    (f"{ONE},x|1", f"identifier=x|1,{SYSTEM}|280012B39502528"),
    (f"{ONE}&name=durand", f"{ONE}&name=DURAND"),
    ("general-practitioner:Organization.identifier=a|1", "general-practitioner:Organization.identifier=a%7C1"),
]


async def count(client: AsyncClient) -> int:
    """Return how many Patients there are."""
    total: int = (await client.get("/Patient?_summary=count")).json()["total"]
    return total


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
async def test_two_updates_of_one_identity_are_refused_however_it_is_spelled(client: AsyncClient, one: str, other: str):
    response = await sent(client, *[entry("PUT", f"Patient?{it}", MARIE) for it in (one, other)])
    assert response.status_code == 400
    assert (issue(response)["code"], issue(response)["expression"]) == ("duplicate", ["Bundle.entry[1]"])
    assert await count(client) == 0


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
async def test_two_creates_of_one_identity_make_one_however_it_is_spelled(client: AsyncClient, one: str, other: str):
    response = await sent(client, *[entry("POST", "Patient", MARIE, ifNoneExist=it) for it in (one, other)])
    assert [answer["response"]["status"] for answer in response.json()["entry"]] == ["201 Created", "200 OK"]
    assert await count(client) == 1


async def test_spaces_around_a_condition_mean_nothing(client: AsyncClient):
    headers = {**FHIR_JSON, "If-None-Exist": f"Patient?{ONE} & gender=female"}
    statuses = [(await client.post("/Patient", json=MARIE, headers=headers)).status_code for _ in range(2)]
    assert statuses == [201, 200]


async def test_spellings_of_one_identity_wait_for_each_other(client: AsyncClient):
    async def create(turn: int) -> int:
        headers = {**FHIR_JSON, "If-None-Exist": SPELLINGS[0][turn % 2]}
        return (await client.post("/Patient", json=MARIE, headers=headers)).status_code

    statuses = Counter(await asyncio.gather(*(create(turn) for turn in range(32))))
    assert statuses == {201: 1, 200: 31}


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_two_conditions_that_would_make_two_of_one_person_are_refused(client: AsyncClient, method: str):
    entries = [
        entry("POST", "Patient", MARIE, ifNoneExist=it) if method == "POST" else entry("PUT", f"Patient?{it}", MARIE)
        for it in (ONE, OTHER)
    ]
    response = await sent(client, *entries)
    assert response.status_code == 400
    assert issue(response)["code"] == "duplicate"
    assert "280012B39502528" not in response.text
    assert await count(client) == 0


async def test_a_condition_and_a_plain_create_of_the_same_person_are_refused(client: AsyncClient):
    for conditional in (entry("PUT", f"Patient?{ONE}", MARIE), entry("POST", "Patient", MARIE, ifNoneExist=ONE)):
        response = await sent(client, entry("POST", "Patient", MARIE), conditional)
        assert response.status_code == 400
        assert issue(response)["expression"] == ["Bundle.entry[1]"]


async def test_conditions_of_two_persons_are_fine(client: AsyncClient):
    jean = {**PATIENT, "identifier": [{"system": "urn:local", "value": "IPP-8"}]}
    response = await sent(
        client, entry("PUT", f"Patient?{ONE}", MARIE), entry("PUT", "Patient?identifier=urn:local|IPP-8", jean)
    )
    assert response.status_code == 200, response.text
    assert await count(client) == 2


async def test_a_conditional_delete_or_patch_and_an_update_of_one_resource_are_refused(client: AsyncClient):
    marie = await created(client, MARIE)
    patch = {"resourceType": "Binary", "contentType": "application/json-patch+json", "data": "W10="}
    for other in (entry("DELETE", f"Patient?{ONE}"), entry("PATCH", f"Patient?{ONE}", patch)):
        response = await sent(client, entry("PUT", f"Patient/{marie['id']}", marie), other)
        assert response.status_code == 400, response.text
        assert issue(response)["code"] == "duplicate"
    assert (await client.get(f"/Patient/{marie['id']}")).json()["meta"]["versionId"] == "1"


async def test_a_conditional_patch_changes_the_match_in_a_transaction(client: AsyncClient):
    marie = await created(client, MARIE)
    change = {"resourceType": "Binary", "contentType": "application/merge-patch+json", "data": "eyJhY3RpdmUiOnRydWV9"}
    response = await sent(client, entry("PATCH", f"Patient?{ONE}", change), entry("DELETE", f"Patient?{OTHER}&_id=x"))
    patched, deleted = response.json()["entry"]
    assert (patched["resource"]["id"], patched["resource"]["active"]) == (marie["id"], True)
    assert deleted["response"]["status"] == "204 No Content"


async def test_a_conditional_update_with_if_match_that_finds_nothing_is_412(client: AsyncClient):
    response = await sent(client, entry("PUT", f"Patient?{ONE}", MARIE, ifMatch='W/"1"'))
    assert response.status_code == 412
    assert await count(client) == 0


async def test_an_error_about_a_condition_does_not_repeat_its_values(client: AsyncClient):
    await created(client, MARIE)
    await created(client, MARIE)
    headers = {**FHIR_JSON, "If-None-Exist": ONE}
    response = await client.post("/Patient", json=MARIE, headers=headers)
    assert response.status_code == 412
    assert "280012B39502528" not in response.text
    assert "Patient?identifier=…" in issue(response)["diagnostics"]
