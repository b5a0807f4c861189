"""DocumentReference/$import-cda: a document filed once, with whom and behind what it belongs."""

import asyncio
import base64
from datetime import date

import httpx
import pytest

from tests.cda.documents import ALL, EXAMPLES, everything, resources
from tests.cda.render.documents import with_file
from tests.served import FHIR_JSON, issue
from usager_cda import bundle_from_cda
from usager_server.demo.people import demonstration
from usager_server.identity.matricule import as_received
from usager_server.operations.cda_filing import Filing
from usager_server.operations.conformity import LETTER, REPORT, Received
from usager_server.repository import Stored

XML = {"Content-Type": "application/xml"}
COUNTED = ("Patient", "Practitioner", "PractitionerRole", "Organization", "RelatedPerson", "Encounter", "Binary")


def edited(*changes: tuple[str, str]) -> bytes:
    text = everything().decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def version(number: int, name: str) -> bytes:
    """Return another version of the sample: its number, its id, and what it replaces."""
    return edited(
        ('<versionNumber value="3"/>', f'<versionNumber value="{number}"/>'),
        ('extension="V3"', f'extension="{name}"'),
        ('extension="V2"', 'extension="V3"'),
    )


async def imported(client: httpx.AsyncClient, data: bytes) -> httpx.Response:
    return await client.post("/DocumentReference/$import-cda", content=data, headers=XML)


async def filed(client: httpx.AsyncClient, data: bytes) -> dict:
    """Return the DocumentReference of a document that was just imported."""
    response = await imported(client, data)
    assert response.status_code == 200, response.text
    return (await client.get(response.headers["Location"].removeprefix(str(client.base_url)))).json()


async def count(client: httpx.AsyncClient, resource_type: str) -> int:
    response = await client.get(f"/{resource_type}", params={"_summary": "count"})
    return response.json()["total"]


async def test_a_document_whose_file_is_not_what_it_says_is_refused(client):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(200)
    response = await imported(client, with_file("application/pdf", picture))
    assert response.status_code == 422, response.text
    assert "image/png would be right" in issue(response)["diagnostics"]
    assert "nonXMLBody" in issue(response)["diagnostics"]
    assert await count(client, "DocumentReference") == 0


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
async def test_each_document_is_filed_and_found(client, path):
    document = await filed(client, path.read_bytes())
    found = await client.get(document["content"][0]["attachment"]["url"], headers={"Accept": "*/*"})
    assert found.content == path.read_bytes()
    assert found.headers["Content-Type"] == "text/xml"
    search = await client.get("/DocumentReference", params={"patient": document["subject"]["reference"]})
    found_documents = [entry["resource"] for entry in search.json()["entry"]]
    assert [each["id"] for each in found_documents if "masterIdentifier" in each] == [document["id"]]


async def test_no_reference_is_left_to_the_bundle(client):
    document = await filed(client, everything())
    assert "urn:uuid:" not in str(document)
    encounter = await client.get(f"/{document['context']['encounter'][0]['reference']}")
    assert "urn:uuid:" not in encounter.text


async def test_the_person_is_found_by_the_matricule(client):
    document = await filed(client, everything())
    found = await client.get("/Patient", params={"identifier": "urn:oid:1.2.250.1.213.1.4.10|236057511042363"})
    assert document["subject"]["reference"] == f"Patient/{found.json()['entry'][0]['resource']['id']}"


@pytest.mark.requirement("SC.CDA/INT.18")
async def test_the_same_document_twice_is_filed_once(client):
    await filed(client, everything())
    before = [await count(client, each) for each in COUNTED]
    again = await imported(client, everything())
    assert again.status_code == 200
    assert again.json()["entry"][0]["response"]["status"] == "200 OK"
    assert "already" in again.json()["entry"][0]["response"]["outcome"]["issue"][0]["diagnostics"]
    assert [await count(client, each) for each in COUNTED] == before
    assert await count(client, "DocumentReference") == 1


