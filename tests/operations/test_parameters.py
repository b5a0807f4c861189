"""What an operation is given beside what it has parameters for."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.served import FHIR_JSON

STRICT = {"Prefer": "handling=strict"}


@pytest.fixture
async def patient(whole: AsyncClient) -> str:
    """The address of a Patient."""
    body = {"resourceType": "Patient", "name": [{"family": "Durand"}]}
    response = await whole.post("/fhir/Patient", json=body, headers=FHIR_JSON)
    return f"/fhir/Patient/{response.json()['id']}"


def parameters(*names: str) -> dict[str, Any]:
    """Return Parameters of these names."""
    return {"resourceType": "Parameters", "parameter": [{"name": name, "valueString": "x"} for name in names]}


async def asked(client: AsyncClient, way: str, patient: str, **headers: str) -> Response:
    """Ask for an operation with the parameter `colour`, which it has not."""
    match way:
        case "address":
            return await client.get(f"{patient}/$everything?colour=red&_type=Patient", headers=headers)
        case "body":
            return await client.post(f"{patient}/$meta", json=parameters("colour"), headers={**FHIR_JSON, **headers})
    return await client.get(f"{patient}/$validate?colour=red&_format=json&_pretty=true", headers=headers)


@pytest.mark.parametrize("way", ["address", "body", "outcome"])
async def test_an_unknown_parameter_is_400_under_strict_handling(whole: AsyncClient, patient: str, way: str):
    response = await asked(whole, way, patient, **STRICT)
    assert response.status_code == 400
    (issue,) = response.json()["issue"]
    assert (issue["severity"], issue["code"]) == ("error", "not-supported")
    assert "'colour' is not a parameter of $" in issue["diagnostics"]
    assert issue["expression"] == ["Parameters.parameter[0]"]


@pytest.mark.parametrize("way", ["address", "body"])
async def test_an_unknown_parameter_is_told_in_a_header_otherwise(whole: AsyncClient, patient: str, way: str):
    response = await asked(whole, way, patient)
    assert response.status_code == 200
    assert response.headers["warning"].startswith("299 - \"'colour' is not a parameter of $")


async def test_an_unknown_parameter_is_told_in_the_outcome_when_there_is_one(whole: AsyncClient, patient: str):
    response = await asked(whole, "outcome", patient)
    assert [issue["severity"] for issue in response.json()["issue"]][-1] == "warning"
    assert "'colour'" in response.json()["issue"][-1]["diagnostics"]
    assert "warning" not in response.headers


async def test_a_name_that_would_break_a_header_does_not(whole: AsyncClient, patient: str):
    response = await whole.get(f"{patient}/$everything?a%0D%0AX%3A%20%22%C3%A9=1")
    assert response.status_code == 200
    assert "x" not in response.headers


async def test_what_an_operation_has_is_not_told(whole: AsyncClient, patient: str):
    everything = await whole.get(f"{patient}/$everything?_type=Patient&_format=json", headers=STRICT)
    body = {"resourceType": "Patient"}
    bare = await whole.post("/fhir/Patient/$validate", json=body, headers={**FHIR_JSON, **STRICT})
    assert (everything.status_code, bare.status_code) == (200, 200)


async def test_a_bare_binary_is_the_document_of_a_cda_operation(whole: AsyncClient):
    binary = {"resourceType": "Binary", "contentType": "application/xml", "data": "PGEvPg=="}
    response = await whole.post("/fhir/$cda-to-fhir", json=binary, headers={**FHIR_JSON, **STRICT})
    assert response.status_code == 422
    assert "not a parameter" not in response.text
