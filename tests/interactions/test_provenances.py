"""Provenance of versions: who made each, for whom, with what; made from the traces when someone asks."""

from typing import Any

import httpx
import pytest

from tests.served import FHIR_JSON, PATIENT, created, make_client
from usager_server.access.grant import Grant
from usager_server.definitions import Definitions
from usager_server.interactions import provenances
from usager_server.interactions.session import House
from usager_server.validation.structure import Structure

ANNE = Grant(
    client="planning", scopes=None, practitioner="Practitioner/anne", structures=frozenset({"house"}), session="s-1"
)


@pytest.fixture
async def patient(traced_house: House, tenant: int) -> str:
    """A Patient whom Anne created and updated."""
    async with make_client(traced_house, tenant, ANNE) as anne:
        made = await created(anne)
        body = {**PATIENT, "id": made["id"], "gender": "male"}
        await anne.put(f"/Patient/{made['id']}", json=body, headers=FHIR_JSON)
        return str(made["id"])


async def found(client: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    """Return the Provenances that a search finds."""
    response = await client.get(f"/Provenance?{query}")
    assert response.status_code == 200, response.text
    return [entry["resource"] for entry in response.json().get("entry", [])]


async def test_each_version_says_who_made_it(traced_client: httpx.AsyncClient, patient: str) -> None:
    newest, first = await found(traced_client, f"target=Patient/{patient}")
    assert newest["target"] == [{"reference": f"Patient/{patient}/_history/2"}]
    assert [each["activity"]["coding"][0]["code"] for each in (newest, first)] == ["UPDATE", "CREATE"]
    author, software = newest["agent"]
    assert author["who"] == {"reference": "Practitioner/anne"}
    assert author["onBehalfOf"] == {"reference": "Organization/house"}
    assert software["who"] == {"identifier": {"value": "planning"}}


async def test_one_version_is_asked_for(traced_client: httpx.AsyncClient, patient: str) -> None:
    (first,) = await found(traced_client, f"target=Patient/{patient}/_history/1")
    assert first["target"] == [{"reference": f"Patient/{patient}/_history/1"}]
    assert (await traced_client.get(f"/Provenance/{first['id']}")).json() == first


async def test_a_version_is_found_however_many_came_after_it(
    traced_client: httpx.AsyncClient, patient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provenances, "MOST", 1)
    (first,) = await found(traced_client, f"target=Patient/{patient}/_history/1")
    assert first["target"] == [{"reference": f"Patient/{patient}/_history/1"}]
    assert await found(traced_client, f"target=Patient/{patient}/_history/3") == []


async def test_provenances_of_versions_are_valid_r4(
    traced_client: httpx.AsyncClient, patient: str, definitions: Definitions
) -> None:
    issues = [
        issue
        for each in await found(traced_client, f"target=Patient/{patient}")
        for issue in Structure(definitions).check(each, "Provenance", 10)
    ]
    assert [issue for issue in issues if issue.severity in ("error", "fatal")] == []


async def test_stored_provenances_stand_beside_them(traced_client: httpx.AsyncClient, patient: str) -> None:
    own = {
        "resourceType": "Provenance",
        "target": [{"reference": f"Patient/{patient}"}],
        "recorded": "2026-11-26T10:00:00Z",
        "agent": [{"who": {"display": "Paul"}}],
    }
    made = await created(traced_client, own)
    ids = [each["id"] for each in await found(traced_client, f"target=Patient/{patient}")]
    assert ids[0] == made["id"] and len(ids) == 3


async def test_a_trace_of_something_else_is_no_provenance(traced_client: httpx.AsyncClient, patient: str) -> None:
    await traced_client.get(f"/Patient/{patient}")
    (event, *_) = (await traced_client.get(f"/AuditEvent?entity=Patient/{patient}&action=R")).json()["entry"]
    assert (await traced_client.get(f"/Provenance/trace-{event['resource']['id']}")).status_code == 404
    assert (await traced_client.get("/Provenance/trace-x")).status_code == 404


async def test_who_does_not_see_the_target_does_not_learn_who_made_it(
    traced_house: House, traced_client: httpx.AsyncClient, tenant: int, patient: str
) -> None:
    (newest, _) = await found(traced_client, f"target=Patient/{patient}")
    for grant in (
        Grant.of("patient/Provenance.rs patient/Patient.rs", patient="somebody-else"),
        Grant.of("system/Provenance.rs"),
    ):
        async with make_client(traced_house, tenant, grant) as stranger:
            assert await found(stranger, f"target=Patient/{patient}") == []
            assert (await stranger.get(f"/Provenance/{newest['id']}")).status_code == 404


async def test_without_traces_there_are_stored_ones_only(client: httpx.AsyncClient) -> None:
    made = await created(client)
    assert await found(client, f"target=Patient/{made['id']}") == []
