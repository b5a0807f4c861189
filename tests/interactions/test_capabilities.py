"""capabilities: the statement is valid R4, and true."""

from typing import Any

import pytest
from httpx import AsyncClient

from usager_server.definitions import Definitions


@pytest.fixture
async def statement(client: AsyncClient) -> dict[str, Any]:
    """The CapabilityStatement."""
    read: dict[str, Any] = (await client.get("/metadata")).json()
    return read


def described(statement: dict[str, Any], resource_type: str) -> dict[str, Any]:
    """Return what is said of a type."""
    found: dict[str, Any] = next(it for it in statement["rest"][0]["resource"] if it["type"] == resource_type)
    return found


async def test_the_statement_is_valid(statement, validator):
    assert validator.structure(statement) == []


async def test_every_resource_type_is_listed(statement, definitions: Definitions):
    assert {it["type"] for it in statement["rest"][0]["resource"]} == definitions.resource_types


async def test_the_address_is_the_one_that_was_asked(statement):
    assert statement["implementation"]["url"] == "http://test.example/fhir"


async def test_every_interaction_of_the_dispatch_is_listed(statement):
    codes = {it["code"] for it in described(statement, "Patient")["interaction"]}
    assert codes == {
        "read", "vread", "update", "patch", "delete", "create", "search-type", "history-instance", "history-type",
    }  # fmt: skip
    system = {it["code"] for it in statement["rest"][0]["interaction"]}
    assert system == {"transaction", "batch", "search-system", "history-system"}


async def test_every_listed_parameter_is_searched_by(client: AsyncClient, statement):
    refused = {}
    for parameter in described(statement, "Observation")["searchParam"]:
        query = {f"{parameter['name']}:missing": "true"} if parameter["type"] != "composite" else {}
        answer = await client.get("/Observation", params=query, headers={"Prefer": "handling=strict"})
        if answer.status_code != 200 and "missing" not in answer.text:
            refused[parameter["name"]] = answer.text
    assert refused == {}


async def test_references_may_be_included_both_ways(statement):
    observation, patient = described(statement, "Observation"), described(statement, "Patient")
    assert "Observation:subject" in observation["searchInclude"]
    assert "Observation:subject" in patient["searchRevInclude"]


async def test_the_terminology_service_is_described(client: AsyncClient, validator):
    answer = (await client.get("/metadata?mode=terminology")).json()
    assert answer["resourceType"] == "TerminologyCapabilities"
    assert answer["expansion"]["paging"] is True
    assert validator.structure(answer) == []


async def test_an_unknown_mode_is_refused(client: AsyncClient):
    answer = await client.get("/metadata?mode=everything")
    assert answer.status_code == 400
    assert "full, normative, terminology" in answer.text


async def test_only_the_elements_asked_for_are_returned(client: AsyncClient):
    answer = (await client.get("/metadata?_elements=software")).json()
    assert answer["software"]["name"] == "Usager"
    assert "rest" not in answer
