"""$cda-validate, through HTTP."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from httpx import AsyncClient

from tests.cda.validation.test_own_rules import SOUND, changed
from tests.served import FHIR_JSON, issue, make_client, make_house
from usager_server.interactions.session import House
from usager_server.operations.cda_validate import cda_validate
from usager_server.repository.postgres import PostgresStore

XML = {"Content-Type": "application/xml"}


@pytest.fixture
async def client(shared_store: PostgresStore, house: House, tenant: int) -> AsyncIterator[AsyncClient]:
    """A client of a house with this operation."""
    async with make_client(make_house(shared_store, house.registry, house.validator, [cda_validate]), tenant) as client:
        yield client


async def test_a_sound_document_is_told_so(client: AsyncClient, house: House):
    response = await client.post("/$cda-validate", content=SOUND.encode(), headers=XML)
    assert (response.status_code, issue(response)["severity"]) == (200, "information")
    assert house.validator.structure(response.json(), "OperationOutcome") == []


async def test_a_fault_is_placed_by_line_xpath_and_fhirpath(client: AsyncClient, house: House):
    text = changed("<author>", "<recordTarget/><author>")
    response = await client.post("/$cda-validate", content=text.encode(), headers=XML)
    found = issue(response)
    assert (found["severity"], found["location"]) == ("error", ["/ClinicalDocument/recordTarget[2]"])
    assert found["expression"] == ["ClinicalDocument.recordTarget[1]"]
    assert found["details"]["coding"][0]["code"] == "usager:record-target"
    assert "line 9" in found["diagnostics"]
    assert house.validator.structure(response.json(), "OperationOutcome") == []


async def test_a_document_in_a_binary_is_the_same(client: AsyncClient):
    binary = {"resourceType": "Binary", "contentType": "text/xml", "data": base64.b64encode(SOUND.encode()).decode()}
    body = {"resourceType": "Parameters", "parameter": [{"name": "document", "resource": binary}]}
    response = await client.post("/$cda-validate", json=body, headers=FHIR_JSON)
    assert issue(response)["severity"] == "information"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<a", "structure"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "structure"),
        (b"<a>" * 250 + b"</a>" * 250, "too-long"),
        (b"<a/>" + b" " * (21 * 1024 * 1024), "too-long"),
        ("<a>é</a>".encode("utf-16"), "structure"),
        (b"\x00\x01\x02", "structure"),
    ],
)
async def test_what_cannot_be_read_is_a_finding(client: AsyncClient, data: bytes, code: str):
    response = await client.post("/$cda-validate", content=data, headers=XML)
    assert (response.status_code, issue(response)["code"]) == (200, code)


async def test_nothing_to_judge_is_refused(client: AsyncClient):
    response = await client.post("/$cda-validate", json={"resourceType": "Parameters"}, headers=FHIR_JSON)
    assert (response.status_code, issue(response)["code"]) == (400, "required")


async def test_rules_that_are_none_are_the_operators_fault(
    shared_store: PostgresStore, house: House, tenant: int, tmp_path: Path
):
    rules = {"cda_rules": tmp_path, "data_dir": tmp_path / "data"}
    served = make_house(shared_store, house.registry, house.validator, [cda_validate], **rules)
    async with make_client(served, tenant) as client:
        response = await client.post("/$cda-validate", content=SOUND.encode(), headers=XML)
    assert response.status_code == 503
    assert "no rules pack" in issue(response)["diagnostics"]
