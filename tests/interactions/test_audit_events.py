"""AuditEvents: the traces as FHIR, for those who have a right of their own."""

from base64 import b64decode
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.served import FHIR_JSON, PATIENT, created, issue, make_client
from usager_server.access.grant import Grant
from usager_server.definitions import Definitions
from usager_server.interactions.session import House
from usager_server.repository.postgres import PostgresStore
from usager_server.traces.event import REFUSED, Event, Origin
from usager_server.validation.structure import Structure

Find = Callable[[str], Awaitable[list[dict[str, Any]]]]
ANNE = Origin("Practitioner/anne", client="planning", session="s-1", address="10.0.0.7", request_id="r-1")
PAUL = Origin("Practitioner/paul")
EVENTS = [
    Event("read", ANNE, type="Observation", id="o1", version=2, patients=("one",)),
    Event("search_type", ANNE, type="Observation", query="patient=one,two", patients=("one", "two"), found=2),
    Event("delete", PAUL, type="Observation", id="o2", version=3, patients=("two",)),
    Event("sign-in", PAUL, outcome=REFUSED, type="Account", id="7", detail={"because": "wrong password"}),
    Event("update", ANNE, type="Patient", id="one", version=4, patients=("one",)),
]


@pytest.fixture
async def find(traced_client: httpx.AsyncClient, shared_store: PostgresStore, tenant: int) -> Find:
    """Record EVENTS and return what searches them, newest first."""
    for event in EVENTS:
        await shared_store.repository(tenant).record([event])

    async def search(query: str) -> list[dict[str, Any]]:
        response = await traced_client.get(f"/AuditEvent?{query}")
        assert response.status_code == 200, response.text
        return [entry["resource"] for entry in response.json().get("entry", [])]

    return search


def told(event: dict[str, Any]) -> str:
    """Return the kind of act of an AuditEvent."""
    return str(event["subtype"][-1]["code"])


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("patient=Patient/one", ["update", "search_type", "read"]),
        ("patient=two", ["delete", "search_type"]),
        ("patient=two&patient=one", []),
        ("agent=Practitioner/paul", ["sign-in", "delete"]),
        ("entity=Observation/o1", ["read"]),
        ("action=D", ["delete"]),
        ("action=D,U&patient=one", ["update"]),
        ("type=110114", ["sign-in"]),
        ("subtype=search-type", ["search_type"]),
        ("subtype=sign-in", ["sign-in"]),
        ("outcome=4", ["sign-in"]),
        ("outcome=4&action=R", []),
        ("_count=2&agent=Practitioner/anne", ["update", "search_type"]),
    ],
)
async def test_traces_are_found(find: Find, query: str, kinds: list[str]) -> None:
    assert [told(event) for event in await find(query)] == kinds


async def test_traces_are_found_by_when_they_were_made(find: Find) -> None:
    now = datetime.now(UTC)
    today, tomorrow = f"{now:%Y-%m-%d}", f"{now + timedelta(days=1):%Y-%m-%d}"
    before = f"{now - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
    assert len(await find(f"date=ge{today}&date=lt{tomorrow}&subtype=sign-in,update,delete,read")) == 4
    assert await find(f"date=lt{before}") == await find(f"date=gt{today}") == []


async def test_a_trace_is_read_by_the_id_it_was_found_under(find: Find, traced_client: httpx.AsyncClient) -> None:
    (event,) = await find("subtype=delete")
    response = await traced_client.get(f"/AuditEvent/{event['id']}")
    assert response.json() == event and response.headers["etag"] == 'W/"1"'
    assert (await traced_client.get("/AuditEvent/0123")).status_code == 404


async def test_pages_follow_each_other(find: Find, traced_client: httpx.AsyncClient) -> None:
    url: str | None = "/AuditEvent?_count=2&patient=one"
    kinds = []
    while url:
        bundle = (await traced_client.get(url)).json()
        kinds += [told(entry["resource"]) for entry in bundle["entry"]]
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
    assert kinds == ["update", "search_type", "read"]


async def test_audit_events_are_those_of_balp(find: Find) -> None:
    anne = "agent=Practitioner/anne&subtype="
    read, search, update = [(await find(anne + kind))[0] for kind in ("read", "search-type", "update")]
    assert read["meta"]["profile"] == [
        "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead"
    ]
    roles = [agent["type"]["coding"][0]["code"] for agent in read["agent"]]
    assert roles == ["IRCP", "110152", "110153"]
    assert [agent["type"]["coding"][0]["code"] for agent in update["agent"]] == ["AUT", "110153", "110152"]
    assert {"reference": "Observation/o1/_history/2"} in [entity["what"] for entity in read["entity"]]
    (query,) = [entity for entity in search["entity"] if "query" in entity]
    assert b64decode(query["query"]) == b"Observation?patient=one,two"
    assert search["meta"]["profile"][0].endswith(".Query")  # of several patients, the profile for one is not claimed


async def test_audit_events_are_valid_r4(find: Find, definitions: Definitions) -> None:
    structure = Structure(definitions)
    events = await find("_count=50")
    issues = [issue for event in events for issue in structure.check(event, "AuditEvent", 10)]
    assert len(events) == len(EVENTS)
    assert [one for one in issues if one.severity in ("error", "fatal")] == []


