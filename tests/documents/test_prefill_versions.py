"""$prefill of a document that is kept up to date: its next version, in which nothing that a person wrote is lost."""

import asyncio

import pytest

from tests.cda.documents import EXAMPLES
from tests.documents.prefilling import composition_in, listed_in, prefilled, recorded, remarks_in, sections_in, stored
from tests.served import FHIR_JSON, created, make_client, make_house
from usager_server.access.grant import Grant
from usager_server.operations.prefill import prefill

WORDS = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Se lève seule la nuit &amp; chute.</p></div>'
VERSION = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Composition.version"


@pytest.fixture
async def record(client):
    return await recorded(client)


async def again(client, record, kind="ips-fr", **parameters):
    """Prefill once more, a moment later: instants are told to the millisecond."""
    await asyncio.sleep(0.005)
    return await prefilled(client, record["Patient"], type=kind, author=record["Practitioner"], **parameters)


async def first(client, record, kind="ips-fr", change=lambda composition: None):
    bundle = await again(client, record, kind)
    change(composition_in(bundle))
    made = await stored(client, bundle)
    await asyncio.sleep(0.005)
    return made


async def changed(client, name, **change):
    resource = (await client.get(f"/{name}")).json() | change
    response = await client.put(f"/{name}", json=resource, headers=FHIR_JSON)
    assert response.status_code == 200, response.text


def told(bundle, name):
    return " ".join(text for _, text, _ in remarks_in(bundle) if name in text)


@pytest.mark.requirement("LGC.MDV.04")
async def test_the_next_version_replaces_the_one_before_under_the_same_identifier(client, record):
    before = await first(client, record)
    bundle = await again(client, record)
    after = composition_in(bundle)
    assert after["identifier"] == before["identifier"]
    assert after["relatesTo"] == [{"code": "replaces", "targetReference": {"reference": f"Composition/{before['id']}"}}]
    assert {"url": VERSION, "valueString": "2"} in after["extension"]
    assert remarks_in(bundle) == []
    third = composition_in(await again(client, record, replaces=f"Composition/{(await stored(client, bundle))['id']}"))
    assert {"url": VERSION, "valueString": "3"} in third["extension"]


async def test_nothing_changed_lists_the_same(client, record):
    before = await first(client, record)
    after = composition_in(await again(client, record))
    for code in ("11450-4", "11348-0", "48765-2", "10160-0", "11369-6", "29762-2"):
        assert listed_in(after, code) == listed_in(before, code)


async def test_words_of_a_person_are_kept(client, record):
    def write(composition):
        for code in ("44944-7", "11450-4"):
            section = sections_in(composition)[code]
            section.pop("emptyReason", None)
            section["text"] = {"status": "additional", "div": WORDS}

    await first(client, record, change=write)
    alert = {"resourceType": "Flag", "status": "active", "code": {"text": "Fugue"}}
    await created(client, alert | {"subject": {"reference": record["Patient"]}})
    bundle = await again(client, record)
    sections = sections_in(composition_in(bundle))
    assert sections["44944-7"]["text"] == {"status": "additional", "div": WORDS}
    assert sections["11450-4"]["text"] == {"status": "additional", "div": WORDS}
    assert "Fugue" in told(bundle, "Fugue")


async def test_words_of_ours_that_a_person_changed_are_theirs(client, record):
    alert = {"resourceType": "Flag", "status": "active", "code": {"text": "Fugue"}}
    await created(client, alert | {"subject": {"reference": record["Patient"]}})

    def edit(composition):
        text = sections_in(composition)["44944-7"]["text"]
        assert text["status"] == "generated"
        text["div"] = text["div"].replace("Fugue", "Fugues nocturnes")

    await first(client, record, change=edit)
    assert "Fugues nocturnes" in sections_in(composition_in(await again(client, record)))["44944-7"]["text"]["div"]


async def test_words_of_ours_that_nobody_changed_follow_the_record(client, record):
    alert = {"resourceType": "Flag", "status": "active", "code": {"text": "Fugue"}}
    flag = await created(client, alert | {"subject": {"reference": record["Patient"]}})
    await first(client, record)
    await changed(client, f"Flag/{flag['id']}", code={"text": "Fausses routes"})
    text = sections_in(composition_in(await again(client, record)))["44944-7"]["text"]["div"]
    assert "Fausses routes" in text
    assert "Fugue" not in text


