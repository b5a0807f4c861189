"""patient/ scopes: the record of one person, and no sign of another."""

import pytest

from tests.access.conftest import World, found, observation, person
from tests.served import FHIR_JSON, issue
from usager_server.access.grant import Grant
from usager_server.access.reach import Reach
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry

MINE = ["Observation/a-blood", "Observation/a-pressure"]


async def test_a_read_within_reach_is_answered(world: World):
    assert (await world.of("patient/*.rs").get("/Observation/a-blood")).status_code == 200
    assert (await world.of("patient/*.rs").get("/Patient/a")).status_code == 200


@pytest.mark.parametrize("address", ["Observation/b-blood", "Patient/b", "Observation/b-blood/_history/1"])
@pytest.mark.parametrize("more", ["", "/_history"])
async def test_what_is_out_of_reach_is_answered_like_what_is_not_there(world: World, address: str, more: str):
    client = world.of("patient/*.rs")
    hidden, absent = address.split("/")[1], "z-blood"
    theirs, nothing = [await client.get(f"/{address.replace(hidden, one)}{more}") for one in (hidden, absent)]
    assert theirs.status_code == nothing.status_code == 404
    assert theirs.text.replace(hidden, absent) == nothing.text


async def test_a_search_finds_the_record_and_counts_no_more(world: World):
    answer = await world.of("patient/*.rs").get("/Observation?_total=accurate")
    assert sorted(found(answer)) == MINE
    assert answer.json()["total"] == 2


async def test_a_scope_with_parameters_narrows_searches_and_reads(world: World):
    client = world.of("patient/Observation.rs?category=laboratory")
    assert found(await client.get("/Observation")) == ["Observation/a-blood"]
    assert (await client.get("/Observation/a-blood")).status_code == 200
    assert (await client.get("/Observation/a-pressure")).status_code == 404


async def test_scopes_of_one_type_add_up(world: World):
    client = world.of("patient/Observation.rs?category=laboratory patient/Observation.rs?category=vital-signs")
    assert sorted(found(await client.get("/Observation?_total=accurate"))) == MINE


async def test_a_type_without_scope_is_refused_by_name(world: World):
    answer = await world.of("patient/Observation.rs").get("/Patient/a")
    assert answer.status_code == 403
    assert "Patient" in issue(answer)["diagnostics"]


async def test_a_write_within_reach_is_done(world: World):
    client = world.of("patient/Observation.cruds")
    made = await client.post("/Observation", json=observation("a"), headers=FHIR_JSON)
    assert made.status_code == 201, made.text
    changed = {**made.json(), "status": "amended"}
    answer = await client.put(f"/Observation/{changed['id']}", json=changed, headers=FHIR_JSON)
    assert answer.status_code == 200, answer.text
    assert (await client.delete(f"/Observation/{changed['id']}")).status_code == 204


async def test_nothing_is_created_in_the_record_of_another(world: World):
    before = (await world.everyone.get("/Observation?_summary=count")).json()["total"]
    answer = await world.of("patient/Observation.cruds").post("/Observation", json=observation("b"), headers=FHIR_JSON)
    assert answer.status_code == 403
    assert (await world.everyone.get("/Observation?_summary=count")).json()["total"] == before


@pytest.mark.parametrize(("mine", "theirs"), [("a", "b"), ("b", "a")])
async def test_nothing_is_moved_into_or_out_of_a_record(world: World, mine: str, theirs: str):
    before = (await world.everyone.get(f"/Observation/{mine}-blood")).text
    moved = {**observation(theirs, "718-7"), "id": f"{mine}-blood"}
    answer = await world.of("patient/Observation.cruds").put(
        f"/Observation/{mine}-blood", json=moved, headers=FHIR_JSON
    )
    assert answer.status_code == (403 if mine == "a" else 404)
    assert (await world.everyone.get(f"/Observation/{mine}-blood")).text == before


async def test_another_person_cannot_be_named_in_what_is_mine(world: World):
    both = observation("a", performer=[{"reference": "Patient/b"}])
    answer = await world.of("patient/Observation.cruds").post("/Observation", json=both, headers=FHIR_JSON)
    assert answer.status_code == 403


async def test_naming_someone_who_is_not_there_is_refused_alike(world: World):
    client = world.of("patient/Observation.cruds")
    answers = [
        await client.post(
            "/Observation", json=observation("a", performer=[{"reference": f"Patient/{one}"}]), headers=FHIR_JSON
        )
        for one in ("b", "nobody")
    ]
    assert answers[0].status_code == answers[1].status_code == 403
    assert issue(answers[0]) == issue(answers[1])


async def test_a_delete_out_of_reach_is_404_and_deletes_nothing(world: World):
    client = world.of("patient/Observation.cruds")
    assert (await client.delete("/Observation/b-blood")).status_code == 404
    assert (await client.delete("/Observation/nothing")).status_code == 404
    assert (await world.everyone.get("/Observation/b-blood")).status_code == 200


async def test_an_old_version_that_named_another_is_not_shown(world: World):
    await world.put({**observation("b"), "id": "mistaken"})
    await world.put({**observation("a"), "id": "mistaken"})
    client = world.of("patient/Observation.rs")
    assert (await client.get("/Observation/mistaken/_history/2")).status_code == 200
    assert (await client.get("/Observation/mistaken/_history/1")).status_code == 404
    versions = (await client.get("/Observation/mistaken/_history")).json()["entry"]
    assert [entry["resource"]["meta"]["versionId"] for entry in versions] == ["2"]


async def test_versions_that_are_read_together_are_those_that_are_shown_one_by_one(
    world: World, shared_store: PostgresStore, search_registry: SearchRegistry, tenant: int
) -> None:
    for whose in "ba":
        await world.put({**observation(whose), "id": "mistaken"})
    await world.put({**observation("a", "718-7", "laboratory"), "id": "a-blood", "status": "amended"})
    ids = ("mistaken", "a-blood", "b-blood", "nothing")
    asked = [("Observation", key, number) for key in ids for number in (0, 1, 2, 3)]
    reach = Reach(search_registry, tenant, Grant.of("patient/Observation.r", patient="a"))
    limited = shared_store.repository(tenant).within(reach)
    found = await limited.vread_many([*asked, ("Patient", "a", 1)])
    assert sorted((key, number) for _, key, number in found) == [("a-blood", 1), ("a-blood", 2), ("mistaken", 2)]
    assert found == {each: stored for each in asked if (stored := await limited.vread(*each)) is not None}


async def test_the_history_of_a_type_is_that_of_the_record(world: World):
    await world.put({**observation("a", "718-7", "laboratory"), "id": "a-blood", "status": "amended"})
    answer = await world.of("patient/Observation.rs").get("/Observation/_history")
    assert sorted(found(answer)) == ["Observation/a-blood", "Observation/a-blood", "Observation/a-pressure"]


async def test_the_person_is_in_nobody_elses_record_by_a_link(world: World):
    await world.put(person("c", "Martin", link=[{"other": {"reference": "Patient/a"}, "type": "seealso"}]))
    client = world.of("patient/*.rs")
    assert found(await client.get("/Patient")) == ["Patient/a"]
    assert (await client.get("/Patient/c")).status_code == 404


async def test_what_is_shared_is_read_and_not_written(world: World):
    client = world.of("patient/*.cruds")
    assert (await client.get("/Practitioner/doctor")).status_code == 200
    changed = {"resourceType": "Practitioner", "id": "doctor"}
    assert (await client.put("/Practitioner/doctor", json=changed, headers=FHIR_JSON)).status_code == 403
    assert (await client.get("/Practitioner")).status_code == 403
