"""Finding and merging persons, by those who may see a part of them only."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.access.conftest import World, observation, person
from tests.access.test_rights import episode, two_houses
from tests.served import FHIR_JSON, make_client
from usager_server.access.grant import Grant
from usager_server.interactions.session import House, Operation
from usager_server.national.insi.definitions import VERIFICATIONS
from usager_server.national.insi.verifications_operation import verifications
from usager_server.operations.match import match_operation
from usager_server.operations.merge import merge_operation
from usager_server.operations.unmerge import unmerge_operation

__all__ = ["two_houses"]

ClientOfGrant = Callable[..., httpx.AsyncClient]
HOUSE = {"structures": ["house"]}


@pytest.fixture
def of(house: House, tenant: int, two_houses: World) -> ClientOfGrant:
    """Clients who may call these operations; Patients a and b are in two houses."""
    numbers = Operation(VERIFICATIONS, verifications, needs={"Patient": "s"})
    operations: dict[tuple[str | None, str], Operation] = {(None, numbers.code): numbers}
    operations |= {("Patient", each.code): each for each in (match_operation, merge_operation, unmerge_operation)}
    served = replace(house, operations=operations)
    return lambda scopes, **more: make_client(served, tenant, Grant.of(scopes, **more))


def asked(**references: str) -> dict[str, Any]:
    """Return the parameters of $merge or $unmerge."""
    parts = [
        {"name": f"{name}-patient", "valueReference": {"reference": f"Patient/{key}"}}
        for name, key in references.items()
    ]
    return {"resourceType": "Parameters", "parameter": parts}


async def merged(client: httpx.AsyncClient, source: str, target: str) -> httpx.Response:
    """Merge one record into another."""
    return await client.post("/Patient/$merge", json=asked(source=source, target=target), headers=FHIR_JSON)


async def test_only_records_within_reach_are_found(of: ClientOfGrant, two_houses: World):
    born = {"birthDate": "1951-03-12", "name": [{"family": "KERGUÉLEN", "given": ["MAËLLE"]}]}
    for key, structure in (("k1", "house"), ("k2", "other")):
        kept = {"managingOrganization": {"reference": f"Organization/{structure}"}}
        await two_houses.put({"resourceType": "Patient", "id": key, **born, **kept})
    body = {"resourceType": "Patient", **born}
    for grant, expected in ((HOUSE, {"k1"}), ({}, {"k1", "k2"}), ({"structures": []}, set())):
        async with of("user/Patient.s", **grant) as client:
            answer = await client.post("/Patient/$match", json=body, headers=FHIR_JSON)
        assert {entry["resource"]["id"] for entry in answer.json().get("entry", ())} == expected


@pytest.mark.parametrize(("scopes", "status"), [("user/Patient.r", 403), ("patient/Patient.rs", 200)])
async def test_it_takes_the_right_to_search(of: ClientOfGrant, scopes: str, status: int):
    body = {"resourceType": "Patient", "name": [{"family": "Martin", "given": ["Jean"]}]}
    async with of(scopes, patient="a") as client:
        answer = await client.post("/Patient/$match", json=body, headers=FHIR_JSON)
    assert answer.status_code == status
    assert "entry" not in answer.json()


async def test_a_record_out_of_reach_is_neither_source_nor_target(of: ClientOfGrant):
    async with of("user/*.cruds", **HOUSE) as client:
        for source, target in (("a", "b"), ("b", "a")):
            answer = await merged(client, source, target)
            assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-found")


async def test_it_takes_the_right_to_change_both(of: ClientOfGrant):
    async with of("user/*.rs") as client:
        assert (await merged(client, "a", "b")).status_code == 403
    async with of("patient/*.cruds", patient="a") as client:
        assert (await merged(client, "a", "b")).status_code == 404


async def test_all_that_refers_to_a_record_is_turned_whatever_one_sees_of_it(of: ClientOfGrant, two_houses: World):
    await two_houses.put(person("a2", "Durand"))
    await two_houses.put(episode("a2-stay", "a2", "house"))
    await two_houses.put({**observation("a2"), "id": "a2-blood"})
    async with of("user/Patient.rus", **HOUSE) as client:
        assert (await merged(client, "a2", "a")).status_code == 200
        turned = (await two_houses.everyone.get("/Observation/a2-blood")).json()
        assert turned["subject"] == {"reference": "Patient/a"}
        back = await client.post("/Patient/a/$unmerge", json=asked(source="a2"), headers=FHIR_JSON)
        assert back.status_code == 200, back.text
    turned = (await two_houses.everyone.get("/Observation/a2-blood")).json()
    assert turned["subject"] == {"reference": "Patient/a2"}


async def test_what_may_be_changed_but_not_read_is_not_shown(of: ClientOfGrant):
    async with of("user/Patient.u user/Patient.r?gender=female") as client:
        answer = await merged(client, "a", "b")
        assert (answer.status_code, "Martin" in answer.text) == (404, False)


async def test_the_record_that_is_back_is_shown_to_who_may_read_it(of: ClientOfGrant):
    async with of("user/Patient.rus") as everybody, of("user/Patient.rus", **HOUSE) as client:
        assert (await merged(everybody, "b", "a")).status_code == 200
        back = await client.post("/Patient/a/$unmerge", json=asked(source="b"), headers=FHIR_JSON)
        assert (back.status_code, "Martin" in back.text) == (200, False)
        assert [part["name"] for part in back.json()["parameter"]] == ["outcome"]
        assert (await everybody.get("/Patient/b")).json()["name"] == [{"family": "Martin"}]


@pytest.mark.parametrize(
    ("scopes", "status"),
    [("system/Patient.rs", 200), ("system/Patient.r", 403), ("patient/Patient.rs", 403), ("user/Patient.rs", 403)],
)
async def test_numbers_about_every_patient_are_for_who_reaches_them_all(of: ClientOfGrant, scopes: str, status: int):
    async with of(scopes, patient="a", **HOUSE) as client:
        assert (await client.get("/$ins-verifications")).status_code == status
