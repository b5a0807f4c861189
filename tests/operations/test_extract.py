"""AuditEvent/$extract: the traces as lines."""

import csv
import json
from io import StringIO

import httpx
import pytest

from tests.conftest import Database
from tests.repository.looking import look
from tests.served import StructureOnly, issue, make_client, make_house
from usager_server.definitions import Definitions
from usager_server.operations.extract import extract
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.traces.event import Event, Origin

ANNE, PAUL = Origin("Practitioner/anne"), Origin("Practitioner/paul")
ACTS = [(ANNE, "one"), (ANNE, "two"), (PAUL, "one")]


@pytest.fixture
async def client(store: PostgresStore, search_registry: SearchRegistry, definitions: Definitions) -> httpx.AsyncClient:
    """A client of a house with three traces."""
    for origin, patient in ACTS:
        await store.repository(1).record([Event("read", origin, type="Patient", id=patient, patients=(patient,))])
    return make_client(make_house(store, search_registry, StructureOnly(definitions), [extract], audit="on"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 3),
        ("?patient=Patient/one", 2),
        ("?patient=two", 1),
        ("?agent=Practitioner/anne", 2),
        ("?agent=Practitioner/anne&patient=one", 1),
        ("?end=2026-01-01", 0),
        ("?start=2020-01-01&end=2100", 3),
    ],
)
async def test_the_traces_asked_for_are_sent_as_lines(client: httpx.AsyncClient, query: str, found: int) -> None:
    response = await client.get(f"/AuditEvent/$extract{query}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/fhir+ndjson"
    kinds = [json.loads(line)["subtype"][-1]["code"] for line in response.text.splitlines()]
    assert kinds.count("read") == found


async def test_a_table_is_sent_for_a_spreadsheet(client: httpx.AsyncClient) -> None:
    response = await client.get("/AuditEvent/$extract?format=csv&agent=Practitioner/anne")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(StringIO(response.content.decode("utf-8-sig")), delimiter=";"))
    assert [(row["acte"], row["auteur"], row["patients"]) for row in rows] == [
        ("Lecture", "Practitioner/anne", "two"),
        ("Lecture", "Practitioner/anne", "one"),
    ]


async def test_an_extraction_is_traced_before_it_is_sent(client: httpx.AsyncClient, database: Database) -> None:
    await client.get("/AuditEvent/$extract?patient=one")
    found = await look(database, "SELECT kind, patient FROM trace WHERE kind <> 'read' ORDER BY row")
    assert found == [("traces-exported", "one"), ("operation", "")]


@pytest.mark.parametrize("query", ["start=yesterday", "format=xml"])
async def test_a_wrong_value_is_refused(client: httpx.AsyncClient, query: str) -> None:
    response = await client.get(f"/AuditEvent/$extract?{query}")
    assert (response.status_code, issue(response)["code"]) == (400, "value")
