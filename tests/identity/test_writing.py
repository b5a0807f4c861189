"""Identities written over HTTP: what a front end may say, and what only the server may."""

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.identity.people import ADRUN, MATRICULE, OTHER, migrated, of_status, typed_in
from tests.served import FHIR_JSON, created, issue
from usager_server.identity import words
from usager_server.identity.matricule import identifiers_of, matricule_of, received_of
from usager_server.identity.parts import extension_of, value_of, with_extension
from usager_server.identity.status import Status, stated_coding, status_of
from usager_server.identity.traits import Traits, with_traits

P, R, V, Q = Status.provisoire, Status.recuperee, Status.validee, Status.qualifiee
PLAIN = {"resourceType": "Patient", "meta": {"profile": [words.PATIENT]}}
TYPED = with_traits(PLAIN, ADRUN)
DEVICE = {"url": "validationMode", "valueCoding": {"system": words.DEVICES, "code": "CN"}}
DAY = {"url": "validationDate", "valueDate": "2026-05-04"}


def reliable(patient: dict[str, Any], *parts: dict[str, Any]) -> dict[str, Any]:
    """Return a Patient with these parts of reliability, and no others."""
    return with_extension(patient, words.RELIABILITY, {"extension": list(parts)} if parts else None)


def saying(code: str) -> dict[str, Any]:
    """Return a status, as it is said."""
    return {"url": "identityStatus", "valueCoding": {"system": words.STATUSES, "code": code}}


def ticking(code: str) -> dict[str, Any]:
    """Return an attribute, as it is ticked."""
    return {"url": "comment", "valueCoding": {"system": words.STATUS_COMMENTS, "code": code}}