async def test_reading_traces_is_traced(find: Find) -> None:
    await find("patient=one")
    (event,) = await find("subtype=search-type&patient=one&_count=1")
    (query,) = [entity for entity in event["entity"] if "query" in entity]
    assert b64decode(query["query"]) == b"AuditEvent?patient=one"


@pytest.mark.parametrize("kind", ["create", "update", "transaction"])
async def test_nobody_else_writes_audit_events(traced_client: httpx.AsyncClient, find: Find, kind: str) -> None:
    made = (await find("subtype=read"))[0]
    if kind == "create":
        response = await traced_client.post("/AuditEvent", json=made, headers=FHIR_JSON)
    elif kind == "update":
        response = await traced_client.put(f"/AuditEvent/{made['id']}", json=made, headers=FHIR_JSON)
    else:
        entry = {"resource": made, "request": {"method": "POST", "url": "AuditEvent"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        response = await traced_client.post("/", json=bundle, headers=FHIR_JSON)
    assert response.status_code == 405
    assert issue(response)["code"] == "not-supported"


@pytest.mark.parametrize(
    "query", ["date=yesterday", "outcome=5", "_count=x", "entity=o1", "_sort=patient", "_cursor=x"]
)
async def test_a_wrong_value_is_refused(traced_client: httpx.AsyncClient, query: str) -> None:
    response = await traced_client.get(f"/AuditEvent?{query}")
    assert response.status_code == 400
    assert issue(response)["expression"] == [query.partition("=")[0]]


async def test_an_unknown_parameter_is_told(traced_client: httpx.AsyncClient) -> None:
    response = await traced_client.get("/AuditEvent?site=x")
    (entry,) = [one for one in response.json()["entry"] if one["search"]["mode"] == "outcome"]
    assert "site" in entry["resource"]["issue"][0]["diagnostics"]
    strict = await traced_client.get("/AuditEvent?site=x", headers={"Prefer": "handling=strict"})
    assert strict.status_code == 400


async def test_a_tenant_sees_no_trace_of_another(find: Find, traced_house: House) -> None:
    made = (await find("subtype=read"))[0]
    async with make_client(traced_house, 1) as other:
        assert (await other.get(f"/AuditEvent/{made['id']}")).status_code == 404
        entries = (await other.get("/AuditEvent?agent=Practitioner/anne")).json().get("entry", [])
        assert entries == []


async def test_where_nobody_keeps_traces_audit_events_are_resources(client: httpx.AsyncClient, find: Find) -> None:
    made = (await find("subtype=read"))[0]
    assert (await client.post("/AuditEvent", json=made, headers=FHIR_JSON)).status_code == 201


@pytest.mark.parametrize(
    "grant",
    [
        Grant.of("user/*.cruds"),
        Grant.of("system/Patient.rs"),
        Grant.of("user/AuditEvent.c"),
        Grant.of("user/AuditEvent.rs", roles=["administrative"]),
        Grant.of("user/AuditEvent.rs", structures=["house"]),
        Grant.of("user/AuditEvent.rs?action=R"),
        Grant.of("patient/AuditEvent.rs?action=R", patient="one"),
        Grant.of("patient/AuditEvent.rs user/AuditEvent.rs", patient="one", structures=["house"]),
    ],
)
async def test_traces_want_a_right_to_all_of_them(find: Find, traced_house: House, tenant: int, grant: Grant) -> None:
    made = (await find(""))[0]
    async with make_client(traced_house, tenant, grant) as client:
        for address in ("/AuditEvent", f"/AuditEvent/{made['id']}", "/Patient/one/AuditEvent"):
            assert (await client.get(address)).status_code == 403


async def test_a_patient_sees_the_traces_of_their_own_record_alone(
    find: Find, traced_house: House, tenant: int
) -> None:
    every = await find("")
    async with make_client(traced_house, tenant, Grant.of("patient/AuditEvent.rs", patient="one")) as client:
        shown = [entry["resource"] for entry in (await client.get("/AuditEvent")).json()["entry"]]
        assert [told(each) for each in shown][-3:] == ["update", "search_type", "read"]  # on top: what was just shown
        mine = {each["id"] for each in shown}
        for each in every:
            expected = 200 if each["id"] in mine else 404
            assert (await client.get(f"/AuditEvent/{each['id']}")).status_code == expected


async def test_who_may_see_all_traces_sees_them(find: Find, traced_house: House, tenant: int) -> None:
    await find("")
    async with make_client(traced_house, tenant, Grant.of("user/AuditEvent.rs", roles=["auditor"])) as client:
        assert len((await client.get("/AuditEvent")).json()["entry"]) > len(EVENTS)


async def test_the_same_patient_is_met_in_what_was_really_done(traced_client: httpx.AsyncClient) -> None:
    patient = await created(traced_client, PATIENT)
    await traced_client.get(f"/Patient/{patient['id']}")
    bundle = (await traced_client.get(f"/AuditEvent?patient={patient['id']}")).json()
    assert [told(entry["resource"]) for entry in bundle["entry"]] == ["read", "create"]
