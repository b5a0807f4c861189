"""What nobody should send: each an OperationOutcome with its status, never a 500, nothing stored."""

import json
from typing import Any

import pytest
from httpx import AsyncClient

from tests.served import FHIR_JSON, PATIENT, issue

NESTED = b'{"resourceType":"Patient","extension":' + b'[{"url":"urn:x","extension":' * 200 + b"[]" + b"}]" * 200 + b"}"


def patient(**more: Any) -> bytes:
    """Return a Patient with these elements besides."""
    return json.dumps({**PATIENT, **more}).encode()


CASES: dict[str, tuple[bytes, int, str | None]] = {
    "malformed JSON": (b'{"resourceType":"Patient",', 400, None),
    "not an object": (b"[1]", 400, None),
    "unknown element": (patient(familly="x"), 400, "Patient.familly"),
    "two value[x]": (patient(deceasedBoolean=True, deceasedDateTime="2020"), 400, "Patient.deceased"),
    "a string for an object": (patient(name="Durand"), 400, "Patient.name"),
    "an object for a list": (patient(name={"family": "Durand"}), 400, "Patient.name"),
    "wrong reference type": (
        patient(managingOrganization={"reference": "Patient/1"}),
        400,
        "Patient.managingOrganization",
    ),
    "wrong code": (patient(gender="f"), 400, "Patient.gender"),
    "wrong date": (patient(birthDate="1950-13-45"), 400, "Patient.birthDate"),
    "empty string": (patient(language=""), 400, "Patient.language"),
    "a 10 MB string": (patient(name=[{"family": "x" * 10_000_000}]), 400, "Patient.name[0].family"),
    "200 levels": (NESTED, 400, None),
    "too many names": (patient(name=[{"family": "x"}] * 300_000), 400, None),
    "duplicate keys": (b'{"resourceType":"Patient","active":true,"active":false}', 400, None),
    "NaN": (b'{"resourceType":"Patient","multipleBirthInteger":NaN}', 400, None),
    "bad UTF-8": (b'{"resourceType":"Patient","language":"\xff"}', 400, None),
    "a lone surrogate": (b'{"resourceType":"Patient","language":"\\ud800"}', 400, None),
    "a null byte": (b'{"resourceType":"Patient","language":"a\x00"}', 400, None),
    "an escaped null": (b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}', 400, None),
    "no resourceType": (b'{"active":true}', 400, "resourceType"),
    "a resourceType of another kind": (b'{"resourceType":["Patient"]}', 400, "resourceType"),
    "an empty body": (b"", 400, None),
    "a number too wide": (b'{"resourceType":"Patient","multipleBirthInteger":99999999999999999999999}', 400, None),
    "five thousand digits": (b'{"resourceType":"Patient","multipleBirthInteger":' + b"9" * 5000 + b"}", 400, None),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_bad_body_is_refused_with_its_place(client: AsyncClient, name: str):
    content, status, expression = CASES[name]
    response = await client.post("/Patient", content=content, headers=FHIR_JSON)
    assert response.status_code == status, response.text[:500]
    if expression:
        assert issue(response)["expression"][0].startswith(expression)
    assert "entry" not in (await client.get("/_history")).json()


@pytest.mark.parametrize("content_type", ["text/plain", "application/pdf", "", "multipart/form-data; boundary=x"])
async def test_a_wrong_content_type_is_415(client: AsyncClient, content_type: str):
    response = await client.post("/Patient", content=patient(), headers={"Content-Type": content_type})
    assert response.status_code == 415


async def test_an_unknown_type_is_404(client: AsyncClient):
    assert (await client.post("/Patint", content=patient(), headers=FHIR_JSON)).status_code == 404


async def test_an_id_of_65_characters_is_400(client: AsyncClient):
    long = "x" * 65
    response = await client.put(f"/Patient/{long}", content=patient(id=long), headers=FHIR_JSON)
    assert response.status_code == 400
    assert issue(response)["expression"] == ["Patient.id"]


@pytest.mark.parametrize("odd", ["a b", "a_b", "é", "a%00b", "a'b", "%2e%2e%2fx"])
async def test_an_odd_id_is_refused(client: AsyncClient, odd: str):
    response = await client.put(f"/Patient/{odd}", content=patient(id=odd), headers=FHIR_JSON)
    assert 400 <= response.status_code < 500
    assert 400 <= (await client.get(f"/Patient/{odd}")).status_code < 500


async def test_a_query_that_is_no_text_is_400(client: AsyncClient):
    for query in ("name=%ff", "name=a%00b", "&".join(["name=a"] * 300)):
        response = await client.get(f"/Patient?{query}")
        assert response.status_code == 400, query


@pytest.mark.parametrize("levels", [30, 60, 80, 95, 98])
async def test_deep_nesting_is_taken_or_refused(client: AsyncClient, levels: int):
    extension: dict[str, Any] = {"url": "urn:x", "valueString": "x"}
    for _ in range(levels):
        extension = {"url": "urn:x", "extension": [extension]}
    response = await client.post("/Patient", content=patient(extension=[extension]), headers=FHIR_JSON)
    assert response.status_code in (201, 400)
    if response.status_code == 201:
        assert (await client.get(f"/Patient/{response.json()['id']}?_format=xml")).status_code == 200


async def test_millions_of_values_are_refused_unread(client: AsyncClient):
    response = await client.post("/Patient", content=b"[" + b"[]," * 5_500_000, headers=FHIR_JSON)
    assert response.status_code == 413


async def test_a_large_bundle_without_resources_is_told_where_they_lack(client: AsyncClient):
    entries = [{"request": {"method": "POST", "url": "Patient"}, "fullUrl": f"urn:x:{'x' * 2000}"}] * 999
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
    response = await client.post("/", content=json.dumps(bundle), headers=FHIR_JSON)
    assert 400 <= response.status_code < 500


async def test_a_value_is_decoded_once(client: AsyncClient):
    for family in ("A%42", "AB"):
        assert (await client.post("/Patient", content=patient(name=[{"family": family}]), headers=FHIR_JSON)).is_success
    found = [(await client.get(f"/Patient?name:exact={name}")).json() for name in ("A%2542", "A%42")]
    assert [it["entry"][0]["resource"]["name"][0]["family"] for it in found] == ["A%42", "AB"]


@pytest.mark.parametrize("text", ["' OR '1'='1", "'; DROP TABLE resource; --", '"', "$1", "\\"])
async def test_a_value_that_looks_like_sql_is_a_value(client: AsyncClient, text: str):
    for family in (f"a{text}", "b"):
        assert (await client.post("/Patient", content=patient(name=[{"family": family}]), headers=FHIR_JSON)).is_success
    asked = {"name:exact": f"a{text}".replace("\\", "\\\\")}
    entries = (await client.get("/Patient", params=asked)).json()["entry"]
    assert [it["resource"]["name"][0]["family"] for it in entries] == [f"a{text}"]
