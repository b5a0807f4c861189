"""Searching by tokens and references, on a real store."""

import pytest

from tests.search.conftest import Find, Found, Put, concept, ids
from usager_server.errors import Invalid

INS = "urn:oid:1.2.250.1.213.1.4.8"


@pytest.fixture
async def people(put: Put) -> None:
    await put(
        {
            "resourceType": "Patient",
            "id": "anne",
            "active": True,
            "gender": "female",
            "identifier": [
                {
                    "system": INS,
                    "value": "2840899123456AB",
                    "type": {"coding": [{"system": "http://v2", "code": "INS"}], "text": "Identité nationale"},
                }
            ],
            "telecom": [
                {"system": "phone", "value": "01 42.34-56 78"},
                {"system": "email", "value": "Anne@Example.org"},
            ],
            "managingOrganization": {"reference": "Organization/chu"},
            "meta": {"tag": [{"system": "urn:t", "code": "demo"}], "profile": ["http://p.example/Patient|1.0"]},
        },
        {"resourceType": "Patient", "id": "bob", "gender": "male", "deceasedDateTime": "2020-01-01"},
        {"resourceType": "Patient", "id": "cleo", "identifier": [{"value": "42"}], "deceasedBoolean": False},
        {"resourceType": "Organization", "id": "chu", "name": "CHU"},
    )


PATIENTS_ARE_FOUND = {
    "identifier=2840899123456AB": ["anne"],
    "identifier=2840899123456ab": ["anne"],
    f"identifier={INS}|2840899123456AB": ["anne"],
    f"identifier={INS}|": ["anne"],
    "identifier=urn:other|2840899123456AB": [],
    "identifier=|2840899123456AB": [],
    "identifier=|42": ["cleo"],
    "identifier=42,2840899123456AB": ["cleo", "anne"],
    "identifier:of-type=http://v2|INS|2840899123456AB": ["anne"],
    "identifier:of-type=http://v2|MR|2840899123456AB": [],
    "identifier:text=identite": ["anne"],
    "identifier:missing=true": ["bob"],
    "identifier:missing=false": ["cleo", "anne"],
    "gender=male": ["bob"],
    "gender=http://hl7.org/fhir/administrative-gender|male": ["bob"],
    "gender=http://other|male": [],
    "gender:not=male": ["cleo", "anne"],
    "gender:in=http://hl7.org/fhir/ValueSet/administrative-gender": ["bob", "anne"],
    "gender:not-in=http://hl7.org/fhir/ValueSet/administrative-gender": ["cleo"],
    "active=true": ["anne"],
    "deceased=true": ["bob"],
    "deceased=false": ["cleo", "anne"],
    "phone=0142345678": ["anne"],
    "telecom=01 42 34 56 78": ["anne"],
    "email=anne@example.org": ["anne"],
    "_tag=urn:t|demo": ["anne"],
    "_profile=http://p.example/Patient": ["anne"],
    "_profile=http://p.example/Patient|1.0": ["anne"],
    "_profile=http://p.example/Patient|2.0": [],
    "_profile:below=http://p.example/": ["anne"],
    "_id=bob,anne,nobody": ["bob", "anne"],
    "_id:not=bob": ["cleo", "anne"],
    "organization=Organization/chu": ["anne"],
    "organization=chu": ["anne"],
    "organization:Organization=chu": ["anne"],
    "organization:missing=true": ["cleo", "bob"],
    "organization.name=chu": ["anne"],
    "organization.name:exact=chu": [],
    "organization.name:exact=CHU": ["anne"],
    "_has:Patient:link:gender=male": [],
}


@pytest.mark.usefixtures("people")
async def test_patients_are_found(found: Found) -> None:
    answers = {query: await found(f"Patient?{query}") for query in PATIENTS_ARE_FOUND}
    assert answers == PATIENTS_ARE_FOUND


async def test_references_of_every_spelling_are_found(put: Put, found: Found) -> None:
    subjects = {
        "local": {"reference": "Patient/p"},
        "version": {"reference": "Patient/p/_history/3"},
        "foreign": {"reference": "https://other.example/fhir/Patient/p"},
        "urn": {"reference": "urn:uuid:0a1b2c3d-0000-4000-8000-000000000000"},
        "logical": {"identifier": {"system": INS, "value": "7"}, "display": "Anne"},
        "group": {"reference": "Group/p"},
    }
    await put(*({"resourceType": "Observation", "id": one, "subject": target} for one, target in subjects.items()))
    assert await found("Observation?subject=Patient/p") == ["version", "local"]
    assert await found("Observation?subject=Patient/p/_history/3") == ["version"]
    assert await found("Observation?subject=p") == ["group", "version", "local"]
    assert await found("Observation?patient=p") == ["version", "local"]
    assert await found("Observation?subject:Group=p") == ["group"]
    assert await found("Observation?subject=https://other.example/fhir/Patient/p") == ["foreign"]
    assert await found("Observation?subject=urn:uuid:0a1b2c3d-0000-4000-8000-000000000000") == ["urn"]
    assert await found(f"Observation?subject:identifier={INS}|7") == ["logical"]
    assert await found("Observation?subject:missing=true") == []


