"""Patient/$prefill: what the record holds becomes a document to be completed; nothing is invented."""

from typing import Any

import pytest

from tests.documents.prefilling import (
    composition_in,
    listed_in,
    prefilled,
    recorded,
    remarks_in,
    sections_in,
    stored,
)
from tests.served import FHIR_JSON, created, issue, make_client, make_house
from usager_server.access.grant import Grant
from usager_server.documents.prefill.outlines import all_outlines
from usager_server.operations.prefill import prefill
from usager_server.repository.running import Runner

SUMMARY = [
    *("11450-4", "11348-0", "47519-4", "48765-2", "44939-7", "10160-0", "46264-8", "44944-7", "47420-5", "8716-3"),
    *("29762-2", "10161-8", "10157-6", "11369-6", "10162-6", "18776-5", "42348-3", "30954-2", "55107-7"),
]
EVERY_TYPE = [
    *("ips-fr", "vsm", "ft-su", "vac-note", "trod", "synthese-environnementale", "cert-decl", "projet-personnalise"),
    *("plan-de-soins", "evaluation", "bilan-autonomie", "lettre-entree", "lettre-sortie", "attestation-hebergement"),
    *("attestation-residence", "attestation-sortie"),
]


@pytest.fixture
async def record(client):
    return await recorded(client)


@pytest.mark.requirement("SC.DOC.03")
async def test_the_sections_of_the_model_hold_what_the_record_has(client, record):
    bundle = await prefilled(client, record["Patient"], type="ips-fr", author=record["Practitioner"])
    composition = composition_in(bundle)
    assert list(sections_in(composition)) == SUMMARY
    assert listed_in(composition, "11450-4") == [record["trouble"], record["hypothyroidie"]]
    assert listed_in(composition, "11348-0") == [record["infarctus"]]
    assert listed_in(composition, "10160-0") == [record["levothyrox"]]
    assert listed_in(composition, "42348-3") == [record["reanimation"]]
    assert remarks_in(bundle) == []


async def test_the_header_is_that_of_the_stay_and_of_the_author(client, record):
    composition = composition_in(
        await prefilled(client, record["Patient"], type="74207-2", author=record["Practitioner"])
    )
    assert composition["subject"] == {"reference": record["Patient"]}
    assert composition["encounter"] == {"reference": record["Encounter"]}
    assert composition["author"] == [{"reference": record["PractitionerRole"]}]
    assert composition["custodian"] == {"reference": record["Organization"]}
    assert composition["status"] == "preliminary"
    assert composition["title"] == "SYNTHESE MEDICALE"


async def test_a_section_without_anything_says_that_nothing_was_found(client, record):
    section = sections_in(composition_in(await prefilled(client, record["Patient"], type="ips-fr")))["47420-5"]
    assert section["emptyReason"]["coding"][0]["code"] == "unavailable"
    assert section["text"]["status"] == "empty"
    assert "entry" not in section


async def test_what_lacks_is_said_before_anyone_asks_for_the_document(client):
    patient = await created(client)
    remarks = remarks_in(await prefilled(client, f"Patient/{patient['id']}", type="ips-fr"))
    asked = {expression for severity, _, expression in remarks if severity == "error"}
    assert {"DocumentReference.author", "DocumentReference.custodian", "Patient.identifier"} <= asked


async def test_every_type_is_valid_and_stored_as_it_comes(client, record):
    for kind in EVERY_TYPE:
        bundle = await prefilled(client, record["Patient"], type=kind, author=record["Practitioner"])
        composition = await stored(client, bundle)
        assert "urn:uuid:" not in str(composition)
        for entry in bundle["entry"]:
            if entry["request"]["method"] == "GET":
                same = await client.get(f"/{entry['request']['url']}")
                assert same.json() == entry["resource"]


async def test_an_empty_record_prefills_every_type(client):
    patient = await created(client)
    for kind in EVERY_TYPE:
        await stored(client, await prefilled(client, f"Patient/{patient['id']}", type=kind))


def test_every_outline_is_among_them():
    assert sorted(each.name for each in all_outlines()) == sorted(EVERY_TYPE)


