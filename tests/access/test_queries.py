"""Predicates are data: whatever a query names is within reach, or refused; counts and pages tell of nothing else."""

import pytest

from tests.access.conftest import World, found
from tests.served import issue

MINE = ["Observation/a-blood", "Observation/a-pressure"]

REFUSED = {
    "Patient?_has:Observation:subject:code=718-7": "Observation",
    "Observation?subject:Patient.family=martin": "Patient",
    "Observation?performer:Practitioner.family=petit": "Practitioner",
    "Patient?link:Patient._has:Condition:subject:code=1": "Condition",
    "Observation?_include=Observation:performer:Practitioner": "Practitioner",
    "Observation?_revinclude=Provenance:target": "Provenance",
    "Encounter?_sort=date": "Encounter",
    "Observation?_total=accurate&_has:Provenance:target:_id=1": "Provenance",
}


@pytest.mark.parametrize("address", REFUSED)
async def test_a_query_that_names_a_type_out_of_reach_is_refused_by_its_name(world: World, address: str):
    first = "Patient" if address.startswith("Patient") else "Observation"
    answer = await world.of(f"user/{first}.rs").get(f"/{address}")
    assert answer.status_code == 403
    assert REFUSED[address] in issue(answer)["diagnostics"]


async def test_a_type_that_system_search_names_is_refused(world: World):
    answer = await world.of("user/Observation.rs").get("/?_type=Observation,Patient")
    assert answer.status_code == 403 and "Patient" in issue(answer)["diagnostics"]


@pytest.mark.parametrize("address", ["/", "/_history"])
async def test_the_whole_system_needs_a_scope_of_every_type(world: World, address: str):
    assert (await world.of("user/Observation.rs user/Patient.rs").get(address)).status_code == 403
    assert (await world.of("user/*.rs").get(address)).status_code == 200


async def test_the_whole_system_is_the_record_for_a_patient(world: World):
    client = world.of("patient/*.rs")
    for address in ("/?_total=accurate", "/_history", "/Patient/a/*", "/_history?_type=Patient,Observation"):
        assert sorted(found(await client.get(address))) == [
            "Observation/a-blood",
            "Observation/a-pressure",
            "Patient/a",
        ]
    assert (await client.get("/?_total=accurate")).json()["total"] == 3


async def test_a_has_looks_at_nothing_that_a_scope_leaves_out(world: World):
    client = world.of("user/Patient.rs user/Observation.rs?category=vital-signs")
    assert found(await client.get("/Patient?_has:Observation:subject:code=718-7&_total=accurate")) == []
    assert sorted(found(await client.get("/Patient?_has:Observation:subject:code=8480-6"))) == [
        "Patient/a",
        "Patient/b",
    ]


async def test_a_negation_behind_a_has_looks_at_nothing_else_either(world: World):
    client = world.of("user/Patient.rs user/Observation.rs?category=vital-signs")
    assert found(await client.get("/Patient?_has:Observation:subject:code:not=8480-6")) == []


async def test_a_chain_looks_at_nothing_out_of_reach(world: World):
    client = world.of("user/Observation.rs user/Patient.rs?_id=a")
    assert found(await client.get("/Observation?subject:Patient.family=martin")) == []
    answer = await client.get("/Observation?subject.family=durand&_total=accurate")
    assert sorted(found(answer)) == MINE
    assert answer.json()["total"] == 2


async def test_a_sort_tells_of_the_record_alone(world: World):
    client = world.of("patient/Observation.rs")
    for order in ("_lastUpdated", "-date", "code", "category", "status"):
        answer = await client.get(f"/Observation?_sort={order}&_count=10")
        assert sorted(found(answer)) == MINE, order


async def test_an_include_brings_what_may_be_read(world: World):
    client = world.of("patient/Observation.rs patient/Practitioner.r")
    answer = await client.get("/Observation?_include=Observation:performer&_include=Observation:subject")
    assert sorted(found(answer)) == [*MINE, "Practitioner/doctor"]


async def test_a_star_include_brings_what_may_be_read(world: World):
    answer = await world.of("patient/Observation.rs patient/Patient.r").get("/Observation?_include=*")
    assert sorted(found(answer)) == [*MINE, "Patient/a"]


async def test_a_revinclude_brings_what_is_within_reach(world: World):
    client = world.of("patient/Patient.rs patient/Observation.rs?category=laboratory")
    answer = await client.get("/Patient?_revinclude=Observation:subject")
    assert sorted(found(answer)) == ["Observation/a-blood", "Patient/a"]


@pytest.mark.parametrize("more", ["_summary=count", "_total=accurate", "_total=estimate", "_count=0"])
async def test_counts_are_of_the_record(world: World, more: str):
    for scopes in ("patient/Observation.rs", "patient/*.rs"):
        assert (await world.of(scopes).get(f"/Observation?{more}")).json()["total"] == 2


async def test_elements_and_summaries_pass_the_same_gate(world: World):
    client = world.of("patient/Observation.rs")
    for more in ("_elements=code", "_summary=true", "_summary=text", "_summary=data"):
        assert sorted(found(await client.get(f"/Observation?{more}"))) == [
            "Observation/a-blood",
            "Observation/a-pressure",
        ]
        assert (await client.get(f"/Observation/b-blood?{more}")).status_code == 404


async def test_a_page_holds_its_count_of_what_is_within_reach(world: World):
    client = world.of("patient/Observation.rs")
    first = await client.get("/Observation?_count=1")
    assert len(found(first)) == 1
    after = {each["relation"]: each["url"] for each in first.json()["link"]}["next"]
    second = await client.get(after)
    assert sorted(found(first) + found(second)) == MINE
    assert "next" not in {each["relation"] for each in second.json()["link"]}


@pytest.mark.parametrize("address", ["/Observation?_count=1", "/Observation/_history?_count=1"])
async def test_a_page_link_is_good_for_the_grant_it_was_made_for(world: World, address: str):
    first = await world.of("patient/Observation.rs").get(address)
    after = {each["relation"]: each["url"] for each in first.json()["link"]}["next"]
    others = [
        world.of("patient/Observation.rs", patient="b"),
        world.of("patient/Observation.rs?category=laboratory"),
        world.of("patient/*.rs"),
        world.everyone,
    ]
    assert [(await other.get(after)).status_code for other in others] == [400] * len(others)


async def test_a_search_in_the_compartment_of_another_finds_nothing(world: World):
    answer = await world.of("patient/*.rs").get("/Patient/b/Observation?_total=accurate")
    assert (found(answer), answer.json()["total"]) == ([], 0)