async def test_what_is_new_in_the_record_is_added_and_said(client, record):
    await first(client, record)
    pain = {"resourceType": "Condition", "code": {"text": "Lombalgie"}, "subject": {"reference": record["Patient"]}}
    made = await created(client, pain)
    bundle = await again(client, record)
    name = f"Condition/{made['id']}"
    assert name in listed_in(composition_in(bundle), "11450-4")
    assert "ajouté" in told(bundle, name)


async def test_what_a_person_took_out_stays_out_and_is_said(client, record):
    def remove(composition):
        entries = sections_in(composition)["11450-4"]["entry"]
        entries[:] = [each for each in entries if each["reference"] != record["trouble"]]

    await first(client, record, change=remove)
    bundle = await again(client, record)
    assert listed_in(composition_in(bundle), "11450-4") == [record["hypothyroidie"]]
    assert "retiré" in told(bundle, record["trouble"])


async def test_what_a_person_added_stays(client, record):
    """A problem that is over, which no search of the section finds."""

    def add(composition):
        sections_in(composition)["11450-4"]["entry"].append({"reference": record["infarctus"]})

    await first(client, record, change=add)
    bundle = await again(client, record)
    assert record["infarctus"] in listed_in(composition_in(bundle), "11450-4")
    assert told(bundle, record["infarctus"]) == ""


async def test_a_section_that_a_person_added_stays(client, record):
    added = {"title": "Mot de la famille", "text": {"status": "additional", "div": WORDS}}
    await first(client, record, change=lambda composition: composition["section"].append(added))
    assert composition_in(await again(client, record))["section"][-1] == added


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"clinicalStatus": "resolved"}, "n'est plus en cours"),
        ({"verificationStatus": "entered-in-error", "clinicalStatus": None}, "une erreur"),
    ],
)
async def test_what_is_over_or_wrong_goes_and_is_said(client, record, change, words):
    await first(client, record)
    systems = {"clinicalStatus": "condition-clinical", "verificationStatus": "condition-ver-status"}
    resource = (await client.get(f"/{record['trouble']}")).json()
    for element, code in change.items():
        resource.pop(element, None)
        if code:
            system = f"http://terminology.hl7.org/CodeSystem/{systems[element]}"
            resource[element] = {"coding": [{"system": system, "code": code}]}
    assert (await client.put(f"/{record['trouble']}", json=resource, headers=FHIR_JSON)).status_code == 200
    bundle = await again(client, record)
    assert record["trouble"] not in listed_in(composition_in(bundle), "11450-4")
    assert words in told(bundle, record["trouble"])


async def test_what_was_deleted_is_said(client, record):
    await first(client, record)
    assert (await client.delete(f"/{record['penicilline']}")).status_code in (200, 204)
    bundle = await again(client, record)
    assert listed_in(composition_in(bundle), "48765-2") == []
    assert "n'est plus dans le dossier" in told(bundle, record["penicilline"])


async def test_a_newer_measure_replaces_the_older_one_and_it_is_said(client, record):
    await first(client, record)
    weight = (await client.get(f"/{record['poids']}")).json()
    newer = {name: held for name, held in weight.items() if name not in ("id", "meta")}
    made = await created(client, newer | {"effectiveDateTime": "2026-06-01"})
    bundle = await again(client, record)
    (name,) = listed_in(composition_in(bundle), "8716-3")
    group = next(each["resource"] for each in bundle["entry"] if each["fullUrl"] == name)
    members = [each["reference"] for each in group["hasMember"]]
    assert f"Observation/{made['id']}" in members
    assert record["poids"] not in members
    assert record["tension"] in members
    assert "plus récente" in told(bundle, record["poids"])


async def test_a_measure_that_a_person_added_to_the_group_stays(client, record):
    pain = {"resourceType": "Observation", "status": "final", "code": {"text": "Douleur"}, "valueInteger": 3}
    made = await created(client, pain | {"subject": {"reference": record["Patient"]}})
    bundle = await again(client, record)
    (name,) = listed_in(composition_in(bundle), "8716-3")
    group = next(each["resource"] for each in bundle["entry"] if each["fullUrl"] == name)
    group["hasMember"].append({"reference": f"Observation/{made['id']}"})
    await stored(client, bundle)
    bundle = await again(client, record)
    (name,) = listed_in(composition_in(bundle), "8716-3")
    group = next(each["resource"] for each in bundle["entry"] if each["fullUrl"] == name)
    assert {"reference": f"Observation/{made['id']}"} in group["hasMember"]