async def test_the_same_document_six_times_at_once_is_filed_once(client):
    responses = await asyncio.gather(*(imported(client, everything()) for _ in range(6)))
    assert [response.status_code for response in responses] == [200] * 6
    assert len({response.headers["Location"] for response in responses}) == 1
    assert await count(client, "DocumentReference") == 1
    assert await count(client, "Patient") == 1


async def test_different_documents_of_one_person_at_once_make_one_person(client):
    others = [edited(('extension="V3"', f'extension="X{i}"'), ('"LOT"', f'"LOT{i}"')) for i in range(5)]
    responses = await asyncio.gather(*(imported(client, each) for each in others))
    assert [response.status_code for response in responses] == [200] * 5
    assert await count(client, "DocumentReference") == 5
    assert await count(client, "Patient") == 1


async def test_a_person_who_comes_with_another_document_meanwhile_is_known(client, monkeypatch):
    looks, known = [], Filing._known

    async def known_a_moment_later(self: Filing) -> Stored | None:
        looks.append(1)
        return None if len(looks) == 1 else await known(self)

    await filed(client, everything())
    monkeypatch.setattr(Filing, "_known", known_a_moment_later)
    await filed(client, edited(('extension="V3"', 'extension="X1"'), ('"LOT"', '"LOT1"')))
    assert (await count(client, "Patient"), len(looks)) == (1, 2)


async def test_the_people_of_the_demonstration_are_recognised(client):
    people = demonstration(date(2026, 3, 12))
    assert (await client.post("/", json=people, headers=FHIR_JSON)).status_code == 200
    before = [await count(client, each) for each in ("Organization", "Practitioner")]
    await filed(client, (EXAMPLES / "lettre-de-liaison.xml").read_bytes())
    assert [await count(client, each) for each in ("Organization", "Practitioner")] == before


async def test_the_bundle_posted_twice_is_filed_once_too(client):
    bundle = (await client.post("/$cda-to-fhir", content=everything(), headers=XML)).json()
    for _ in range(2):
        assert (await client.post("/", json=bundle, headers=FHIR_JSON)).status_code == 200
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    for kind in kinds:
        assert await count(client, kind) == len(resources(bundle, kind))


async def test_another_document_makes_no_second_person(client):
    await filed(client, everything())
    before = [await count(client, each) for each in ("Patient", "Practitioner", "Organization")]
    await filed(client, edited(('extension="V3"', 'extension="X1"'), ('extension="LOT"', 'extension="OTHER"')))
    assert [await count(client, each) for each in ("Patient", "Practitioner", "Organization")] == before


async def test_the_local_record_is_never_overwritten(client):
    patient = as_received(resources(bundle_from_cda(everything()), "Patient")[0])
    del patient["contact"]
    patient["telecom"] = [{"system": "phone", "value": "0199999999"}]
    local = (await client.post("/Patient", json=patient, headers=FHIR_JSON)).json()
    document = await filed(client, everything())
    assert document["subject"]["reference"] == f"Patient/{local['id']}"
    assert (await client.get(f"/Patient/{local['id']}")).json() == local
    assert document["contained"][0]["telecom"][0]["value"] == "0140000001"


@pytest.mark.parametrize(
    ("old", "new", "trait"),
    [
        ('birthTime value="19360514"', 'birthTime value="19370514"', "birth date"),
        ("D'HAUTEVILLE", "DURAND", "birth name"),
        ('<administrativeGenderCode code="M"', '<administrativeGenderCode code="F"', "sex"),
        ("<county>69384</county>", "<county>69123</county>", "birth place"),
        ('<given qualifier="BR">ARMAND', '<given qualifier="BR">JULES', "first given name"),
    ],
)
async def test_a_matricule_with_other_traits_needs_a_person_to_decide(client, old, new, trait):
    await filed(client, everything())
    other = edited((old, new), ('extension="V3"', 'extension="X1"'), ('extension="LOT"', 'extension="OTHER"'))
    response = await imported(client, other)
    assert response.status_code == 409
    assert trait in issue(response)["diagnostics"]
    assert await count(client, "DocumentReference") == 1


