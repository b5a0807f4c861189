"""Letters: what each kind of write needs; and transactions, which stand or fall with the least of their entries."""

from typing import Any

import pytest

from tests.access.conftest import World, observation
from tests.served import FHIR_JSON, issue

JSON_PATCH = {"Content-Type": "application/json-patch+json"}
STATUS = [{"op": "replace", "path": "/status", "value": "amended"}]


def asked(method: str, url: str, resource: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Return an entry of a Bundle."""
    entry: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    return entry if resource is None else {**entry, "resource": resource}


async def send(client: Any, kind: str, *entries: dict[str, Any]) -> Any:
    """Send a Bundle."""
    return await client.post("/", json={"resourceType": "Bundle", "type": kind, "entry": entries}, headers=FHIR_JSON)


async def count(world: World) -> int:
    """Return how many Observations there are."""
    return int((await world.everyone.get("/Observation?_summary=count")).json()["total"])


@pytest.mark.parametrize(("letters", "expected"), [("u", 404), ("c", 403), ("cu", 201)])
async def test_to_create_by_update_needs_both(world: World, letters: str, expected: int):
    new = {**observation("a"), "id": "new"}
    for scopes in (f"user/Observation.{letters}", f"patient/Observation.{letters}"):
        answer = await world.of(scopes).put(
            f"/Observation/new-{scopes[0]}", json={**new, "id": f"new-{scopes[0]}"}, headers=FHIR_JSON
        )
        assert answer.status_code == expected


@pytest.mark.parametrize(("letters", "expected"), [("u", 404), ("cu", 201)])
async def test_to_bring_back_what_was_deleted_is_to_create(world: World, letters: str, expected: int):
    await world.everyone.delete("/Observation/a-blood")
    again = {**observation("a"), "id": "a-blood"}
    answer = await world.of(f"user/Observation.{letters}").put("/Observation/a-blood", json=again, headers=FHIR_JSON)
    assert answer.status_code == expected


@pytest.mark.parametrize(
    ("method", "letters", "enough"),
    [("POST", "c", "cs"), ("PUT", "u", "us"), ("DELETE", "d", "ds"), ("PATCH", "ru", "rus")],
)
async def test_a_condition_needs_s_besides(world: World, method: str, letters: str, enough: str):
    headers = JSON_PATCH if method == "PATCH" else FHIR_JSON
    body = {"POST": observation("a"), "PUT": observation("a"), "PATCH": STATUS, "DELETE": None}[method]
    condition = "subject=Patient/a&code=718-7"
    more = {"If-None-Exist": condition} if method == "POST" else {}
    address = "/Observation" if method == "POST" else f"/Observation?{condition}"
    answers = [
        await world.of(f"patient/Observation.{each}").request(method, address, json=body, headers={**headers, **more})
        for each in (letters, enough)
    ]
    assert answers[0].status_code == 403
    assert answers[1].status_code < 300, answers[1].text


async def test_a_create_with_a_condition_in_its_address_needs_s_too(world: World):
    client = world.of("patient/Observation.c")
    answer = await client.post("/Observation?code=718-7", json=observation("a"), headers=FHIR_JSON)
    assert answer.status_code == 403


async def test_a_condition_does_not_see_beyond(world: World):
    client = world.of("patient/Observation.cruds")
    headers = {**FHIR_JSON, "If-None-Exist": "subject=Patient/b&code=718-7"}
    assert (await client.post("/Observation", json=observation("a"), headers=headers)).status_code == 201
    assert (await client.delete("/Observation?subject=Patient/b&code=718-7")).status_code == 204
    assert (await world.everyone.get("/Observation/b-blood")).status_code == 200


async def test_a_patch_within_reach_is_done_and_beyond_it_is_404(world: World):
    client = world.of("patient/Observation.ru")
    assert (await client.patch("/Observation/a-blood", json=STATUS, headers=JSON_PATCH)).status_code == 200
    theirs = await client.patch("/Observation/b-blood", json=STATUS, headers=JSON_PATCH)
    nothing = await client.patch("/Observation/z-blood", json=STATUS, headers=JSON_PATCH)
    assert theirs.status_code == 404
    assert theirs.text.replace("b-blood", "z-blood") == nothing.text


async def test_a_patch_moves_nothing_out_of_the_record(world: World):
    away = [{"op": "replace", "path": "/subject/reference", "value": "Patient/b"}]
    answer = await world.of("patient/Observation.ru").patch("/Observation/a-blood", json=away, headers=JSON_PATCH)
    assert answer.status_code == 403
    assert (await world.everyone.get("/Observation/a-blood")).json()["subject"]["reference"] == "Patient/a"


async def test_a_patch_needs_r_since_it_tells_what_is_there(world: World):
    answer = await world.of("patient/Observation.u").patch("/Observation/a-blood", json=STATUS, headers=JSON_PATCH)
    assert answer.status_code == 403


async def test_a_change_stays_within_the_parameters_of_the_scope(world: World):
    client = world.of("patient/Observation.ru?category=laboratory")
    other = {**observation("a", "718-7", "vital-signs"), "id": "a-blood"}
    assert (await client.put("/Observation/a-blood", json=other, headers=FHIR_JSON)).status_code == 403
    mine = {**observation("a", "718-7", "laboratory"), "id": "a-pressure"}
    assert (await client.put("/Observation/a-pressure", json=mine, headers=FHIR_JSON)).status_code == 404


REFUSED = {
    "a type without scope": asked(
        "POST", "Condition", {"resourceType": "Condition", "subject": {"reference": "Patient/a"}}
    ),
    "another record": asked("POST", "Observation", observation("b")),
    "what is there and hidden": asked("PUT", "Observation/b-blood", {**observation("a"), "id": "b-blood"}),
    "a delete beyond": asked("DELETE", "Observation/b-blood"),
    "a read beyond": asked("GET", "Observation/b-blood"),
    "a search of another type": asked("GET", "Patient?name=x"),
    "a predicate on another type": asked("GET", "Observation?subject:Patient.name=x"),
    "a condition of another type": asked("PUT", "Patient?name=x", {"resourceType": "Patient"}),
    "a conditional reference": asked(
        "POST", "Observation", {**observation("a"), "focus": [{"reference": "Patient?name=x"}]}
    ),
    "an operation": asked("GET", "Observation/b-blood/$meta"),
}


@pytest.mark.parametrize("refused", REFUSED)
async def test_one_entry_refused_refuses_them_all(world: World, refused: str):
    before = await count(world)
    entries = [asked("POST", "Observation", observation("a")), REFUSED[refused]]
    answer = await send(world.of("patient/Observation.cruds"), "transaction", *entries)
    assert answer.status_code in (403, 404), answer.text
    assert await count(world) == before


async def test_in_a_batch_each_entry_is_authorised_alone(world: World):
    mine = asked("POST", "Observation", observation("a"))
    answer = await send(world.of("patient/Observation.cruds"), "batch", mine, *REFUSED.values())
    statuses = [entry["response"]["status"][:3] for entry in answer.json()["entry"]]
    assert statuses[0] == "201"
    assert set(statuses[1:]) <= {"403", "404"}


async def test_a_transaction_within_reach_is_done(world: World):
    answer = await send(
        world.of("patient/Observation.cruds"),
        "transaction",
        asked("POST", "Observation", observation("a"), ifNoneExist="code=new"),
        asked("PUT", "Observation/a-blood", {**observation("a"), "id": "a-blood"}),
        asked("DELETE", "Observation/a-pressure"),
        asked("GET", "Observation?code=8480-6"),
    )
    assert answer.status_code == 200, answer.text


async def test_the_refusal_of_a_type_names_it_and_its_letter(world: World):
    answer = await world.of("patient/Observation.rs").post("/Observation", json=observation("a"), headers=FHIR_JSON)
    assert answer.status_code == 403
    assert "Observation.c" in issue(answer)["diagnostics"]
