"""The search parameters of the profile PH."""

from typing import Any

import httpx

from tests.whole import found, statement_of, stored
from usager_ph.plugin import register_search_parameters

INPUTS = "https://interop.esante.gouv.fr/ig/fhir/sdo/CodeSystem/input-task-sdo-codesystem"
STATUSES = "https://mos.esante.gouv.fr/NOS/TRE_R357-StatutPersonnePriseCharge/FHIR/TRE-R357-StatutPersonnePriseCharge"


def notification(decision: str, status: str) -> dict[str, Any]:
    """Return a notification of ViaTrajectoire about a decision."""
    given = {
        "idDecision": {"valueIdentifier": {"value": f"MDPH-{decision}"}},
        "idNat_Decision": {"valueIdentifier": {"value": decision}},
        "statutESMS": {"valueCodeableConcept": {"coding": [{"system": STATUSES, "code": status}]}},
        "nomESMS": {"valueString": "IME de démonstration"},
    }
    inputs = [{"type": {"coding": [{"system": INPUTS, "code": code}]}, **value} for code, value in given.items()]
    return {"resourceType": "Task", "status": "completed", "intent": "plan", "input": inputs}


def project(created: str) -> dict[str, Any]:
    """Return a projet personnalisé written on a day."""
    person = {"display": "Zoé Béranger"}
    return {"resourceType": "CarePlan", "status": "active", "intent": "plan", "subject": person, "created": created}


async def test_notifications_are_found_by_their_national_decision_number(client: httpx.AsyncClient):
    wanted = await stored(client, notification("VT-1", "45"))
    await stored(client, notification("VT-2", "45"))
    assert await found(client, "Task?decision=VT-1") == [wanted]


async def test_notifications_are_found_by_their_number_at_the_mdph(client: httpx.AsyncClient):
    wanted = await stored(client, notification("VT-3", "45"))
    assert await found(client, "Task?decision=MDPH-VT-3") == [wanted]


async def test_notifications_are_found_by_status(client: httpx.AsyncClient):
    wanted = await stored(client, notification("VT-4", "37"))
    await stored(client, notification("VT-4", "40"))
    assert await found(client, f"Task?decision=VT-4&statut-esms={STATUSES}|37") == [wanted]


async def test_projects_due_for_review_are_found_by_the_day_they_were_written(client: httpx.AsyncClient):
    old = await stored(client, project("2019-02-01"))
    await stored(client, project("2026-02-01"))
    assert await found(client, "CarePlan?created=lt2020-01-01") == [old]


async def test_they_are_advertised_where_the_profile_is_on(client: httpx.AsyncClient):
    listed = {it["name"]: it for it in (await statement_of(client, "Task"))["searchParam"]}
    assert {"decision", "statut-esms"} <= listed.keys()


async def test_they_are_absent_where_the_profile_is_off(bare_client: httpx.AsyncClient):
    assert "decision" not in {it["name"] for it in (await statement_of(bare_client, "Task"))["searchParam"]}
    answer = await bare_client.get("/fhir/Task?decision=VT-1", headers={"Prefer": "handling=strict"})
    assert answer.status_code == 404


def test_without_decisions_there_is_no_search_by_decision():
    codes = {it["code"] for it in register_search_parameters(active=frozenset({"ph-sans-decision"}))}
    assert codes == {"created"}
