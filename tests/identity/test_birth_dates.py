"""Dates of birth that are known in part: completed by the server on every way in, marked, and told."""

from typing import Any

import httpx
import pytest

from tests.identity.people import ADRUN, migrated
from tests.served import FHIR_JSON, created, issue
from usager_server.birthplaces.gazetteer import Standing
from usager_server.identity import settling, words
from usager_server.identity.parts import with_extension
from usager_server.identity.status import Status
from usager_server.identity.traits import with_traits

PLAIN = {"resourceType": "Patient", "meta": {"profile": [words.PATIENT]}}
OUTCOME = {"Prefer": "return=OperationOutcome"}


def typed(born: str = "", known: str = "", absent: str = "") -> dict[str, Any]:
    """Return an identity as it is typed: its date of birth, what is known of it beside, or why there is none."""
    whole = with_traits(PLAIN, ADRUN)
    patient = {name: value for name, value in whole.items() if name != "birthDate"}
    held = with_extension({}, words.KNOWN, {"valueString": known} if known else None)
    held = with_extension(held, words.ABSENT, {"valueCode": absent} if absent else None)
    return patient | ({"birthDate": born} if born else {}) | ({"_birthDate": held} if held else {})


@pytest.mark.requirement("INS/va1.21")
@pytest.mark.parametrize(
    ("sent", "whole"),
    [
        (typed("1942-05"), "1942-05-01"),
        (typed("1942"), "1942-12-31"),
        (typed(known="1942-00-15"), "1942-01-15"),
        (typed("1942", known="1942-00-15"), "1942-01-15"),
        (typed(known="1942-00-00"), "1942-12-31"),
        (typed(known="1942-05-00"), "1942-05-01"),
        (typed(known="1942-13-15"), "1942-01-15"),
        (typed(absent="unknown"), "1900-12-31"),
        (typed(absent="asked-unknown"), "1900-12-31"),
    ],
)
async def test_a_date_known_in_part_is_completed_and_marked(served, sent, whole):
    patient = await created(served, sent)
    assert patient["birthDate"] == whole
    assert patient["_birthDate"] == {"extension": [{"url": words.ESTIMATED, "valueBoolean": True}]}


@pytest.mark.parametrize("sent", [typed("1942-05-15"), typed(), typed(absent="temp-unknown")])
async def test_any_other_is_kept_as_it_is_sent(served, sent):
    patient = await created(served, sent)
    assert (patient.get("birthDate"), patient.get("_birthDate")) == (sent.get("birthDate"), sent.get("_birthDate"))


async def test_a_date_known_whole_is_not_marked(served):
    patient = await created(served, typed(known="1942-05-15"))
    assert (patient["birthDate"], "_birthDate" in patient) == ("1942-05-15", False)


async def test_a_patient_that_is_no_french_identity_keeps_its_year(served):
    patient = await created(served, {"resourceType": "Patient", "birthDate": "1942"})
    assert (patient["birthDate"], "_birthDate" in patient) == ("1942", False)


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (typed("1950", known="1942-00-15"), "ne dit pas la même chose"),
        (typed("1942-05-15", known="1942-00-15"), "ne dit pas la même chose"),
        (typed(known="15/1942"), "AAAA-MM-JJ"),
        (typed(known="1942-02-30"), "AAAA-MM-JJ"),
        (typed("2999"), "avenir"),
    ],
)
async def test_what_cannot_be_completed_is_refused_and_not_repeated(served, sent, text):
    answer = await served.post("/Patient", json=sent, headers=FHIR_JSON)
    assert (answer.status_code, text in issue(answer)["diagnostics"]) == (422, True)
    assert issue(answer)["expression"] == ["Patient.birthDate"]
    assert "1942" not in answer.text


async def test_sending_the_same_part_again_changes_nothing(migrating):
    patient = await created(migrating, with_born(migrated(Status.recuperee), "1975"))
    assert (patient["birthDate"], patient["_birthDate"]["extension"][0]["valueBoolean"]) == ("1975-12-31", True)
    again = await migrating.put(f"/Patient/{patient['id']}", json=with_born(patient, "1975"), headers=FHIR_JSON)
    assert (again.status_code, again.json()["birthDate"]) == (200, "1975-12-31")
    other = await migrating.put(f"/Patient/{patient['id']}", json=with_born(patient, "1975-11"), headers=FHIR_JSON)
    assert (other.status_code, "verrouillés" in issue(other)["diagnostics"]) == (422, True)


def with_born(patient: dict[str, Any], born: str) -> dict[str, Any]:
    """Return a Patient of that birth date, which bears no mark."""
    return {name: value for name, value in patient.items() if name != "_birthDate"} | {"birthDate": born}


async def told(client: httpx.AsyncClient, way: str, patient: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the issues of the OperationOutcome that a write in one of the ways is answered with."""
    match way:
        case "create":
            answer = await client.post("/Patient", json=patient, headers=FHIR_JSON | OUTCOME)
        case "update":
            answer = await client.put("/Patient/chosen", json=patient | {"id": "chosen"}, headers=FHIR_JSON | OUTCOME)
        case "patch":
            stored = await created(client, with_traits(PLAIN, ADRUN))
            headers = {"Content-Type": "application/merge-patch+json", **OUTCOME}
            answer = await client.patch(f"/Patient/{stored['id']}", json=patient, headers=headers)
        case _:
            entry = {"resource": patient, "request": {"method": "POST", "url": "Patient"}}
            bundle = {"resourceType": "Bundle", "type": way, "entry": [entry]}
            answer = await client.post("", json=bundle, headers=FHIR_JSON | OUTCOME)
            found: list[dict[str, Any]] = answer.json()["entry"][0]["response"]["outcome"]["issue"]
            return found
    issues: list[dict[str, Any]] = answer.json()["issue"]
    return issues


@pytest.mark.parametrize("way", ["create", "update", "patch", "batch", "transaction"])
async def test_who_asks_for_an_outcome_is_told(served, way):
    done, completed, key = await told(served, way, typed("1942") | {"identifier": [INVENTED]})
    assert done["code"] == "informational" and "version" in done["diagnostics"]
    assert (completed["severity"], "complétée" in completed["diagnostics"]) == ("information", True)
    assert (key["severity"], "clé" in key["diagnostics"]) == ("warning", True)


INVENTED = {"use": "temp", "system": "urn:oid:1.2.250.1.213.1.4.10", "value": "181036322045660"}


async def test_no_other_answer_tells_of_it(served):
    assert "issue" not in await created(served, typed("1942") | {"identifier": [INVENTED]})


@pytest.mark.parametrize(("born", "is_refused"), [("2026-05-04", False), ("2026-05-05", False), ("2026-05-06", True)])
def test_a_day_that_has_begun_somewhere_is_not_in_the_future(born, is_refused):
    terms = settling.Terms("2.2", "2026-05-04T22:30:00.000Z", lambda _code: Standing.known)
    errors = [each for each in settling.told(typed(born), terms) if each.severity == "error"]
    assert bool(errors) is is_refused
