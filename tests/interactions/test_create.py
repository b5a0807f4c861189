"""create."""

from httpx import AsyncClient

from tests.served import FHIR_JSON, PATIENT, created, issue


async def test_create_answers_201_with_location_and_resource(client: AsyncClient):
    response = await client.post("/Patient", json=PATIENT, headers=FHIR_JSON)
    patient = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"http://test.example/fhir/Patient/{patient['id']}/_history/1"
    assert patient["meta"]["versionId"] == "1"
    assert patient["name"] == PATIENT["name"]


async def test_an_id_and_version_of_the_client_are_left_aside(client: AsyncClient):
    mine = {
        **PATIENT,
        "id": "mine",
        "meta": {"versionId": "7", "lastUpdated": "2001-01-01T00:00:00Z", "source": "urn:x"},
    }
    patient = await created(client, mine)
    assert patient["id"] != "mine"
    assert patient["meta"]["versionId"] == "1"
    assert not patient["meta"]["lastUpdated"].startswith("2001")
    assert patient["meta"]["source"] == "urn:x"


async def test_prefer_minimal_answers_without_body(client: AsyncClient):
    response = await client.post("/Patient", json=PATIENT, headers={**FHIR_JSON, "Prefer": "return=minimal"})
    assert (response.status_code, response.content) == (201, b"")
    assert response.headers["preference-applied"] == "return=minimal"
    assert "location" in response.headers


async def test_prefer_outcome_answers_an_operation_outcome(client: AsyncClient):
    response = await client.post("/Patient", json=PATIENT, headers={**FHIR_JSON, "Prefer": "return=OperationOutcome"})
    assert response.status_code == 201
    assert issue(response)["severity"] == "information"


async def test_decimals_keep_their_digits(client: AsyncClient):
    text = (
        b'{"resourceType":"Observation","status":"final","code":{"text":"x"},'
        b'"valueQuantity":{"value":1.50},"component":[{"code":{"text":"y"},"valueQuantity":{"value":0.00000001230}}]}'
    )
    response = await client.post("/Observation", content=text, headers=FHIR_JSON)
    assert b'"value":1.50}' in response.content
    assert b'"value":0.00000001230}' in response.content


async def test_a_resource_of_another_type_is_400(client: AsyncClient):
    response = await client.post("/Observation", json=PATIENT, headers=FHIR_JSON)
    assert response.status_code == 400
    assert issue(response)["expression"] == ["resourceType"]


async def test_a_broken_invariant_is_422(client: AsyncClient):
    contact = {**PATIENT, "contact": [{"gender": "female"}]}
    response = await client.post("/Patient", json=contact, headers=FHIR_JSON)
    assert response.status_code == 422
    assert issue(response)["code"] == "invariant"
