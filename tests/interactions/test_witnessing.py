"""What each interaction leaves in the traces, and that nothing is done or shown without."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from tests.served import FHIR_JSON, PATIENT, created, make_client
from usager_server.access.grant import Grant
from usager_server.interactions.session import House
from usager_server.repository.showing import Shown, Shows, View, Wanted

Traces = Callable[[], Awaitable[list[asyncpg.Record]]]
OBSERVATION = {"resourceType": "Observation", "status": "final", "code": {"text": "poids"}}


def about(patient_id: str) -> dict[str, Any]:
    """Return an Observation of a Patient."""
    return {**OBSERVATION, "subject": {"reference": f"Patient/{patient_id}"}}


async def test_a_create_is_traced_once(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    made = await created(traced_client)
    (trace,) = await traces()
    assert (trace["kind"], trace["type"], trace["id"], trace["version"]) == ("create", "Patient", made["id"], 1)
    assert (trace["outcome"], trace["patient"], trace["subject"]) == (0, made["id"], "anonymous")


async def test_a_read_is_traced_with_its_patient(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    patient = await created(traced_client)
    observation = await created(traced_client, about(patient["id"]))
    await traced_client.get(f"/Observation/{observation['id']}")
    trace = (await traces())[-1]
    assert (trace["kind"], trace["type"], trace["id"]) == ("read", "Observation", observation["id"])
    assert (trace["version"], trace["patient"]) == (1, patient["id"])


@pytest.mark.parametrize(("query", "together"), [("_format=json", 1), ("_pretty=true", 1), ("_elements=subject", 0)])
async def test_a_read_written_otherwise_is_traced_together_with_what_was_asked(
    traced_client: httpx.AsyncClient, traces: Traces, monkeypatch: pytest.MonkeyPatch, query: str, together: int
) -> None:
    shown: list[str] = []
    show = Shows.show

    async def noted(self: Shows, view: View, wanted: Wanted) -> Shown:
        shown.append(wanted.id)
        return await show(self, view, wanted)

    monkeypatch.setattr(Shows, "show", noted)
    patient = await created(traced_client)
    observation = await created(traced_client, about(patient["id"]))
    await traced_client.get(f"/Observation/{observation['id']}?{query}")
    *_, trace = await traces()
    assert (trace["kind"], trace["patient"], json.loads(trace["body"])["query"]) == ("read", patient["id"], query)
    assert len(shown) == together


async def test_versions_are_traced_with_their_number(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    made = await created(traced_client)
    url = f"/Patient/{made['id']}"
    await traced_client.put(url, json={**PATIENT, "id": made["id"], "gender": "male"}, headers=FHIR_JSON)
    patch = [{"op": "add", "path": "/gender", "value": "female"}]
    await traced_client.patch(url, json=patch, headers={"Content-Type": "application/json-patch+json"})
    await traced_client.delete(url)
    told = [(trace["kind"], trace["version"], trace["patient"]) for trace in await traces()]
    assert told == [
        (kind, number, made["id"]) for number, kind in enumerate(("create", "update", "patch", "delete"), 1)
    ]


async def test_a_deletion_is_traced_with_whom_it_concerned(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    patient = await created(traced_client)
    observation = await created(traced_client, about(patient["id"]))
    await traced_client.delete(f"/Observation/{observation['id']}")
    assert (await traces())[-1]["patient"] == patient["id"]


async def test_a_search_is_one_trace_with_each_patient_met(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    patients = [(await created(traced_client))["id"] for _ in range(3)]
    await traced_client.post("/Patient/_search", data={"family": "Durand"})
    trace = (await traces())[-1]
    told = json.loads(trace["body"])
    assert (trace["kind"], told["found"], told["query"]) == ("search_type", 3, "family=Durand")
    assert sorted(told["patients"]) == sorted(patients)


@pytest.mark.parametrize("part", ["_elements=code", "_summary=text"])
@pytest.mark.parametrize(
    "address", ["Observation/{}", "Observation/{}/_history/1", "Observation/{}/_history", "Observation"]
)
async def test_whom_a_part_of_a_resource_is_about_is_traced(
    traced_client: httpx.AsyncClient, traces: Traces, address: str, part: str
) -> None:
    patient = await created(traced_client)
    observation = await created(traced_client, about(patient["id"]))
    url = f"{address.format(observation['id'])}?{part}"
    answer = await traced_client.get(f"/{url}")
    assert (answer.status_code, f"Patient/{patient['id']}" in answer.text) == (200, False)
    assert (await traces())[-1]["patient"] == patient["id"]
    entry = {"request": {"method": "GET", "url": url}}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    assert (await traced_client.post("/", json=bundle, headers=FHIR_JSON)).json()["entry"][0]["response"]["status"][
        :3
    ] == "200"
    assert (await traces())[-1]["patient"] == patient["id"]


async def test_whom_the_bytes_of_a_document_are_about_is_traced(
    traced_client: httpx.AsyncClient, traces: Traces
) -> None:
    patient = await created(traced_client)
    text = {"Content-Type": "text/plain"}
    file = (await traced_client.post("/Binary", content=b"x", headers=text)).json()["id"]
    content = [{"attachment": {"contentType": "text/plain", "url": f"Binary/{file}"}}]
    document = {"resourceType": "DocumentReference", "status": "current", "content": content}
    made = await created(traced_client, {**document, "subject": {"reference": f"Patient/{patient['id']}"}})
    context = {**text, "X-Security-Context": f"DocumentReference/{made['id']}"}
    other = (await traced_client.post("/Binary", content=b"y", headers=context)).json()["id"]
    for name in (file, other):
        answer = await traced_client.get(f"/Binary/{name}", headers={"Accept": "text/plain"})
        assert (answer.status_code, len(answer.content)) == (200, 1)
        trace = (await traces())[-1]
        assert (trace["kind"], trace["id"], trace["patient"]) == ("read", name, patient["id"])


async def test_what_a_condition_asks_is_traced(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    observation = await created(traced_client, about("one"))
    asked = {**FHIR_JSON, "If-None-Exist": "subject=Patient/one&status=final"}
    answer = await traced_client.post("/Observation", json=about("one"), headers=asked)
    assert (answer.status_code, answer.json()["id"]) == (200, observation["id"])
    trace = (await traces())[-1]
    told = json.loads(trace["body"])["detail"]["conditions"]
    assert (trace["patient"], told) == ("one", ["Observation?subject=Patient/one&status=final"])
    await traced_client.delete("/Observation?subject=Patient/one&status=amended")
    trace = (await traces())[-1]
    assert (trace["kind"], trace["patient"]) == ("delete", "one")


@pytest.mark.parametrize(
    "query",
    [
        "Observation?subject=Patient/one&_summary=count",
        "Observation?patient=one&code=none",
        "Observation?subject:Patient=one&_count=1",
        "Practitioner?_has:Observation:performer:subject=http://test.example/fhir/Patient/one",
        "Patient?_id=one&_summary=count",
    ],
)
async def test_whom_a_query_asks_about_is_traced_whatever_is_found(
    traced_client: httpx.AsyncClient, traces: Traces, query: str
) -> None:
    assert (await traced_client.get(f"/{query}")).status_code == 200
    assert (await traces())[-1]["patient"] == "one"


@pytest.mark.parametrize(
    ("form", "query"),
    [
        ({"name": "a=b&c"}, "name=a%3Db%26c"),
        ({"name": "Éric d'Or"}, "name=%C3%89ric+d%27Or"),
        ({"_tag": "urn:x|1,2", "_count": "5"}, "_tag=urn:x|1,2&_count=5"),
    ],
)
async def test_what_was_asked_is_told_as_a_query_string(
    traced_client: httpx.AsyncClient, traces: Traces, form: dict[str, str], query: str
) -> None:
    await traced_client.post("/Patient/_search", data=form)
    assert json.loads((await traces())[-1]["body"])["query"] == query


async def test_a_transaction_traces_each_version_and_itself(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    entries = [
        {"resource": PATIENT, "request": {"method": "POST", "url": "Patient"}},
        {"resource": {**PATIENT, "id": "x"}, "request": {"method": "PUT", "url": "Patient/x"}},
        {"request": {"method": "GET", "url": "Patient/x"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    await traced_client.post("/", json=bundle, headers=FHIR_JSON)
    *versions, (kind, body) = [(trace["kind"], json.loads(trace["body"])) for trace in await traces()]
    assert [(kind, body["detail"]) for kind, body in versions] == [("create", {"within": "transaction"})] * 2
    assert (kind, body["found"]) == ("transaction", 3)
    assert "x" in body["patients"]


async def test_a_transaction_undone_leaves_one_refusal(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    entries = [
        {"resource": PATIENT, "request": {"method": "POST", "url": "Patient"}},
        {"request": {"method": "GET", "url": "Patient/nobody"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    response = await traced_client.post("/", json=bundle, headers=FHIR_JSON)
    assert response.status_code == 404
    assert [(trace["kind"], trace["outcome"]) for trace in await traces()] == [("transaction", 4)]


async def test_a_refusal_is_traced(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    await traced_client.get("/Patient/nobody")
    (trace,) = await traces()
    assert (trace["kind"], trace["outcome"], trace["id"]) == ("read", 4, "nobody")


async def test_a_trace_names_person_client_and_session(traced_house: House, tenant: int, traces: Traces) -> None:
    grant = Grant(client="planning", scopes=None, session="s-1", practitioner="Practitioner/9")
    async with make_client(traced_house, tenant, grant) as client:
        await client.get("/Patient/nobody", headers={"X-Request-Id": "mine"})
    (trace,) = await traces()
    body = json.loads(trace["body"])
    assert (trace["subject"], body["client"], body["session"]) == ("Practitioner/9", "planning", "s-1")
    assert body["address"] == "127.0.0.1" and body["request"]


async def test_what_the_server_can_do_leaves_no_trace(traced_client: httpx.AsyncClient, traces: Traces) -> None:
    await traced_client.get("/metadata")
    assert await traces() == []


async def test_nothing_is_traced_where_nobody_keeps_traces(client: httpx.AsyncClient, traces: Traces) -> None:
    await client.get(f"/Patient/{(await created(client))['id']}")
    assert await traces() == []


@pytest.fixture
async def untraceable(owner: asyncpg.Connection, tenant: int) -> Any:
    """Make traces of the tenant impossible to write, for a while."""
    name = f"no_more_{tenant}"
    await owner.execute(f"ALTER TABLE trace ADD CONSTRAINT {name} CHECK (tenant <> {tenant}) NOT VALID")
    yield
    await owner.execute(f"ALTER TABLE trace DROP CONSTRAINT {name}")


async def test_what_cannot_be_traced_is_not_done(
    traced_client: httpx.AsyncClient, client: httpx.AsyncClient, untraceable: None
) -> None:
    made = await created(client)
    read = await traced_client.get(f"/Patient/{made['id']}")
    assert read.status_code == 503 and "Durand" not in read.text
    url = f"/Patient/{made['id']}"
    body = {**PATIENT, "id": made["id"], "gender": "male"}
    assert (await traced_client.put(url, json=body, headers=FHIR_JSON)).status_code == 503
    assert (await traced_client.post("/Patient", json=PATIENT, headers=FHIR_JSON)).status_code == 503
    assert (await traced_client.delete(url)).status_code == 503
    assert (await client.get(f"{url}/_history")).json()["entry"][0]["response"]["etag"] == 'W/"1"'
    assert len((await client.get("/Patient")).json()["entry"]) == 1


async def test_refusals_of_rights_and_of_values_are_traced(traced_house: House, tenant: int, traces: Traces) -> None:
    async with make_client(traced_house, tenant, Grant(scopes=())) as stranger:
        assert (await stranger.get("/Patient/one")).status_code == 403
    async with make_client(traced_house, tenant) as client:
        assert (await client.post("/Patient", json={**PATIENT, "gender": "f"}, headers=FHIR_JSON)).status_code == 400
    assert [(trace["kind"], trace["outcome"]) for trace in await traces()] == [("read", 4), ("create", 4)]