async def test_accents_and_case_do_not_make_another_person(client):
    await filed(client, everything())
    other = edited(("D'HAUTEVILLE", "d’Hauteville"), ('extension="V3"', 'extension="X1"'), ('"LOT"', '"OTHER"'))
    assert (await imported(client, other)).status_code == 200


async def test_a_document_is_filed_under_the_patient_who_was_chosen(client):
    chosen = (await client.post("/Patient", json={"resourceType": "Patient"}, headers=FHIR_JSON)).json()
    response = await client.post(
        "/DocumentReference/$import-cda",
        params={"patient": f"Patient/{chosen['id']}"},
        content=everything(),
        headers=XML,
    )
    assert response.status_code == 200, response.text
    assert await count(client, "Patient") == 1
    search = await client.get("/DocumentReference", params={"patient": f"Patient/{chosen['id']}"})
    assert len(search.json()["entry"]) == 1


async def test_a_chosen_patient_must_exist(client):
    response = await client.post(
        "/DocumentReference/$import-cda", params={"patient": "Patient/none"}, content=everything(), headers=XML
    )
    assert response.status_code == 422


@pytest.mark.requirement("SC.CDA/INT.18")
async def test_a_newer_version_supersedes_the_one_before(client):
    old = await filed(client, everything())
    new = await filed(client, version(4, "V4"))
    assert new["status"] == "current"
    assert (await client.get(f"/DocumentReference/{old['id']}")).json()["status"] == "superseded"
    assert new["relatesTo"][0]["target"]["reference"] == f"DocumentReference/{old['id']}"
    binary = await client.get(old["content"][0]["attachment"]["url"], headers={"Accept": "*/*"})
    assert binary.content == everything()


@pytest.mark.requirement("SC.CDA/INT.18")
@pytest.mark.parametrize("number", [2, 3])
async def test_a_version_that_is_not_newer_is_refused(client, number):
    await filed(client, everything())
    response = await imported(client, version(number, "LATE"))
    assert response.status_code == 409
    assert f"version {number}" in issue(response)["diagnostics"]


async def test_a_replacement_without_a_known_set_supersedes_what_it_names(client):
    old = await filed(client, everything())
    await filed(client, version(4, "V4").replace(b'extension="LOT"', b'extension="OTHER"'))
    assert (await client.get(f"/DocumentReference/{old['id']}")).json()["status"] == "superseded"


@pytest.mark.requirement("SC.CDA/INT.18")
async def test_one_id_with_two_contents_is_refused(client):
    await filed(client, everything())
    response = await imported(client, edited(("Chutes", "Chute")))
    assert response.status_code == 409
    assert "another content" in issue(response)["diagnostics"]


async def test_what_was_odd_is_told_with_its_place(client):
    response = await imported(client, edited(('birthTime value="19360514"', 'birthTime value="19360000"')))
    outcomes = [entry["response"]["outcome"] for entry in response.json()["entry"] if "outcome" in entry["response"]]
    issues = [each["diagnostics"] for outcome in outcomes for each in outcome["issue"]]
    assert any("a month or a day of zero" in text and "/birthTime" in text for text in issues)


async def test_two_records_under_one_matricule_are_a_matter_for_a_person(client):
    patient = as_received(resources(bundle_from_cda(everything()), "Patient")[0])
    del patient["contact"]
    for _ in range(2):
        assert (await client.post("/Patient", json=patient, headers=FHIR_JSON)).status_code == 201
    assert (await imported(client, everything())).status_code == 412


