"""$validate: always 200, and what it says."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from httpx import AsyncClient

from tests.served import FHIR_JSON, created, make_client, make_house
from tests.validation.test_cost import structure_definition
from usager_server.definitions import Definitions
from usager_server.interactions import checks
from usager_server.interactions.session import House
from usager_server.operations.validate import validate
from usager_server.repository.postgres import PostgresStore
from usager_server.validation.validator import HouseValidator

FR_CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Zoé</div>'},
    "gender": "female",
}


@pytest.fixture
async def client(store: PostgresStore, house: House, definitions: Definitions) -> AsyncIterator[AsyncClient]:
    """A client of a house with this operation and the real validator."""
    served = make_house(store, house.registry, HouseValidator(definitions), (validate,))
    async with make_client(served) as client:
        yield client


async def found(client: AsyncClient, address: str, body: Any = None) -> list[dict[str, Any]]:
    """Return the issues that $validate tells."""
    if body is None:
        response = await client.get(address)
    else:
        response = await client.post(address, json=body, headers=FHIR_JSON)
    assert response.status_code == 200, response.text
    assert response.json()["resourceType"] == "OperationOutcome"
    issues: list[dict[str, Any]] = response.json()["issue"]
    return issues


def asked(**values: Any) -> dict[str, Any]:
    """Return the Parameters of a call: asked(resource=..., mode="create")."""
    parts = [{"name": "resource", "resource": values.pop("resource")}] if "resource" in values else []
    parts += [{"name": name, "valueCode" if name == "mode" else "valueUri": value} for name, value in values.items()]
    return {"resourceType": "Parameters", "parameter": parts}


async def test_a_sound_resource_is_one_information(client: AsyncClient):
    for address, body in (
        ("/Patient/$validate", PATIENT),
        ("/$validate", PATIENT),
        ("/Patient/$validate", asked(resource=PATIENT, mode="create")),
    ):
        (issue,) = await found(client, address, body)
        assert (issue["severity"], issue["code"]) == ("information", "informational")
        assert issue["diagnostics"].startswith("All OK")


async def test_what_breaks_r4_is_told_with_its_place(client: AsyncClient):
    (issue,) = await found(client, "/Patient/$validate", {**PATIENT, "gender": "F"})
    assert (issue["severity"], issue["code"], issue["expression"]) == ("error", "code-invalid", ["Patient.gender"])


async def test_nothing_is_stored(client: AsyncClient):
    await found(client, "/Patient/$validate", {**PATIENT, "id": "a"})
    assert (await client.get("/Patient/a")).status_code == 404


async def test_best_practice_is_a_warning_here_only(client: AsyncClient):
    (issue,) = await found(client, "/Patient/$validate", {"resourceType": "Patient", "gender": "male"})
    assert issue["severity"] == "warning"
    assert "dom-6" in issue["diagnostics"]


async def test_a_profile_is_checked_when_asked_for(client: AsyncClient):
    body = {**PATIENT, "telecom": [{"system": "phone"}]}
    for address, given in (
        (f"/Patient/$validate?profile={FR_CORE}", body),
        ("/Patient/$validate", asked(resource=body, profile=FR_CORE)),
    ):
        (issue,) = await found(client, address, given)
        assert (issue["severity"], issue["expression"]) == ("error", ["Patient.telecom[0].value"])


async def test_a_profile_that_is_not_installed_is_an_error_when_asked_for(client: AsyncClient):
    (issue,) = await found(client, "/Patient/$validate", asked(resource=PATIENT, profile="http://example.org/none"))
    assert (issue["severity"], issue["code"]) == ("error", "not-supported")


async def test_another_type_than_that_of_the_address_is_told(client: AsyncClient):
    (issue,) = await found(client, "/Observation/$validate", PATIENT)
    assert issue["severity"] == "error"


async def test_a_stored_resource_is_validated_by_its_address(client: AsyncClient):
    patient = await created(client)
    issues = await found(client, f"/Patient/{patient['id']}/$validate?profile={FR_CORE}")
    assert not [issue for issue in issues if issue["severity"] == "error"]


async def test_an_update_must_bear_the_id_of_its_address(client: AsyncClient):
    patient = await created(client)
    address = f"/Patient/{patient['id']}/$validate"
    (issue,) = await found(client, address, asked(resource=PATIENT, mode="update"))
    assert issue["expression"] == ["Patient.id"]
    (issue,) = await found(client, address, asked(resource={**PATIENT, "id": patient["id"]}, mode="update"))
    assert issue["severity"] == "information"


async def test_a_delete_needs_the_resource_to_exist(client: AsyncClient):
    patient = await created(client)
    (issue,) = await found(client, f"/Patient/{patient['id']}/$validate", asked(mode="delete"))
    assert issue["severity"] == "information"
    (issue,) = await found(client, "/Patient/none/$validate", asked(mode="delete"))
    assert issue["code"] == "not-found"


@pytest.mark.parametrize("body", [asked(mode="create"), asked(resource=PATIENT, mode="destroy"), asked(resource={})])
async def test_a_call_without_sense_is_an_issue_too(client: AsyncClient, body: dict[str, Any]):
    (issue,) = await found(client, "/Patient/$validate", body)
    assert issue["severity"] == "error"


async def test_a_resource_that_takes_too_long_to_check_is_told_as_such(client, monkeypatch):
    monkeypatch.setattr(checks, "BESIDE_SECONDS", 0.3)
    issues = await found(client, "/StructureDefinition/$validate", structure_definition(6_000))
    assert [issue["code"] for issue in issues] == ["too-costly"]
