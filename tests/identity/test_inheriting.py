"""Identities that another software keeps: what it says is so, and nobody else changes it."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.identity.people import ADRUN, MATRICULE, OLD, OTHER
from tests.served import FHIR_JSON, PATIENT, created, issue
from usager_server.identity import words
from usager_server.identity.evidence import evidence_of
from usager_server.identity.inheriting import anomaly_of
from usager_server.identity.matricule import NIA, Matricule, identifier_of, identifiers_of, matricule_of
from usager_server.identity.parts import extension_of, value_of, with_extension
from usager_server.identity.status import Status, status_of
from usager_server.identity.traits import traits_of, with_traits

P, V, Q = Status.provisoire, Status.validee, Status.qualifiee
INS = [identifier_of(MATRICULE, "official")]
A_NIA = Matricule("109076322088835", NIA)
NUMBER = {"type": {"coding": [{"code": "PI"}]}, "system": "urn:local", "value": "R1"}
DOUBTED = {"url": "comment", "valueCoding": {"system": words.STATUS_COMMENTS, "code": "DOUT"}}
PHONE = [{"system": "phone", "value": "0100000000"}]
CN = {"url": "validationMode", "valueCoding": {"system": words.DEVICES, "code": "CN"}}


def said(code: str, identifiers: list[dict[str, Any]], *more: dict[str, Any]) -> dict[str, Any]:
    """Return an identity as a flow says it, in the codes of FR Core 2.1; without a status for ""."""
    status = {"url": "identityStatus", "valueCoding": {"system": words.STATUSES_2_1, "code": code}}
    made = with_traits({"resourceType": "Patient", "meta": {"profile": [words.PATIENT]}}, ADRUN)
    if code or more:
        made = with_extension(made, words.RELIABILITY, {"extension": [*([status] if code else []), *more]})
    return made | {"identifier": [*identifiers, NUMBER]}


async def put(client: httpx.AsyncClient, patient: dict[str, Any], **changes: Any) -> httpx.Response:
    """Return the answer to an update."""
    return await client.put(f"/Patient/{patient['id']}", json={**patient, **changes}, headers=FHIR_JSON)


def following(patient: dict[str, Any]) -> str:
    """Return what the server says is to be done next."""
    return str(value_of(extension_of(patient, words.EVIDENCE), "next", "valueString"))


@pytest.mark.requirement("INS/va1.64", "P-INS-07")
@pytest.mark.parametrize(
    ("code", "identifiers", "status"), [("PROV", [], P), ("VALI", [], V), ("VALI", INS, Q), ("PROV", INS, P)]
)
async def test_a_status_follows_from_what_the_master_says(master, code, identifiers, status):
    patient = await created(master, said(code, identifiers))
    assert status_of(patient) is status
    assert matricule_of(patient) == (MATRICULE if status is Q else None)
    assert len(identifiers_of(patient)) == (status is Q)


@pytest.mark.requirement("INS/va1.64")
async def test_an_ins_that_the_master_takes_back_becomes_old(master):
    patient = await created(master, said("VALI", INS))
    made = (await put(master, patient, **said("VALI", []))).json()
    assert status_of(made) is V
    assert [(each["use"], "end" in each["period"]) for each in identifiers_of(made)] == [("old", True)]
    assert status_of((await put(master, made, **said("VALI", INS))).json()) is Q


@pytest.mark.parametrize(
    ("sent", "place"),
    [
        (said("", []), "identityStatus"),
        (said("", [], DOUBTED), "identityStatus"),
        (said("IDVER", []), "identityStatus"),
        (said("VALI", [*INS, identifier_of(OLD, "official")]), "Patient.identifier[1]"),
        (said("VALI", [identifier_of(MATRICULE, "temp")]), "Patient.identifier[0]"),
    ],
)
async def test_what_no_status_or_no_single_ins_can_be_told_from_is_refused(master, sent, place):
    answer = await master.post("/Patient", json=sent, headers=FHIR_JSON)
    assert (answer.status_code, place in issue(answer)["expression"][0]) == (422, True), answer.text


async def test_a_qualified_identity_of_the_master_has_its_ins(master):
    stated = {"url": "identityStatus", "valueCoding": {"system": words.STATUSES, "code": "QUAL"}}
    answer = await master.post("/Patient", json=said("", [], stated), headers=FHIR_JSON)
    assert (answer.status_code, "VALI" in issue(answer)["diagnostics"]) == (422, True)


async def test_a_nia_and_the_matricules_before_it_are_kept_as_the_master_says(master):
    patient = await created(master, said("VALI", [identifier_of(A_NIA, "temp"), identifier_of(OLD, "old")]))
    assert (status_of(patient), matricule_of(patient)) == (Q, A_NIA)
    assert [each["use"] for each in identifiers_of(patient)] == ["temp", "old"]


@pytest.mark.requirement("INS/va1.64", "P-INS-07")
@pytest.mark.parametrize(
    ("sent", "text"),
    [
        (said("PROV", INS), "Matricule"),
        (said("VALI", [], DOUBTED), "douteuse"),
        (said("VALI", INS, DOUBTED), "Matricule"),
    ],
)
async def test_what_contradicts_itself_is_the_lesser_of_the_two_and_leaves_a_trace(master, sent, text):
    patient = await created(master, sent)
    assert (status_of(patient), identifiers_of(patient), text in anomaly_of(patient)) == (P, [], True)
    mended = (await put(master, patient, **said("VALI", INS))).json()
    assert (status_of(mended), anomaly_of(mended)) == (Q, "")


async def test_days_and_ways_are_those_that_the_master_says_or_none(master):
    bare = await created(master, said("VALI", INS))
    assert "valueDate" not in str(extension_of(bare, words.RELIABILITY))
    asked = {"url": "dateInterrogationINSi", "valueDate": "2026-05-04"}
    way = {"url": "methodCollection", "valueCoding": {"system": words.METHODS, "code": "INSI"}}
    told = await created(master, said("VALI", INS, CN, asked, way))
    reliability = extension_of(told, words.RELIABILITY) or {}
    assert all(each in reliability["extension"] for each in (CN, asked, way))
    assert [each["url"] for each in reliability["extension"] if each["url"] == "validationDate"] == []


@pytest.mark.requirement("INS/va1.64")
async def test_nobody_else_changes_an_identity(master, local):
    patient = await created(master, said("VALI", INS))
    other = identifier_of(OLD, "official")
    estimated = {"extension": [{"url": words.ESTIMATED, "valueBoolean": True}]}
    reliability = {"extension": [{"url": "identityStatus", "valueCoding": {"system": words.STATUSES, "code": "PROV"}}]}
    for changed in (
        with_traits(patient, OTHER),
        with_traits(patient, replace(ADRUN, birth_date="1975-12-30")),
        with_traits(patient, replace(ADRUN, birth_place_label="Brest")),
        {**patient, "_birthDate": estimated},
        {**patient, "gender": "unknown"},
        {**patient, "name": [*patient["name"], {"family": "AUTRE", "given": ["ANNE"]}]},
        {**patient, "identifier": [other, NUMBER]},
        {**patient, "identifier": [*INS, identifier_of(A_NIA, "temp"), NUMBER]},
        {**patient, "identifier": INS},
        {**patient, "active": False},
        {**patient, "link": [{"other": {"reference": "Patient/1"}, "type": "replaces"}]},
        with_extension(patient, words.RELIABILITY, reliability),
        with_extension(patient, words.RELIABILITY, {"extension": [*reliability["extension"], DOUBTED]}),
    ):
        answer = await put(local, changed)
        assert (answer.status_code, "autre logiciel" in issue(answer)["diagnostics"]) == (422, True), answer.text
        assert "ins-search" not in answer.text
    again = (await local.get(f"/Patient/{patient['id']}")).json()
    assert again == patient


async def test_what_is_not_the_identity_is_anybodys(master, local):
    patient = await created(master, said("VALI", INS))
    changed = with_traits(patient, replace(ADRUN, used_name="M")) | {"telecom": PHONE}
    bare = with_extension(with_extension(changed, words.EVIDENCE, None), words.RELIABILITY, None)
    for sent in (changed, {**bare, "meta": {"profile": [words.PATIENT]}}):
        made = (await put(local, sent)).json()
        assert (traits_of(made).used_name, made["telecom"]) == ("M", changed["telecom"])
        assert (status_of(made), evidence_of(made)) == (Q, evidence_of(patient))
        assert made["meta"]["profile"] == patient["meta"]["profile"] == [words.PATIENT_INS]


async def test_who_is_told_what_is_next_is_sent_to_the_master(master, local):
    patient = await created(master, said("PROV", []))
    assert "autre logiciel" in following(patient)
    assert "INSi" not in following(patient)
    assert following((await put(local, patient, telecom=PHONE)).json()) == following(patient)


@pytest.mark.requirement("INS/va1.64")
@pytest.mark.parametrize("resource", [said("PROV", []), PATIENT])
async def test_nobody_else_makes_a_record(local, resource):
    for answer in (
        await local.post("/Patient", json=resource, headers=FHIR_JSON),
        await local.put("/Patient/of-mine", json={**resource, "id": "of-mine"}, headers=FHIR_JSON),
    ):
        assert (answer.status_code, "autre logiciel" in issue(answer)["diagnostics"]) == (422, True)


@pytest.mark.requirement("INS/va1.64")
async def test_a_record_of_before_is_kept_although_nothing_marks_it_as_an_identity(served, master, local):
    patient = await created(served, {**PATIENT, "gender": "unknown", "birthDate": "1950-03"})
    changes: list[dict[str, Any]] = [
        {"birthDate": "1950-03-03"},
        {"gender": "other"},
        {"name": [{"family": "Dupont"}]},
        {"name": [{"use": "official", "family": "Dupont"}, *patient["name"]]},
        {"extension": [{"url": words.BIRTH_PLACE, "valueAddress": {"city": "Brest"}}]},
        {"identifier": INS},
    ]
    for change in changes:
        answer = await put(local, patient, **change)
        assert (answer.status_code, "autre logiciel" in issue(answer)["diagnostics"]) == (422, True), answer.text
    made = await put(local, patient, telecom=PHONE)
    assert (made.status_code, "extension" in made.json()) == (200, False)
    assert (await put(master, patient, **said("VALI", INS))).status_code == 200


@pytest.mark.requirement("INS/va1.64")
async def test_nobody_else_merges_or_deletes(master, local):
    one, other = [await created(master, said("PROV", [])) for _ in range(2)]
    pair = zip(("source-patient", "target-patient"), (one, other), strict=True)
    parts = [{"name": name, "valueReference": {"reference": f"Patient/{each['id']}"}} for name, each in pair]
    parameters = {"resourceType": "Parameters", "parameter": parts}
    undone = {"resourceType": "Parameters", "parameter": parts[:1]}
    conditional = {"params": {"_id": one["id"]}}
    for answer in (
        await local.post("/Patient/$merge", json=parameters),
        await local.delete(f"/Patient/{one['id']}"),
        await local.delete("/Patient", **conditional),
    ):
        assert (answer.status_code, "autre logiciel" in issue(answer)["diagnostics"]) == (403, True), answer.text
    assert (await master.post("/Patient/$merge", json=parameters)).status_code == 200
    refused = await local.post(f"/Patient/{other['id']}/$unmerge", json=undone)
    assert (refused.status_code, "autre logiciel" in issue(refused)["diagnostics"]) == (403, True)
    gone = (await local.get(f"/Patient/{one['id']}")).json()
    assert "remplacé" in following(gone)
    assert "remplacé" in following((await put(local, gone, telecom=PHONE)).json())
    assert (await master.post(f"/Patient/{other['id']}/$unmerge", json=undone)).status_code == 200
    assert (await master.delete(f"/Patient/{one['id']}")).status_code == 204
