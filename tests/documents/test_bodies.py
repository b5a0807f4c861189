"""Structured bodies through HTTP: what is filed once, what a new version leaves, what is written from the store."""

import httpx
import pytest
from lxml import etree

from tests.cda.documents import EXAMPLES, resources
from tests.served import FHIR_JSON
from usager_server.documents.conversion import bundle_from_document
from usager_server.jsontext import build_json

SUMMARY = EXAMPLES / "synthese-medicale.xml"
XML = {"Content-Type": "application/xml"}
COUNTED = ("Condition", "MedicationStatement", "Observation", "Composition", "Consent", "Immunization", "Procedure")


async def count(client: httpx.AsyncClient, query: str) -> int:
    response = await client.get(f"/{query}", params={"_summary": "count"})
    return response.json()["total"]


async def filed(client: httpx.AsyncClient, data: bytes) -> None:
    response = await client.post("/DocumentReference/$import-cda", content=data, headers=XML)
    assert response.status_code == 200, response.text


def next_version(data: bytes, *changes: tuple[bytes, bytes]) -> bytes:
    """Return the second version of a document: another id, what it replaces, and what was changed in it."""
    root = etree.fromstring(data)
    made = etree.tostring(root)
    former = root.find("{urn:hl7-org:v3}id").get("root").encode()
    related = (
        b'<relatedDocument typeCode="RPLC"><parentDocument><id root="%s"/></parentDocument></relatedDocument>' % former
    )
    made = made.replace(former, b"2.25.7", 1).replace(b'versionNumber value="1"', b'versionNumber value="2"')
    made = made.replace(b"<componentOf>", related + b"<componentOf>")
    for old, new in changes:
        assert old in made
        made = made.replace(old, new)
    return made


async def test_a_bundle_posted_twice_makes_nothing_twice(client):
    bundle = build_json(bundle_from_document(SUMMARY.read_bytes()))
    counts = []
    for _ in range(2):
        response = await client.post("/", content=bundle, headers=FHIR_JSON)
        assert response.status_code == 200, response.text
        counts.append([await count(client, each) for each in COUNTED])
    assert counts[0] == counts[1]
    assert all(counts[0])


@pytest.mark.parametrize(
    ("name", "counted"),
    [("trod", ("DiagnosticReport", "Observation", "Device")), ("note-de-vaccination", ("Immunization", "Composition"))],
)
async def test_an_attestation_filed_twice_is_there_once(client, name, counted):
    data = (EXAMPLES / f"{name}.xml").read_bytes()
    counts = []
    for _ in range(2):
        await filed(client, data)
        counts.append([await count(client, each) for each in counted])
    assert counts[0] == counts[1]
    assert all(counts[0])


async def test_the_resources_of_a_document_are_found_by_its_id(client):
    await filed(client, SUMMARY.read_bytes())
    source = resources(bundle_from_document(SUMMARY.read_bytes()), "Composition")[0]["meta"]["source"]
    response = await client.get("/Condition", params={"_source": source, "_summary": "count"})
    assert response.json()["total"] == 3


async def test_a_new_version_keeps_what_did_not_change_and_adds_what_did(client):
    data = SUMMARY.read_bytes()
    await filed(client, data)
    await filed(client, next_version(data, (b"Hypothyro&#239;die</content>", b"Hypothyro&#239;die ancienne</content>")))
    assert await count(client, "Composition") == 2
    assert await count(client, "Condition") == 4
    # The treatment is given for the problem that changed; the vaccination and the act are what they were.
    assert await count(client, "MedicationStatement") == 2
    assert [await count(client, each) for each in ("Immunization", "Procedure")] == [1, 1]


async def test_a_document_is_written_from_what_is_stored(client):
    await filed(client, SUMMARY.read_bytes())
    composition = (await client.get("/Composition")).json()["entry"][0]["resource"]
    document = (await client.get("/DocumentReference")).json()["entry"][0]["resource"]
    entries = [{"resource": composition}, {"resource": document}]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    response = await client.post("/$fhir-to-cda", json=bundle, headers={**FHIR_JSON, "Accept": "application/xml"})
    assert response.status_code == 200, response.text
    assert b"Levothyrox 75 microgrammes" in response.content
    assert b"structuredBody" in response.content
