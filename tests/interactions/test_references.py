"""References as they are stored: relative when they point at this server, resolved when they are conditional."""

from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.interactions.test_transaction import entry, observation, sent
from tests.served import FHIR_JSON, PATIENT, created, issue

BASE = "http://test.example/fhir"
NIR = {"system": "urn:oid:1.2.250.1.213.1.4.8", "value": "280012B39502528"}
MARIE: dict[str, Any] = {**PATIENT, "identifier": [NIR]}
CONDITIONAL = f"Patient?identifier={NIR['system']}|{NIR['value']}"


async def written(client: AsyncClient, way: str, subject: str) -> Response:
    """Return the answer to an Observation of this subject, written in one of the ways."""
    body = observation(subject)
    match way:
        case "create":
            return await client.post("/Observation", json=body, headers=FHIR_JSON)
        case "update":
            return await client.put("/Observation/o1", json={**body, "id": "o1"}, headers=FHIR_JSON)
        case "patch":
            here = await created(client, observation("Patient/nobody"))
            headers = {"Content-Type": "application/merge-patch+json"}
            return await client.patch(f"/Observation/{here['id']}", json={"subject": body["subject"]}, headers=headers)
    answer = await sent(client, entry("POST", "Observation", body), kind=way)
    return Response(answer.status_code, json=answer.json()["entry"][0].get("resource", answer.json()["entry"][0]))


WAYS = ("create", "update", "patch", "batch", "transaction")


@pytest.mark.parametrize("way", WAYS)
async def test_a_conditional_reference_is_stored_as_the_one_it_names(client: AsyncClient, way: str):
    marie = await created(client, MARIE)
    response = await written(client, way, CONDITIONAL)
    assert response.json()["subject"]["reference"] == f"Patient/{marie['id']}"
    found = await client.get(f"/Observation?subject=Patient/{marie['id']}")
    assert len(found.json()["entry"]) == 1


@pytest.mark.parametrize("way", WAYS[:3])
async def test_a_conditional_reference_to_none_many_or_nonsense_is_refused(client: AsyncClient, way: str):
    none = await written(client, way, CONDITIONAL)
    nonsense = await written(client, way, "Patient?colour=red")
    await created(client, MARIE)
    await created(client, MARIE)
    many = await written(client, way, CONDITIONAL)
    assert [none.status_code, nonsense.status_code, many.status_code] == [422, 400, 412]
    assert issue(none)["code"] == "not-found"
    assert {it for each in (none, nonsense, many) for it in issue(each)["expression"]} == {
        "Observation.subject.reference"
    }


@pytest.mark.parametrize("way", WAYS)
async def test_a_reference_to_this_server_is_stored_relative(client: AsyncClient, way: str):
    marie = await created(client, MARIE)
    response = await written(client, way, f"{BASE}/Patient/{marie['id']}")
    assert response.json()["subject"]["reference"] == f"Patient/{marie['id']}"


async def test_a_reference_to_another_server_is_stored_as_it_is(client: AsyncClient):
    for elsewhere in ("http://other.example/fhir/Patient/1", f"{BASE}2/Patient/1", f"{BASE}.other/Patient/1"):
        response = await written(client, "create", elsewhere)
        assert response.json()["subject"]["reference"] == elsewhere


async def test_a_reference_to_the_base_itself_is_left_alone(client: AsyncClient):
    for odd in (f"{BASE}/", f"{BASE}/$meta"):
        response = await written(client, "create", odd)
        assert response.status_code == 400 or response.json()["subject"]["reference"] == odd


async def test_a_reference_deep_in_an_entry_names_its_place(client: AsyncClient):
    body = observation("Patient/1", contained=[observation(CONDITIONAL, id="o")], hasMember=[{"reference": "#o"}])
    response = await sent(client, entry("POST", "Patient", PATIENT), entry("POST", "Observation", body))
    assert response.status_code == 422
    assert issue(response)["expression"] == ["Bundle.entry[1].resource.contained[0].subject.reference"]


async def test_only_references_are_made_relative(client: AsyncClient):
    body = observation("Patient/1", note=[{"text": f"see {BASE}/Patient/1"}], instantiatesUri=f"{BASE}/Patient/1")
    response = await client.post("/Observation", json={**body, "implicitRules": f"{BASE}/x"}, headers=FHIR_JSON)
    body.pop("instantiatesUri")
    response = await client.post("/Observation", json=body, headers=FHIR_JSON)
    assert response.json()["note"] == body["note"]


@pytest.mark.parametrize("query", ["subject={}", "subject:Patient={}", "patient={},Patient/2", "subject={}/_history/1"])
async def test_a_search_by_the_whole_address_finds_the_relative_reference(client: AsyncClient, query: str):
    marie = await created(client, MARIE)
    await created(client, observation(f"Patient/{marie['id']}"))
    found = await client.get(f"/Observation?{query.format(f'{BASE}/Patient/' + marie['id'])}")
    expected = 0 if "_history" in query else 1
    assert len(found.json().get("entry", [])) == expected


async def test_a_chain_and_a_has_end_in_the_whole_address_too(client: AsyncClient):
    marie = await created(client, {**MARIE, "generalPractitioner": [{"reference": "Practitioner/p1"}]})
    await created(client, observation(f"Patient/{marie['id']}"))
    for query in (
        f"Observation?subject:Patient.general-practitioner={BASE}/Practitioner/p1",
        f"Patient?_has:Observation:subject:subject={BASE}/Patient/{marie['id']}",
    ):
        assert len((await client.get(f"/{query}")).json().get("entry", [])) == 1, query


async def test_a_search_by_uri_keeps_the_whole_address(client: AsyncClient):
    value_set = {"resourceType": "ValueSet", "status": "draft", "url": f"{BASE}/ValueSet/1"}
    await created(client, value_set)
    assert len((await client.get(f"/ValueSet?url={BASE}/ValueSet/1")).json()["entry"]) == 1