async def test_title_category_and_confidentiality_are_carried(client, record):
    def write(composition):
        composition |= {"title": "SYNTHESE MEDICALE de juin", "confidentiality": "R"}
        composition["event"] = [{"code": [{"text": "Bilan"}], "period": {"start": "2026-06-01"}}]

    await first(client, record, change=write)
    after = composition_in(await again(client, record))
    assert (after["title"], after["confidentiality"]) == ("SYNTHESE MEDICALE de juin", "R")
    assert after["event"] == [{"code": [{"text": "Bilan"}]}]


async def test_what_is_done_once_has_no_next_version_unless_it_is_asked_for(client, record):
    before = await first(client, record, "vac-note")
    assert "relatesTo" not in composition_in(await again(client, record, "vac-note"))
    corrected = composition_in(await again(client, record, "vac-note", replaces=f"Composition/{before['id']}"))
    assert corrected["identifier"] == before["identifier"]


async def test_a_document_from_elsewhere_is_nobodys_here_to_replace(client):
    data = (EXAMPLES / "synthese-medicale.xml").read_bytes()
    imported = await client.post(
        "/DocumentReference/$import-cda", content=data, headers={"Content-Type": "application/xml"}
    )
    assert imported.status_code == 200, imported.text
    place = imported.headers["Location"].removeprefix(str(client.base_url))
    patient = (await client.get(place)).json()["subject"]["reference"]
    assert (await client.get("/Composition", params={"patient": patient})).json()["entry"]
    assert "relatesTo" not in composition_in(await prefilled(client, patient, type="ips-fr"))


async def test_a_version_that_is_an_error_is_not_followed(client, record):
    before = await first(client, record)
    await changed(client, f"Composition/{before['id']}", status="entered-in-error")
    assert "relatesTo" not in composition_in(await again(client, record))


async def test_the_version_of_someone_else_is_refused(client, record):
    other = await created(client)
    before = await first(client, record)
    response = await client.get(
        f"/Patient/{other['id']}/$prefill", params={"type": "ips-fr", "replaces": f"Composition/{before['id']}"}
    )
    assert response.status_code == 400


async def test_sections_added_inside_others_or_twice_stay(client, record):
    inside = {"title": "Précision", "text": {"status": "additional", "div": WORDS}}
    twice = {"title": "Antécédents de la famille", "text": {"status": "additional", "div": WORDS}}

    def write(composition):
        sections = sections_in(composition)
        sections["34117-2"]["section"].append(inside)
        composition["section"].append(twice | {"code": sections["10157-6"]["code"]})

    await first(client, record, "vsm", change=write)
    kept = composition_in(await again(client, record, "vsm"))["section"]
    assert inside in kept
    assert twice["title"] in [each["title"] for each in kept]
    assert [each["title"] for each in kept].count("Points de vigilance") == 1


async def test_that_there_is_nothing_is_kept_as_it_was_said(client, record):
    reason = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "nilknown"}]}

    def say(composition):
        sections_in(composition)["44944-7"] |= {"emptyReason": reason, "text": {"status": "empty", "div": WORDS}}

    await first(client, record, change=say)
    section = sections_in(composition_in(await again(client, record)))["44944-7"]
    assert section["emptyReason"] == reason
    assert section["text"]["div"] == WORDS


async def test_what_the_caller_may_not_see_stays_in_the_next_version(client, record, store, search_registry, validator):
    await first(client, record)
    scopes = " ".join(f"user/{name}.rs" for name in ("Patient", "Composition", "Condition"))
    house = make_house(store, search_registry, validator, (prefill,))
    async with make_client(house, grant=Grant.of(scopes)) as aide:
        bundle = await prefilled(aide, record["Patient"], type="ips-fr")
    assert listed_in(composition_in(bundle), "48765-2") == [record["penicilline"]]
    assert told(bundle, record["penicilline"]) == ""