async def test_a_binary_in_parameters_is_imported(client):
    data = base64.b64encode(everything()).decode()
    binary = {"resourceType": "Binary", "contentType": "text/xml", "data": data}
    body = {"resourceType": "Parameters", "parameter": [{"name": "document", "resource": binary}]}
    response = await client.post("/DocumentReference/$import-cda", json=body, headers=FHIR_JSON)
    assert response.status_code == 200


async def test_a_refused_document_leaves_nothing(client):
    response = await imported(client, everything()[:-400])
    assert response.status_code == 400
    assert [await count(client, each) for each in COUNTED] == [0] * len(COUNTED)


@pytest.mark.requirement("SC.CDA/INT.04")
@pytest.mark.requirement("SC.CDA/INT.17")
@pytest.mark.parametrize(
    ("sort", "expected"), [("period", "ABC"), ("-period", "CBA"), ("type,period", "BAC"), ("-type,-period", "CAB")]
)
async def test_documents_are_sorted_by_what_they_say_of_themselves(client, sort, expected):
    for rank, (name, kind) in enumerate([("C", LETTER), ("A", LETTER), ("B", REPORT)]):
        act = {"A": "20260101", "B": "20260201", "C": "20260301"}[name]
        it = await filed(client, Received("R1", f"2.25.{rank}1", f"2.25.{rank}2", kind=kind, act=act).as_cda())
    found = await client.get("/DocumentReference", params={"_sort": sort, "patient": it["subject"]["reference"]})
    months = [entry["resource"]["context"]["period"]["start"][5:7] for entry in found.json()["entry"]]
    assert "".join(" ABC"[int(month)] for month in months) == expected


LOCAL_PERSON = {
    "resourceType": "Patient",
    "name": [{"use": "official", "family": "D'HAUTEVILLE", "given": ["ARMAND"]}],
    "gender": "male",
    "birthDate": "1936-05-14",
}


@pytest.mark.requirement("SENTINELLE.20")
async def test_a_matricule_nobody_has_is_not_put_beside_a_record_that_is_alike(client):
    local = (await client.post("/Patient", json=LOCAL_PERSON, headers=FHIR_JSON)).json()["id"]
    refused = await imported(client, everything())
    assert refused.status_code == 409
    assert f"Patient/{local} may be this person" in issue(refused)["diagnostics"]
    assert [await count(client, each) for each in ("Patient", "DocumentReference")] == [1, 0]
    chosen = {"patient": f"Patient/{local}"}
    answer = await client.post("/DocumentReference/$import-cda", params=chosen, content=everything(), headers=XML)
    assert answer.status_code == 200, answer.text
    assert await count(client, "Patient") == 1


@pytest.mark.requirement("SENTINELLE.20")
async def test_a_new_record_is_made_when_somebody_says_so(client):
    await client.post("/Patient", json=LOCAL_PERSON, headers=FHIR_JSON)
    answer = await client.post(
        "/DocumentReference/$import-cda", params={"new-patient": "true"}, content=everything(), headers=XML
    )
    assert answer.status_code == 200, answer.text
    assert await count(client, "Patient") == 2


@pytest.mark.requirement("SENTINELLE.20")
async def test_a_document_of_a_record_that_was_merged_goes_to_the_one_that_stays(client):
    first = await filed(client, everything())
    kept = (await client.post("/Patient", json={"resourceType": "Patient"}, headers=FHIR_JSON)).json()["id"]
    source = first["subject"]["reference"].partition("/")[2]
    gone = (await client.get(f"/Patient/{source}")).json()
    link = [{"other": {"reference": f"Patient/{kept}"}, "type": "replaced-by"}]
    await client.put(f"/Patient/{source}", json={**gone, "active": False, "link": link}, headers=FHIR_JSON)
    second = await filed(client, version(4, "V4"))
    assert second["subject"]["reference"] == f"Patient/{kept}"
    former = (await client.get(f"/DocumentReference/{first['id']}")).json()
    assert (former["status"], former["subject"]["reference"]) == ("superseded", f"Patient/{kept}")
