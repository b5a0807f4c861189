"""user/ scopes: what the person may do anyway, by structures, care teams and roles; a scope only narrows."""

from typing import Any

import pytest

from tests.access.conftest import World, found, observation, person
from tests.served import FHIR_JSON

HOUSE = {"structures": ["house"]}


def episode(name: str, patient: str, structure: str, **more: Any) -> dict[str, Any]:
    """Return a stay of a patient in a structure."""
    return {
        "resourceType": "EpisodeOfCare",
        "id": name,
        "status": "active",
        "patient": {"reference": f"Patient/{patient}"},
        "managingOrganization": {"reference": f"Organization/{structure}"},
        **more,
    }


def team(name: str, patient: str, member: str, status: str = "active") -> dict[str, Any]:
    """Return the équipe de soins of a patient."""
    return {
        "resourceType": "CareTeam",
        "id": name,
        "status": status,
        "subject": {"reference": f"Patient/{patient}"},
        "participant": [{"member": {"reference": member}}],
    }


@pytest.fixture
async def two_houses(world: World) -> World:
    """Patient a is of the house; patient b of another one."""
    await world.put({"resourceType": "Organization", "id": "other", "name": "Les Lilas"})
    await world.put(person("b", "Martin", managingOrganization={"reference": "Organization/other"}))
    return world


async def test_a_structure_opens_the_records_of_its_own(two_houses: World):
    client = two_houses.of("user/*.rs", **HOUSE)
    assert found(await client.get("/Patient?_total=accurate")) == ["Patient/a"]
    answer = await client.get("/Observation?_total=accurate")
    assert sorted(found(answer)) == ["Observation/a-blood", "Observation/a-pressure"]
    assert answer.json()["total"] == 2
    for address in ("Patient/b", "Observation/b-blood", "Observation/b-blood/_history"):
        assert (await client.get(f"/{address}")).status_code == 404
    assert sorted(found(await client.get("/_history"))) == sorted(found(await client.get("/")))


async def test_no_limit_of_structure_opens_the_tenant(two_houses: World):
    assert len(found(await two_houses.of("user/Observation.rs").get("/Observation"))) == 4


async def test_no_structure_and_no_team_open_nothing(two_houses: World):
    client = two_houses.of("user/*.rs", structures=[])
    for address in ("/Patient?_total=accurate", "/Observation?_total=accurate", "/Patient?gender:missing=true"):
        answer = await client.get(address)
        assert (found(answer), answer.json().get("total", 0)) == ([], 0)
    assert (await client.get("/Patient/a")).status_code == 404


async def test_a_stay_opens_the_record_even_once_it_is_over(two_houses: World):
    await two_houses.put(episode("stay", "b", "house", status="finished"))
    client = two_houses.of("user/*.rs", **HOUSE)
    assert (await client.get("/Observation/b-blood")).status_code == 200
    assert len(found(await client.get("/Patient"))) == 2


async def test_a_stay_entered_in_error_opens_nothing(two_houses: World):
    await two_houses.put(episode("stay", "b", "house", status="entered-in-error"))
    assert (await two_houses.of("user/*.rs", **HOUSE).get("/Patient/b")).status_code == 404


@pytest.mark.parametrize(("status", "expected"), [("active", 200), ("inactive", 404), ("proposed", 404)])
async def test_an_active_care_team_opens_the_record(two_houses: World, status: str, expected: int):
    await two_houses.put(team("team", "b", "Practitioner/doctor", status))
    client = two_houses.of("user/*.rs", practitioner="Practitioner/doctor", **HOUSE)
    assert (await client.get("/Observation/b-blood")).status_code == expected
    others = two_houses.of("user/*.rs", practitioner="Practitioner/other", **HOUSE)
    assert (await others.get("/Observation/b-blood")).status_code == 404


@pytest.mark.parametrize("resource", [episode("mine", "b", "house"), team("mine", "b", "Practitioner/doctor")])
async def test_nobody_opens_a_record_to_themselves(two_houses: World, resource: dict[str, Any]):
    client = two_houses.of("user/*.cruds", practitioner="Practitioner/doctor", **HOUSE)
    kind = resource["resourceType"]
    assert (await client.put(f"/{kind}/mine", json=resource, headers=FHIR_JSON)).status_code == 403
    assert (await client.post(f"/{kind}", json=resource, headers=FHIR_JSON)).status_code == 403
    await two_houses.put({**resource, "subject" if kind == "CareTeam" else "patient": {"reference": "Patient/a"}})
    assert (await client.put(f"/{kind}/mine", json=resource, headers=FHIR_JSON)).status_code == 403
    assert (await client.get("/Patient/b")).status_code == 404


async def test_a_person_of_another_structure_is_taken_over_by_nobody(two_houses: World):
    client = two_houses.of("user/*.cruds", **HOUSE)
    mine = person("b", "Martin", managingOrganization={"reference": "Organization/house"})
    assert (await client.put("/Patient/b", json=mine, headers=FHIR_JSON)).status_code == 404


async def test_a_new_person_is_created_in_the_structure(two_houses: World):
    client = two_houses.of("user/*.cruds", **HOUSE)
    mine = {"resourceType": "Patient", "managingOrganization": {"reference": "Organization/house"}}
    assert (await client.post("/Patient", json=mine, headers=FHIR_JSON)).status_code == 201
    for other in ({}, {"managingOrganization": {"reference": "Organization/other"}}):
        answer = await client.post("/Patient", json={"resourceType": "Patient", **other}, headers=FHIR_JSON)
        assert answer.status_code == 403