async def test_codes_above_and_below_another_are_found(put: Put, found: Found) -> None:
    system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    await put(
        *(
            {"resourceType": "Encounter", "id": one, "class": {"system": system, "code": one}}
            for one in ("AMB", "IMP", "ACUTE")
        )
    )
    assert await found(f"Encounter?class:below={system}|IMP") == ["ACUTE", "IMP"]
    assert await found(f"Encounter?class:above={system}|ACUTE") == ["ACUTE", "IMP"]


async def test_chains_and_has_nest(put: Put, found: Found) -> None:
    await put(
        {"resourceType": "Organization", "id": "o", "name": "Hôpital", "partOf": {"reference": "Organization/root"}},
        {"resourceType": "Organization", "id": "root", "name": "Groupe"},
        {"resourceType": "Patient", "id": "p", "managingOrganization": {"reference": "Organization/o"}},
        {"resourceType": "Patient", "id": "q", "gender": "male"},
        {"resourceType": "Observation", "id": "a", "subject": {"reference": "Patient/p"}, "code": concept("1")},
        {"resourceType": "Observation", "id": "b", "subject": {"reference": "Patient/q"}, "code": concept("2")},
        {"resourceType": "DiagnosticReport", "id": "r", "result": [{"reference": "Observation/a"}]},
    )
    assert await found("Observation?subject:Patient.organization.partof.name=groupe") == ["a"]
    assert await found("Observation?patient.gender:not=male") == ["a"]
    assert await found("Patient?_has:Observation:patient:code=2") == ["q"]
    assert await found("Patient?_has:Observation:patient:_has:DiagnosticReport:result:_id=r") == ["p"]
    assert await found("Patient?_has:Observation:patient:code:not=2") == ["p"]
    assert await found("Observation?patient._has:Observation:subject:code=2") == ["b"]
    assert await found("Patient/p/Observation") == ["a"]
    assert await found("Patient/p/*") == ["a", "p"]


async def test_includes_come_once_and_go_as_far_as_asked(put: Put, find: Find) -> None:
    await put(
        {"resourceType": "Organization", "id": "o"},
        {"resourceType": "Patient", "id": "p", "managingOrganization": {"reference": "Organization/o"}},
        {"resourceType": "Observation", "id": "a", "subject": {"reference": "Patient/p"}},
        {"resourceType": "Observation", "id": "b", "subject": {"reference": "Patient/p"}},
        {"resourceType": "Questionnaire", "id": "form", "url": "http://q.example/form"},
        {"resourceType": "QuestionnaireResponse", "id": "answer", "questionnaire": "http://q.example/form|2"},
    )
    assert ids(await find("Observation?_include=Observation:patient"), "include") == ["p"]
    assert ids(await find("Observation?_include=Observation:subject:Group"), "include") == []
    page = await find("Observation?_include=Observation:patient&_include:iterate=Patient:organization")
    assert sorted(ids(page, "include")) == ["o", "p"]
    assert ids(await find("Observation?_include=Observation:patient&_include=Patient:organization"), "include") == ["p"]
    assert sorted(ids(await find("Patient?_revinclude=Observation:subject"), "include")) == ["a", "b"]
    assert sorted(ids(await find("Patient?_revinclude=Observation:*&_include=*"), "include")) == ["a", "b", "o"]
    assert ids(await find("QuestionnaireResponse?_include=*"), "include") == ["form"]
    assert ids(await find("Questionnaire?_revinclude=QuestionnaireResponse:questionnaire"), "include") == ["answer"]


async def test_a_compartment_that_cannot_hold_a_type_is_refused(find: Find) -> None:
    with pytest.raises(Invalid, match="does not hold"):
        await find("Patient/p/ValueSet")


@pytest.mark.parametrize("code", ["Straße", "straße", "σς", "ŉ", "ABC"])
async def test_codes_are_found_whatever_their_case(put: Put, found: Found, code: str) -> None:
    await put({"resourceType": "Observation", "id": "one", "status": "final", "code": concept(code, "urn:c")})
    for asked in (code, code.upper(), code.lower()):
        assert await found(f"Observation?code=urn:c|{asked}") == ["one"]
        assert await found(f"Observation?code={asked}") == ["one"]


async def test_units_differ_by_case(put: Put, found: Found) -> None:
    ucum = "http://unitsofmeasure.org"
    await put({"resourceType": "Observation", "id": "one", "status": "final", "code": concept("Cel", ucum)})
    assert await found(f"Observation?code={ucum}|Cel") == ["one"]
    assert await found(f"Observation?code={ucum}|cel") == []