def parts(patient: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of the reliability of a Patient."""
    found: list[dict[str, Any]] = (extension_of(patient, words.RELIABILITY) or {})["extension"]
    return found


async def put(client: httpx.AsyncClient, patient: dict[str, Any], **headers: str) -> httpx.Response:
    """Return the answer to an update."""
    return await client.put(f"/Patient/{patient['id']}", json=patient, headers={**FHIR_JSON, **headers})


def following(patient: dict[str, Any]) -> str:
    """Return what the server says is to be done next."""
    return str(value_of(extension_of(patient, words.EVIDENCE), "next", "valueString"))


@pytest.mark.requirement("INS/va1.23", "INS/va1.25", "INS/va1.36", "SC.DMP/UX.11")
async def test_a_new_identity_is_provisional_and_says_what_to_do(served):
    patient = await created(served, TYPED)
    assert (stated_coding(patient) or {})["code"] == "PROV"
    assert "Interroger INSi" in following(patient)


async def test_a_patient_that_is_no_french_identity_is_stored_as_it_is(served):
    patient = await created(served, {"resourceType": "Patient", "name": [{"family": "Abe604"}], "birthDate": "1950"})
    assert "extension" not in patient


@pytest.mark.requirement("INS/va1.22")
async def test_a_device_that_is_checked_validates(served):
    patient = await created(served, TYPED)
    answer = await put(served, reliable(patient, *parts(patient), DEVICE, DAY))
    assert (stated_coding(answer.json()) or {})["code"] == "VALI"
    withdrawn = await put(served, reliable(answer.json(), saying("VALI")))
    assert (stated_coding(withdrawn.json()) or {})["code"] == "PROV"


@pytest.mark.requirement("INS/va1.22")
@pytest.mark.parametrize("missing", [[DAY], [{**DEVICE, "valueCoding": {"code": "XX", "system": words.DEVICES}}]])
async def test_a_check_without_a_known_device_is_refused(served, missing):
    answer = await served.post("/Patient", json=reliable(TYPED, *missing), headers=FHIR_JSON)
    assert answer.status_code == 422


@pytest.mark.requirement("INS/va1.23")
@pytest.mark.parametrize("code", ["RECUP", "VALI", "QUAL"])
async def test_a_status_is_never_typed(served, code):
    answer = await served.post("/Patient", json=reliable(TYPED, saying(code)), headers=FHIR_JSON)
    assert answer.status_code == 422
    assert "PROV" in issue(answer)["diagnostics"]


@pytest.mark.requirement("INS/va1.15")
@pytest.mark.parametrize("use", ["official", "old"])
async def test_an_ins_is_not_written_by_a_front_end(served, use):
    ins = {"use": use, "system": MATRICULE.system, "value": MATRICULE.value}
    answer = await served.post("/Patient", json={**TYPED, "identifier": [ins]}, headers=FHIR_JSON)
    assert answer.status_code == 422
    assert "$ins-search" in issue(answer)["diagnostics"]
    assert issue(answer)["expression"] == ["Patient.identifier[0]"]


@pytest.mark.requirement("INS/va1.15")
@pytest.mark.parametrize("patient", [migrated(R), of_status(R), of_status(Q)])
async def test_the_word_of_insi_is_not_written_by_a_front_end(served, patient):
    answer = await served.post("/Patient", json=patient, headers=FHIR_JSON)
    assert answer.status_code == 422


@pytest.mark.requirement("INS/va1.15")
@pytest.mark.parametrize("system", [f"urn:hl7ii:{MATRICULE.oid}", f"urn:hl7ii:{MATRICULE.oid.replace('.', '%2E')}"])
async def test_an_ins_spelled_otherwise_is_one_too(served, system):
    ins = {"use": "official", "system": system, "value": MATRICULE.value}
    answer = await served.post("/Patient", json={**TYPED, "identifier": [ins]}, headers=FHIR_JSON)
    assert (answer.status_code, "$ins-search" in answer.text) == (422, True)


async def test_a_matricule_read_somewhere_waits_and_is_searched_by(served):
    ins = {"use": "temp", "system": MATRICULE.system, "value": MATRICULE.value}
    patient = await created(served, {**TYPED, "identifier": [ins]})
    assert (received_of(patient), status_of(patient)) == (MATRICULE, P)
    assert "Vérifier auprès d'INSi" in following(patient)
    found = await served.get("/Patient", params={"identifier": f"{MATRICULE.system}|{MATRICULE.value}"})
    assert [each["resource"]["id"] for each in found.json()["entry"]] == [patient["id"]]


@pytest.mark.requirement("INS/va1.36")
@pytest.mark.parametrize("status", [R, Q])
async def test_an_existing_base_is_brought_in_with_its_ins_by_who_may(migrating, status):
    patient = await created(migrating, migrated(status))
    assert (status_of(patient), matricule_of(patient)) == (status, MATRICULE)
    assert value_of(extension_of(patient, words.EVIDENCE), "source", "valueCode") == "migration"


async def test_what_is_ticked_in_an_existing_base_takes_its_ins(migrating):
    sent = migrated(Q)
    said = [each for each in parts(sent) if each["url"] != "identityStatus"]
    patient = await created(migrating, reliable(sent, *said, ticking("DOUT")))
    assert (status_of(patient), matricule_of(patient)) == (P, None)


@pytest.mark.requirement("INS/va1.27")
async def test_strict_traits_are_locked_while_there_is_an_ins(migrating):
    patient = await created(migrating, migrated(Q))
    answer = await put(migrating, with_traits(patient, OTHER))
    assert answer.status_code == 422
    assert "PROV" in issue(answer)["diagnostics"]
    again = await put(migrating, reliable(with_traits(patient, OTHER), *_said(patient, "PROV")))
    made = again.json()
    assert (status_of(made), matricule_of(made)) == (P, None)
    old = [each for each in identifiers_of(made) if each["use"] == "old"]
    assert (old[0]["value"], old[0]["period"]["end"][:4]) == (MATRICULE.value, "2026")


def _said(patient: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [saying(code), *(each for each in parts(patient) if each["url"] != "identityStatus")]


@pytest.mark.parametrize("traits", [replace(ADRUN, used_name="MARTIN"), replace(ADRUN, first_birth_given_name="Zoé")])
async def test_used_names_and_the_form_of_the_first_given_name_are_free(migrating, traits):
    patient = await created(migrating, migrated(Q))
    answer = await put(migrating, with_traits(patient, traits))
    assert (answer.status_code, status_of(answer.json())) == (200, Q)


async def test_an_ins_is_not_taken_away_by_hand(migrating):
    patient = await created(migrating, migrated(Q))
    patient.pop("identifier")
    assert (await put(migrating, patient)).status_code == 422


@pytest.mark.requirement("INS/va1.26")
@pytest.mark.parametrize("code", ["DOUT", "FICT"])
async def test_ticking_a_doubt_takes_the_ins_away(migrating, code):
    patient = await created(migrating, migrated(Q))
    made = (await put(migrating, reliable(patient, *parts(patient), ticking(code)))).json()
    assert (status_of(made), matricule_of(made)) == (P, None)
    freed = (await put(migrating, reliable(made, *(each for each in parts(made) if each["url"] != "comment")))).json()
    assert status_of(freed) == P


async def test_what_the_server_wrote_comes_back_when_a_front_end_forgets_it(migrating):
    patient = await created(migrating, migrated(Q))
    sent = with_extension({**patient, "telecom": [{"value": "0102030405", "system": "phone"}]}, words.EVIDENCE, None)
    made = (await put(migrating, sent)).json()
    assert extension_of(made, words.EVIDENCE) == extension_of(patient, words.EVIDENCE)


WAYS = ("update", "patch", "batch", "transaction", "conditional")


async def written(client: httpx.AsyncClient, patient: dict[str, Any], way: str) -> int:
    """Return the status of a write of this version, in one of the ways."""
    url = f"Patient/{patient['id']}"
    match way:
        case "update":
            return (await put(client, patient)).status_code
        case "patch":
            headers = {"Content-Type": "application/merge-patch+json"}
            changed = {"extension": patient["extension"], "name": patient["name"]}
            return (await client.patch(f"/{url}", json=changed, headers=headers)).status_code
        case "conditional":
            answer = await client.put(f"/Patient?_id={patient['id']}", json=patient, headers=FHIR_JSON)
            return answer.status_code
    entry = {"resource": patient, "request": {"method": "PUT", "url": url}}
    bundle = {"resourceType": "Bundle", "type": way, "entry": [entry]}
    answer = await client.post("", json=bundle, headers=FHIR_JSON)
    return int(answer.json()["entry"][0]["response"]["status"][:3]) if way == "batch" else answer.status_code


@pytest.mark.requirement("INS/va1.27")
@pytest.mark.parametrize("way", WAYS)
async def test_no_way_of_writing_goes_round_the_rules(migrating, way):
    patient = await created(migrating, migrated(Q))
    assert await written(migrating, with_traits(patient, OTHER), way) == 422
    assert await written(migrating, reliable(patient, saying("VALI")), way) == 422
    kept = (await migrating.get(f"/Patient/{patient['id']}")).json()
    assert (status_of(kept), kept["meta"]["versionId"]) == (Q, "1")
    assert await written(migrating, with_traits(patient, replace(ADRUN, used_name="MARTIN")), way) == 200


@pytest.mark.parametrize("way", ["POST", "PUT"])
async def test_a_patient_created_in_a_transaction_has_its_status(served, way):
    url = "Patient" if way == "POST" else "Patient/chosen"
    resource = TYPED if way == "POST" else {**TYPED, "id": "chosen"}
    bundle = {"resourceType": "Bundle", "type": "transaction"}
    bundle["entry"] = [{"resource": resource, "request": {"method": way, "url": url}}]  # type: ignore[assignment]
    answer = await served.post("", json=bundle, headers=FHIR_JSON | {"Prefer": "return=representation"})
    assert (stated_coding(answer.json()["entry"][0]["resource"]) or {})["code"] == "PROV"


async def test_two_writers_at_once_leave_one_history_of_statuses(migrating):
    patient = await created(migrating, migrated(R))
    checked = reliable(patient, *parts(patient), DEVICE, DAY)
    ticked = reliable(patient, *parts(patient), ticking("DOUT"))
    answers = await asyncio.gather(*(put(migrating, each) for each in (checked, ticked) * 4))
    assert {each.status_code for each in answers} <= {200, 422}
    kept = (await migrating.get(f"/Patient/{patient['id']}")).json()
    ends = [("QUAL", MATRICULE, False), ("PROV", None, True)]
    assert ((stated_coding(kept) or {})["code"], matricule_of(kept), "DOUT" in str(parts(kept))) in ends


WRONG = [
    (replace(ADRUN, birth_date="2999-01-01"), "avenir"),
    (replace(ADRUN, birth_name="ADRUN 2"), "seuls les lettres"),
    (replace(ADRUN, first_birth_given_name="MARIE"), "début de la liste"),
    (replace(ADRUN, birth_place="632"), "COG"),
    (replace(ADRUN, birth_place="63999", birth_place_label=""), "saisi à la main"),
    (replace(ADRUN, birth_place="99999", birth_place_label="PARIS"), "INCONNU"),
]


@pytest.mark.requirement("INS/va1.18", "INS/va1.21")
@pytest.mark.parametrize(("traits", "text"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
async def test_traits_that_break_a_rule_are_refused_and_not_repeated(served, traits: Traits, text: str):
    answer = await served.post("/Patient", json=with_traits(PLAIN, traits), headers=FHIR_JSON)
    assert answer.status_code == 422
    assert text in issue(answer)["diagnostics"]
    assert "ADRUN" not in answer.text and "1975" not in answer.text


@pytest.mark.requirement("SC.INS.06", "INS/va1.21")
@pytest.mark.parametrize(
    "traits",
    [
        replace(ADRUN, birth_place="99999", birth_place_label="INCONNU"),
        replace(ADRUN, birth_place="63999", birth_place_label="Village ancien"),
        replace(ADRUN, birth_date="1975-12-31", birth_date_estimated=True),
        replace(ADRUN, birth_place=""),
    ],
)
async def test_what_is_not_known_is_said_so_and_never_filled_in(served, traits):
    patient = await created(served, with_traits(PLAIN, traits))
    assert ("99999" in str(patient)) == (traits.birth_place == "99999")


@pytest.mark.requirement("INS/va1.08")
async def test_a_wrong_key_is_refused_when_typed_and_told_when_invented(served):
    ins = {"use": "temp", "system": "urn:oid:1.2.250.1.213.1.4.8", "value": "181036322045660"}
    typed = await served.post("/Patient", json={**TYPED, "identifier": [ins]}, headers=FHIR_JSON)
    assert (typed.status_code, "clé" in issue(typed)["diagnostics"]) == (422, True)
    invented = {**ins, "system": MATRICULE.system}
    await created(served, {**TYPED, "identifier": [invented]})


async def test_a_wrong_key_in_a_document_is_told(served):
    ins = {"use": "temp", "system": "urn:oid:1.2.250.1.213.1.4.8", "value": "181036322045660"}
    read = {**TYPED, "identifier": [ins], "meta": {**TYPED.get("meta", {}), "source": "urn:oid:1.2.3"}}
    await created(served, read)


async def test_invented_matricules_are_refused_in_production(production):
    ins = {"use": "temp", "system": MATRICULE.system, "value": MATRICULE.value}
    answer = await production.post("/Patient", json={**TYPED, "identifier": [ins]}, headers=FHIR_JSON)
    assert (answer.status_code, "production" in issue(answer)["diagnostics"]) == (422, True)


async def test_the_release_of_fr_core_is_chosen(production):
    patient = await created(production, TYPED)
    assert (stated_coding(patient) or {})["system"] == words.STATUSES_2_1


@pytest.mark.parametrize(
    "evidence",
    [
        {"url": "source", "valueCode": "nobody"},
        {"url": "matricule", "valueIdentifier": {"system": MATRICULE.system}},
        {"url": "x", "valueString": "y"},
    ],
)
async def test_a_made_up_provenance_is_worth_nothing(served, evidence):
    sent = with_extension(TYPED, words.EVIDENCE, {"extension": [evidence]})
    patient = await created(served, sent)
    assert str(evidence.get("valueCode", "valueIdentifier")) not in str(extension_of(patient, words.EVIDENCE))


@pytest.mark.requirement("INS/va1.32")
async def test_the_history_says_what_happened(migrating):
    patient = await created(migrating, migrated(R))
    await put(migrating, reliable(patient, *parts(patient), DEVICE, DAY))
    history = (await migrating.get(f"/Patient/{patient['id']}/_history")).json()["entry"]
    happened = [value_of(extension_of(each["resource"], words.EVIDENCE), "event", "valueCode") for each in history]
    assert happened == ["device-checked", "migrated"]


async def test_typed_in_is_what_the_server_makes():
    assert status_of(typed_in()) == P