async def test_a_new_person_and_their_stay_are_created_together(two_houses: World):
    client = two_houses.of("user/*.cruds", **HOUSE)
    patient = {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient"}}
    stay = {**episode("x", "x", "house"), "patient": {"reference": "urn:uuid:1"}}
    stay.pop("id")
    blood = {**observation("x"), "subject": {"reference": "urn:uuid:1"}}
    entries = [
        {**entry, "request": {"method": "POST", "url": entry["resource"]["resourceType"]}}
        for entry in (patient, {"resource": stay}, {"resource": blood})
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = await client.post("/", json=bundle, headers=FHIR_JSON)
    assert answer.status_code == 200, answer.text
    address = answer.json()["entry"][0]["response"]["location"].partition("/_history")[0]
    assert (await client.get(f"/{address}")).status_code == 200


async def test_an_old_version_about_a_person_of_another_structure_is_not_shown(two_houses: World):
    await two_houses.put({**observation("b"), "id": "mistaken"})
    await two_houses.put({**observation("a"), "id": "mistaken"})
    client = two_houses.of("user/*.rs", **HOUSE)
    assert (await client.get("/Observation/mistaken/_history/1")).status_code == 404
    assert found(await client.get("/Observation/mistaken/_history")) == ["Observation/mistaken"]


async def test_what_is_in_nobodys_record_is_open_to_those_without_limit(two_houses: World):
    await two_houses.put({"resourceType": "Bundle", "id": "loose", "type": "collection"})
    assert (await two_houses.of("user/*.rs", **HOUSE).get("/Bundle/loose")).status_code == 403
    assert (await two_houses.of("user/*.rs").get("/Bundle/loose")).status_code == 200


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (["professional"], {"Observation": 200, "Patient": 200, "Organization": 200, "AuditEvent": 200}),
        (["administrative"], {"Observation": 403, "Patient": 200, "Organization": 200, "AuditEvent": 403}),
        (["administrator"], {"Observation": 403, "Patient": 403, "Organization": 200, "AuditEvent": 200}),
        (["auditor"], {"Observation": 403, "Patient": 403, "Organization": 403, "AuditEvent": 200}),
        (["auditor", "administrative"], {"Observation": 403, "Patient": 200, "Organization": 200, "AuditEvent": 200}),
        (["unheard-of"], {"Observation": 403, "Patient": 403, "Organization": 403, "AuditEvent": 403}),
        ([], {"Observation": 403, "Patient": 403, "Organization": 403, "AuditEvent": 403}),
    ],
)
async def test_a_role_is_a_ceiling(world: World, roles: list[str], expected: dict[str, int]):
    client = world.of("user/*.cruds", roles=roles)
    assert {kind: (await client.get(f"/{kind}")).status_code for kind in expected} == expected


@pytest.mark.parametrize("role", ["professional", "administrative", "auditor"])
async def test_who_works_with_persons_does_not_change_the_directory(world: World, role: str):
    client = world.of("user/*.cruds", roles=[role])
    answer = await client.put(
        "/Organization/house", json={"resourceType": "Organization", "id": "house"}, headers=FHIR_JSON
    )
    assert answer.status_code == 403


async def test_an_application_on_one_record_adds_no_right_to_those_of_the_person(two_houses: World):
    addresses = {
        "Patient/b": 404,
        "Observation/b-blood": 404,
        "Observation/b-blood/_history": 404,
        "Organization/house": 200,
    }
    client = two_houses.of("patient/*.cruds", patient="b", **HOUSE)
    answers = {address: (await client.get(f"/{address}")).status_code for address in addresses}
    assert answers == addresses
    for address in ("Observation?_total=accurate", "Patient/b/Observation", "?_type=Observation"):
        assert found(await client.get(f"/{address}")) == []
    assert (await client.post("/Observation", json=observation("b"), headers=FHIR_JSON)).status_code == 403
    assert (await client.get("/Patient/b/$everything")).status_code == 404


async def test_an_application_on_ones_own_patient_works_within_their_record(two_houses: World):
    client = two_houses.of("patient/*.cruds", **HOUSE)
    assert sorted(found(await client.get("/Observation"))) == ["Observation/a-blood", "Observation/a-pressure"]
    made = await client.post("/Observation", json=observation("a"), headers=FHIR_JSON)
    assert made.status_code == 201, made.text
    address = f"/Observation/{made.json()['id']}"
    assert (await client.put(address, json=made.json(), headers=FHIR_JSON)).status_code == 200
    assert len(found(await client.get(f"{address}/_history"))) == 2
    a = (await client.get("/Patient/a")).json()
    assert (await client.put("/Patient/a", json={**a, "gender": "male"}, headers=FHIR_JSON)).status_code == 200
    assert (await client.get("/Observation/b-blood")).status_code == 404
    both = observation("a", performer=[{"reference": "Patient/b"}])
    assert (await client.post("/Observation", json=both, headers=FHIR_JSON)).status_code == 403


async def test_an_application_on_one_record_shows_what_the_role_shows(two_houses: World):
    client = two_houses.of("patient/*.rs", roles=["administrative"])
    assert (await client.get("/Patient/a")).status_code == 200
    assert (await client.get("/Observation/a-blood")).status_code == 403