@pytest.mark.requirement("SC.DOC.03")
async def test_values_are_changed_and_removed_before_they_are_stored(client, record):
    bundle = await prefilled(client, record["Patient"], type="ips-fr", author=record["Practitioner"])
    entry = next(each for each in bundle["entry"] if each["fullUrl"].endswith(record["trouble"]))
    entry["resource"]["code"]["text"] = "Troubles cognitifs sévères"
    entry["request"] = {"method": "PUT", "url": record["trouble"], "ifMatch": entry["request"]["ifNoneMatch"]}
    sections_in(composition_in(bundle))["11450-4"]["entry"].pop()
    composition = await stored(client, bundle)
    assert listed_in(composition, "11450-4") == [record["trouble"]]
    assert (await client.get(f"/{record['trouble']}")).json()["code"]["text"] == "Troubles cognitifs sévères"
    assert (await client.get(f"/{record['hypothyroidie']}")).status_code == 200


async def test_what_is_over_wrong_or_stopped_is_not_listed(client, record):
    for name, change in (
        ("levothyrox", {"status": "completed"}),
        ("dilatation", {"status": "entered-in-error"}),
        ("trouble", {"verificationStatus": {"coding": [{"system": VERIFICATION, "code": "refuted"}]}}),
    ):
        resource = (await client.get(f"/{record[name]}")).json() | change
        assert (await client.put(f"/{record[name]}", json=resource, headers=FHIR_JSON)).status_code == 200
    composition = composition_in(await prefilled(client, record["Patient"], type="ips-fr"))
    assert listed_in(composition, "11450-4") == [record["hypothyroidie"]]
    assert listed_in(composition, "10160-0") == listed_in(composition, "47519-4") == []


VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


async def test_vital_signs_are_the_latest_of_each_under_one_observation(client, record):
    weight = bare((await client.get(f"/{record['poids']}")).json())
    for day, value in (("2026-04-01", 57), ("2026-02-01", 60)):
        again = {**weight, "effectiveDateTime": day, "valueQuantity": {**weight["valueQuantity"], "value": value}}
        made = await created(client, again)
        if value == 57:
            latest = f"Observation/{made['id']}"
    bundle = await prefilled(client, record["Patient"], type="ft-su")
    group = grouped_in(bundle, "8716-3")
    assert group["code"]["coding"][0]["code"] == "85353-1"
    members = [each["reference"] for each in group["hasMember"]]
    assert latest in members
    assert record["poids"] not in members


async def test_a_panel_of_blood_pressure_is_the_latest_of_both(client, record):
    panel = bare((await client.get(f"/{record['tension']}")).json())
    made = await created(client, panel | {"effectiveDateTime": "2026-05-01T08:00:00+02:00"})
    group = grouped_in(await prefilled(client, record["Patient"], type="ips-fr"), "8716-3")
    members = [each["reference"] for each in group["hasMember"]]
    assert f"Observation/{made['id']}" in members
    assert record["tension"] not in members


def grouped_in(bundle: dict[str, Any], code: str) -> dict[str, Any]:
    """Return the group that a section lists, which is new."""
    (name,) = listed_in(composition_in(bundle), code)
    found: dict[str, Any] = next(each["resource"] for each in bundle["entry"] if each["fullUrl"] == name)
    return found


async def test_the_sections_of_an_n1_tell_what_they_list(client, record):
    composition = composition_in(await prefilled(client, record["Patient"], type="lettre-entree"))
    section = sections_in(composition)["Problèmes"]
    assert section["text"]["status"] == "generated"
    assert "Troubles cognitifs majeurs" in section["text"]["div"]
    assert listed_in(composition, "Problèmes") == [record["trouble"], record["hypothyroidie"]]


async def test_an_attestation_is_a_sentence_made_of_the_stay(client, record):
    bundle = await prefilled(
        client, record["Patient"], type="attestation-hebergement", author=record["PractitionerRole"]
    )
    text = sections_in(composition_in(bundle))["Attestation"]["text"]["div"]
    assert "Claire MARTINEAU DR" in text or "Claire MARTINEAU" in text
    assert "EHPAD Les Tilleuls depuis le 02/09/2024" in text
    assert "né(e) le 14/07/1938" in text


