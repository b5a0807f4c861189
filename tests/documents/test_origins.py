"""Where a document came from: kept as long as it is here, and told in the trace of whatever shows it."""

import csv
import json
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import httpx
import pytest

from tests.cda.documents import everything
from tests.conftest import Database
from tests.repository.looking import look
from tests.served import FHIR_JSON, issue, make_client, make_house
from usager_server.operations.document import compose_document
from usager_server.operations.everything import everything as whole_record
from usager_server.operations.extract import extract
from usager_server.operations.import_cda import import_cda
from usager_server.operations.meta import meta_add, meta_delete
from usager_server.operations.render import render_document
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.traces.origins import SYSTEM, From, tag
from usager_server.validation.validator import HouseValidator

FHIR = {"Accept": "application/fhir+json"}
XML = {"Content-Type": "application/xml"}
OPERATIONS = (compose_document, extract, import_cda, meta_add, meta_delete, render_document, whole_record)
Resource = dict[str, Any]


@pytest.fixture
async def client(
    store: PostgresStore, search_registry: SearchRegistry, validator: HouseValidator
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a door where each act leaves a trace."""
    house = make_house(store, search_registry, validator, OPERATIONS, audit="on")
    async with make_client(house) as client:
        yield client


async def received(client: httpx.AsyncClient, origin: str = "dmp") -> Resource:
    """Return the DocumentReference of a document that was just received."""
    query = {"origin": origin} if origin else {}
    answer = await client.post("/DocumentReference/$import-cda", params=query, content=everything(), headers=XML)
    assert answer.status_code == 200, answer.text
    document: Resource = (await client.get(answer.headers["Location"].removeprefix(str(client.base_url)))).json()
    return document


async def accesses(client: httpx.AsyncClient, **query: str) -> list[Resource]:
    """Return the AuditEvents of accesses to documents from the DMP, newest first."""
    answer = await client.get("/AuditEvent/$extract", params={"origin": "dmp", **query})
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def told(event: Resource) -> str:
    """Return which documents an AuditEvent tells of."""
    details = [detail for entity in event["entity"] for detail in entity.get("detail", ())]
    return next(detail["valueString"] for detail in details if detail["type"] == "document-from-dmp")


@pytest.mark.requirement("SC.CDA/INT.08")
@pytest.mark.parametrize("origin", ["dmp", "mss", "local"])
async def test_where_a_document_came_from_is_marked_and_searched(client: httpx.AsyncClient, origin: str) -> None:
    document = await received(client, origin)
    assert document["meta"]["tag"] == [tag(From(origin))]
    found = (await client.get("/DocumentReference", params={"_tag": f"{SYSTEM}|{origin}"})).json()
    assert [entry["resource"]["id"] for entry in found["entry"]] == [document["id"]]
    binary = await client.get(f"/{document['content'][0]['attachment']['url']}", headers=FHIR)
    assert binary.json()["meta"]["tag"] == [tag(From(origin))]


async def test_what_is_said_to_come_from_nowhere_known_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post("/DocumentReference/$import-cda?origin=fax", content=everything(), headers=XML)
    assert (answer.status_code, issue(answer)["code"]) == (400, "value")


async def test_a_document_without_origin_is_told_as_any_other(client: httpx.AsyncClient) -> None:
    document = await received(client, "")
    assert "tag" not in document["meta"]
    assert await accesses(client) == []


@pytest.mark.requirement("SC.DMP/CONF.14")
async def test_its_reception_is_traced_with_it(client: httpx.AsyncClient, database: Database) -> None:
    document = await received(client)
    kept = await look(database, "SELECT type, id, patient, body FROM trace WHERE kind = 'document-received'")
    ((kind, key, patient, body),) = kept
    assert (kind, key) == ("DocumentReference", document["id"])
    assert document["subject"]["reference"] == f"Patient/{patient}"
    assert json.loads(body)["detail"]["service"] == "dmp"


@pytest.mark.requirement("SC.DMP/CONF.14")
@pytest.mark.parametrize(
    ("way", "named"),
    [
        ("DocumentReference/{id}", "DocumentReference/{id}"),
        ("DocumentReference/{id}?_elements=status", "DocumentReference/{id}"),
        ("DocumentReference/{id}?_format=xml", "DocumentReference/{id}"),
        ("DocumentReference/{id}/_history/1", "DocumentReference/{id}"),
        ("DocumentReference/{id}/_history", "DocumentReference/{id}"),
        ("DocumentReference?_id={id}&_include=DocumentReference:patient", "DocumentReference/{id}"),
        ("Patient?_revinclude=DocumentReference:patient", "DocumentReference/{id}"),
        ("DocumentReference/{id}/$render?format=html", "DocumentReference/{id}"),
        ("Binary/{file}", "Binary/{file}"),
        ("Binary/{file}?_format=json", "Binary/{file}"),
        ("Binary/{file}/_history/1", "Binary/{file}"),
        ("Composition/{composition}/$document", "Composition/{composition}"),
        ("Patient/{patient}/$everything", "DocumentReference/{id}"),
    ],
)
async def test_whatever_shows_it_tells_so(client: httpx.AsyncClient, way: str, named: str) -> None:
    document = await received(client)
    composition = (await client.get("/Composition")).json()["entry"][0]["resource"]
    names = {
        "id": document["id"],
        "file": document["content"][0]["attachment"]["url"].partition("/")[2],
        "composition": composition["id"],
        "patient": document["subject"]["reference"].partition("/")[2],
    }
    before = len(await accesses(client))
    answer = await client.get(f"/{way.format(**names)}", headers={"Accept": "*/*"})
    assert answer.status_code == 200, answer.text
    events = await accesses(client)
    assert len(events) == before + 1
    assert named.format(**names) in told(events[0]).split()


@pytest.mark.requirement("SC.DMP/CONF.15")
async def test_accesses_are_extracted_by_period_person_and_professional(client: httpx.AsyncClient) -> None:
    document = await received(client)
    await client.get(f"/DocumentReference/{document['id']}")
    await client.get(f"/{document['subject']['reference']}")
    await client.get(f"/{document['content'][0]['attachment']['url']}", headers={"Accept": "*/*"})
    await client.get(f"/DocumentReference/{document['id']}/$render?format=html")
    whole = await accesses(client)
    of_person = await accesses(client, patient=document["subject"]["reference"], agent="anonymous")
    kinds = ["read", "read", "operation"]
    assert [event["subtype"][-1]["code"] for event in of_person[:3][::-1]] == kinds
    assert of_person[:3] == whole[:3]
    assert await accesses(client, end="2026-01-01") == []
    assert await accesses(client, agent="Practitioner/nobody") == []
    answer = await client.get("/AuditEvent/$extract", params={"origin": "dmp", "format": "csv"})
    rows = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == len(whole)
    assert all("document-from-dmp" in row["precisions"] for row in rows)


async def test_a_query_that_names_the_detail_is_no_access(client: httpx.AsyncClient) -> None:
    await client.get("/Patient", params={"name": '"document-from-dmp":', "_tag": f"{SYSTEM}|dmp"})
    assert await accesses(client) == []


async def test_an_update_keeps_where_it_came_from(client: httpx.AsyncClient) -> None:
    document = await received(client)
    body = {name: value for name, value in document.items() if name != "meta"}
    url = f"/DocumentReference/{document['id']}"
    updated = (await client.put(url, json=body, headers=FHIR_JSON)).json()
    assert updated["meta"]["tag"] == [tag(From.DMP)]
    entry = {"resource": body, "request": {"method": "PUT", "url": url.removeprefix("/")}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert (await client.post("/", json=bundle, headers=FHIR_JSON)).status_code == 200
    assert (await client.get(url)).json()["meta"]["tag"] == [tag(From.DMP)]


async def test_new_bytes_of_a_file_keep_where_it_came_from(client: httpx.AsyncClient) -> None:
    url = (await received(client))["content"][0]["attachment"]["url"]
    answer = await client.put(f"/{url}", content=b"%PDF-1.4", headers={"Content-Type": "application/pdf"})
    assert answer.status_code == 200, answer.text
    assert (await client.get(f"/{url}", headers=FHIR)).json()["meta"]["tag"] == [tag(From.DMP)]


async def test_another_origin_is_refused(client: httpx.AsyncClient) -> None:
    document = await received(client)
    url = f"/DocumentReference/{document['id']}"
    answer = await client.put(url, json={**document, "meta": {"tag": [tag(From.LOCAL)]}}, headers=FHIR_JSON)
    assert (answer.status_code, issue(answer)["expression"]) == (422, ["DocumentReference.meta.tag"])
    taken = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [tag(From.DMP)]}}]}
    answer = await client.post(f"{url}/$meta-delete", json=taken, headers=FHIR_JSON)
    assert (answer.status_code, issue(answer)["code"]) == (422, "business-rule")
