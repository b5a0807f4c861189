"""Who creates a person is told of those like them."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.served import FHIR_JSON, make_client
from usager_server.access.grant import Grant
from usager_server.interactions.session import House

OUTCOME = {"Prefer": "return=OperationOutcome"}


def person(**more: Any) -> dict[str, Any]:
    """Return a Patient."""
    name = {"use": "official", "family": "LE BIHAN", "given": ["RENÉ-YVES"]}
    return {"resourceType": "Patient", "name": [name], "gender": "male", "birthDate": "1948-02-29", **more}


async def create(client: AsyncClient, patient: dict[str, Any], **headers: str) -> Response:
    """Create a Patient."""
    answer = await client.post("/Patient", json=patient, headers=FHIR_JSON | headers)
    assert answer.status_code == 201, answer.text
    return answer


@pytest.mark.requirement("SENTINELLE.07")
async def test_a_namesake_is_told_in_a_header_and_in_the_outcome(client: AsyncClient):
    known = (await create(client, person())).json()["id"]
    again = await create(client, person(name=[{"family": "Le-Bihan", "given": ["René Yves"]}]), **OUTCOME)
    assert again.headers["Warning"].startswith(f'299 - "Patient/{known}: same names')
    told = again.json()["issue"][1]
    assert (told["severity"], told["code"]) == ("warning", "duplicate")
    assert f"Patient/{known}" in told["diagnostics"]
    assert "HOMA" in told["diagnostics"]
    third = await create(client, person())
    assert third.headers["Warning"].count("Patient/") == 2


@pytest.mark.parametrize(
    "change",
    [{"gender": "female"}, {"birthDate": "1948-02-28"}, {"birthDate": "1948"}, {"name": [{"family": "LE BIHAN"}]}],
)
async def test_another_person_is_not_told(client: AsyncClient, change: dict[str, Any]):
    await create(client, person())
    assert "Warning" not in (await create(client, person(**change))).headers


async def test_a_record_that_is_replaced_is_not_told(client: AsyncClient):
    await create(client, person(link=[{"other": {"reference": "Patient/x"}, "type": "replaced-by"}]))
    assert "Warning" not in (await create(client, person())).headers


async def test_who_may_not_search_is_not_told(client: AsyncClient, house: House, tenant: int):
    await create(client, person())
    async with make_client(house, tenant, Grant.of("system/Patient.c")) as limited:
        assert "Warning" not in (await create(limited, person())).headers


async def transact(client: AsyncClient, *patients: dict[str, Any], **headers: str) -> list[dict[str, Any]]:
    """Create Patients in one transaction, and return the responses of their entries."""
    entries = [{"resource": each, "request": {"method": "POST", "url": "Patient"}} for each in patients]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await client.post("/", json=bundle, headers=FHIR_JSON | headers)
    assert answer.status_code == 200, answer.text
    return [{**entry["response"], "resource": entry.get("resource")} for entry in answer.json()["entry"]]


async def test_namesakes_in_one_transaction_are_told_of_each_other_and_of_those_before(client: AsyncClient):
    known = (await create(client, person())).json()["id"]
    other = person(name=[{"family": "MARREC", "given": ["ANNE"]}])
    first, alone, second = await transact(client, person(), other, person())
    assert "outcome" not in alone
    ids = [each["location"].split("/")[1] for each in (first, second)]
    for response, named in ((first, ids[1]), (second, ids[0])):
        (issue,) = response["outcome"]["issue"]
        assert (issue["severity"], issue["code"]) == ("warning", "duplicate")
        assert f"Patient/{known}" in issue["diagnostics"]
        assert f"Patient/{named}" in issue["diagnostics"]
        assert issue["diagnostics"].count("Patient/") == 2


async def test_a_namesake_in_a_transaction_is_told_beside_what_the_caller_prefers(client: AsyncClient):
    await create(client, person())
    (whole,) = await transact(client, person(), Prefer="return=representation")
    assert whole["resource"]["resourceType"] == "Patient"
    assert whole["outcome"]["issue"][0]["code"] == "duplicate"
    (said,) = await transact(client, person(), **OUTCOME)
    assert [each["code"] for each in said["outcome"]["issue"]] == ["informational", "duplicate"]


async def test_who_may_not_search_is_not_told_in_a_transaction(client: AsyncClient, house: House, tenant: int):
    await create(client, person())
    async with make_client(house, tenant, Grant.of("system/Patient.c")) as limited:
        (response,) = await transact(limited, person())
    assert "outcome" not in response