async def test_the_cost_does_not_follow_the_record(client, record, monkeypatch):
    asked: list[str] = []
    plain = Runner.rows

    async def counted(self, statement, *arguments, **options):
        asked.append(statement)
        return await plain(self, statement, *arguments, **options)

    monkeypatch.setattr(Runner, "rows", counted)
    await prefilled(client, record["Patient"], type="ips-fr", author=record["Practitioner"])
    before, asked[:] = len(asked), []
    condition = (await client.get(f"/{record['trouble']}")).json()
    weight = (await client.get(f"/{record['poids']}")).json()
    entries = [
        {"resource": bare(each), "request": {"method": "POST", "url": each["resourceType"]}}
        for each in [*[condition] * 300, *[weight] * 300]
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert (await client.post("/", json=bundle, headers=FHIR_JSON)).status_code == 200
    asked[:] = []
    found = await prefilled(client, record["Patient"], type="ips-fr", author=record["Practitioner"])
    assert len(asked) <= before + 4  # the vital signs that a full page does not show are asked for again
    assert len(listed_in(composition_in(found), "11450-4")) == 100
    assert any(severity == "warning" and "100 plus récents" in text for severity, text, _ in remarks_in(found))
    assert before <= 20


def bare(resource: dict[str, Any]) -> dict[str, Any]:
    """Return a resource without what its server gave it."""
    return {name: held for name, held in resource.items() if name not in ("id", "meta")}


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({}, "type is missing"),
        ({"type": "anything"}, "no type of document"),
        ({"type": "ips-fr", "author": "Practitioner/nobody"}, "is not here"),
        ({"type": "ips-fr", "author": "javascript:alert(1)"}, "expected a reference"),
        ({"type": "ips-fr", "encounter": "Encounter/none"}, "is not here"),
        ({"type": "ips-fr", "replaces": "Composition/none"}, "is not here"),
        ({"type": "vac-note", "datamatrix": "nonsense"}, "DataMatrix"),
        ({"type": "vac-note", "vaccine": "a" * 201}, "200 at most"),
        ({"type": "vac-note", "date": "hier"}, "expected a day"),
    ],
)
async def test_a_wrong_parameter_is_told(client, record, parameters, told):
    response = await client.get(f"/{record['Patient']}/$prefill", params=parameters)
    assert response.status_code == 400
    assert told in issue(response)["diagnostics"]


async def test_the_stay_of_someone_else_is_refused(client, record):
    other = await created(client)
    response = await client.get(
        f"/Patient/{other['id']}/$prefill", params={"type": "ips-fr", "encounter": record["Encounter"]}
    )
    assert response.status_code == 400


async def test_nobody_is_prefilled_for_who_is_not_there(client):
    assert (await client.get("/Patient/none/$prefill", params={"type": "ips-fr"})).status_code == 404
    patient = await created(client)
    await client.delete(f"/Patient/{patient['id']}")
    assert (await client.get(f"/Patient/{patient['id']}/$prefill", params={"type": "ips-fr"})).status_code == 410


TYPES = ("Patient", "Composition", "Condition", "Practitioner", "Encounter", "Organization")
SCOPES = " ".join(f"user/{name}.rs" for name in TYPES)


@pytest.fixture
async def aide(store, search_registry, validator, record):
    """Someone signed in who may not see all of a record."""
    grant = Grant.of(SCOPES, practitioner=record["Practitioner"])
    async with make_client(make_house(store, search_registry, validator, (prefill,)), grant=grant) as aide:
        yield aide


async def test_what_the_caller_may_not_see_is_said_to_be_withheld(aide, record):
    bundle = await prefilled(aide, record["Patient"], type="ips-fr")
    composition = composition_in(bundle)
    assert listed_in(composition, "11450-4") == [record["trouble"], record["hypothyroidie"]]
    assert sections_in(composition)["48765-2"]["emptyReason"]["coding"][0]["code"] == "withheld"
    assert any("droits" in text for severity, text, _ in remarks_in(bundle) if severity == "warning")


async def test_who_is_signed_in_is_the_author(aide, record):
    composition = composition_in(await prefilled(aide, record["Patient"], type="lettre-entree"))
    assert composition["author"] == [{"reference": record["Practitioner"]}]
    assert composition["encounter"] == {"reference": record["Encounter"]}
