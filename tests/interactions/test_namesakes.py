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
