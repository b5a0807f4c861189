"""Deny by default: every interaction of the table of addresses and every operation says what it needs."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import httpx
import pytest

from tests.access.conftest import World, found
from tests.served import FHIR_JSON, issue, make_client
from usager_server.access.grant import Grant
from usager_server.access.scopes import LETTERS
from usager_server.app import build_house, no_store
from usager_server.definitions import Definitions
from usager_server.interactions.dispatch import INTERACTIONS
from usager_server.interactions.gate import RULES
from usager_server.interactions.routing import Name
from usager_server.interactions.session import House, Operation, OperationRequest, Reply, Session
from usager_server.operations.definition import operation_definition
from usager_server.operations.everything import everything
from usager_server.operations.expand import expand
from usager_server.operations.meta import meta, meta_add
from usager_server.plugins import activate
from usager_server.settings import Settings

EVERY_PROFILE = ["pa", "ph-avec-decision", "dom-soins", "pde", "pds", "ahi"]
SYSTOLIC = {"system": "urn:labels", "code": "mine"}


def test_every_interaction_of_the_routing_table_has_a_rule():
    assert set(RULES) == set(INTERACTIONS) == set(get_args(Name))


def test_every_operation_of_the_server_and_of_the_plugins_says_what_it_needs(definitions: Definitions):
    house = build_house(Settings(), activate(EVERY_PROFILE), definitions, no_store)
    silent = [name for name, operation in house.operations.items() if operation.needs is None]
    assert house.operations
    assert silent == []
    for operation in house.operations.values():
        for kind, letters in (operation.needs or {}).items():
            assert kind == "" or kind in definitions.resource_types
            assert letters and set(letters) <= set(LETTERS)
            assert kind or not operation.definition.get("system"), "at the level of the system there is no type"


CALLS: Sequence[tuple[Name, str, str]] = [
    ("search_system", "GET", "/"),
    ("history_system", "GET", "/_history"),
    ("search_type", "GET", "/Observation"),
    ("search_type", "POST", "/Observation/_search"),
    ("history_type", "GET", "/Observation/_history"),
    ("create", "POST", "/Observation"),
    ("conditional_update", "PUT", "/Observation?code=1"),
    ("conditional_patch", "PATCH", "/Observation?code=1"),
    ("conditional_delete", "DELETE", "/Observation?code=1"),
    ("read", "GET", "/Observation/a-blood"),
    ("update", "PUT", "/Observation/a-blood"),
    ("patch", "PATCH", "/Observation/a-blood"),
    ("delete", "DELETE", "/Observation/a-blood"),
    ("vread", "GET", "/Observation/a-blood/_history/1"),
    ("history_instance", "GET", "/Observation/a-blood/_history"),
    ("search_compartment", "GET", "/Patient/a/Observation"),
    ("search_compartment", "GET", "/Patient/a/*"),
]


@pytest.mark.parametrize(("name", "method", "address"), CALLS)
async def test_a_grant_of_another_type_is_refused_everywhere(world: World, name: Name, method: str, address: str):
    answer = await world.of("user/Condition.cruds").request(method, address, json={}, headers=FHIR_JSON)
    assert answer.status_code == 403, name


def test_all_that_is_asked_of_a_type_or_of_the_system_was_tried():
    entry_by_entry = {"bundle", "operation", "operation_by_get", "capabilities"}
    assert {name for name, _, _ in CALLS} | entry_by_entry == set(get_args(Name))


async def test_an_interaction_without_a_rule_is_refused(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(RULES, "read")  # type: ignore[arg-type]
    answer = await world.of("user/*.cruds").get("/Observation/a-blood")
    assert answer.status_code == 403 and "read" in issue(answer)["diagnostics"]
    assert (await world.everyone.get("/Observation/a-blood")).status_code == 200


async def test_what_the_server_can_do_is_told_to_anyone(world: World):
    assert (await world.clients(Grant()).get("/metadata")).status_code == 200


async def _done(_session: Session, _request: OperationRequest) -> Reply:
    return Reply(resource={"resourceType": "Parameters"})


def operations(*made: Operation) -> dict[tuple[str | None, str], Operation]:
    """Return operations as a house has them."""
    return {(None, each.code): each for each in made}


def one(code: str, needs: dict[str, str] | None) -> Operation:
    """Return an operation that does nothing, on every level."""
    levels = ["system", "type", "instance"]
    return Operation(operation_definition(code, "Nothing.", levels=levels, resource=["Resource"]), _done, needs=needs)


async def called(house: House, tenant: int, grant: Grant, address: str) -> httpx.Response:
    """Call an operation of a house that has some."""
    house = replace(house, operations=operations(one("silent", None), one("free", {}), one("typed", {"": "r"})))
    async with make_client(house, tenant, grant) as client:
        return await client.post(address, json={"resourceType": "Parameters"}, headers=FHIR_JSON)


@pytest.mark.parametrize(
    ("address", "scopes", "expected"),
    [
        ("/$silent", "user/*.cruds", 403),
        ("/$free", "user/Condition.r", 200),
        ("/Patient/$typed", "user/Patient.r", 200),
        ("/Patient/$typed", "user/Condition.r", 403),
        ("/$typed", "user/*.cruds", 403),
    ],
)
async def test_an_operation_is_called_with_the_scopes_that_it_says(
    house: House, tenant: int, address: str, scopes: str, expected: int
):
    assert (await called(house, tenant, Grant.of(scopes), address)).status_code == expected


async def test_a_silent_operation_is_there_for_who_has_no_limit(house: House, tenant: int):
    assert (await called(house, tenant, Grant.everything(), "/$silent")).status_code == 200


@pytest.fixture
def with_operations(house: House) -> House:
    """The house with operations that look at what is stored."""
    named = {("Patient", "everything"): everything, ("ValueSet", "expand"): expand}
    return replace(house, operations={**named, **operations(meta, meta_add)})


async def everything_of(house: House, tenant: int, scopes: str, address: str, **more: Any) -> httpx.Response:
    """Return the answer of an operation to a client of patient a."""
    async with make_client(house, tenant, Grant.of(scopes, patient="a", **more)) as client:
        return await client.get(address)


async def test_everything_is_what_the_scopes_reach(world: World, with_operations: House, tenant: int):
    scopes = "patient/Patient.r patient/Observation.rs?category=laboratory"
    answer = await everything_of(with_operations, tenant, scopes, "/Patient/a/$everything")
    assert found(answer) == ["Patient/a", "Observation/a-blood"]
    assert (await everything_of(with_operations, tenant, scopes, "/Patient/b/$everything")).status_code == 404
    named = await everything_of(with_operations, tenant, scopes, "/Patient/a/$everything?_type=Condition")
    assert named.status_code == 403


async def test_everything_brings_the_shared_resources_that_may_be_read(
    world: World, with_operations: House, tenant: int
):
    answer = await everything_of(with_operations, tenant, "patient/*.rs", "/Patient/a/$everything")
    assert set(found(answer)) == {
        "Patient/a", "Observation/a-blood", "Observation/a-pressure", "Practitioner/doctor", "Organization/house",
    }  # fmt: skip


async def test_the_labels_of_what_is_out_of_reach_are_not_told(world: World, with_operations: House, tenant: int):
    for name, expected in (("a-blood", 200), ("b-blood", 404)):
        answer = await everything_of(with_operations, tenant, "patient/*.rs", f"/Observation/{name}/$meta")
        assert answer.status_code == expected


async def test_a_label_cannot_take_a_resource_out_of_a_scope(world: World, with_operations: House, tenant: int):
    labelled = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [SYSTOLIC]}}]}
    for scopes, expected in (("patient/Observation.r", 403), ("patient/Observation.ru", 200)):
        async with make_client(with_operations, tenant, Grant.of(scopes, patient="a")) as client:
            answer = await client.post("/Observation/a-blood/$meta-add", json=labelled, headers=FHIR_JSON)
            assert answer.status_code == expected
            theirs = await client.post("/Observation/b-blood/$meta-add", json=labelled, headers=FHIR_JSON)
            assert theirs.status_code == (403 if expected == 403 else 404)


async def test_what_words_mean_is_told_whatever_the_scopes(world: World, with_operations: House, tenant: int):
    url = "urn:uuid:2f0f4e0e-9d0f-4c83-9a2e-3b1f3c5b6a10"
    compose = {"include": [{"system": "urn:labels", "concept": [{"code": "mine"}]}]}
    await world.put({"resourceType": "ValueSet", "id": "v", "url": url, "status": "active", "compose": compose})
    answer = await everything_of(with_operations, tenant, "patient/Observation.r", f"/ValueSet/$expand?url={url}")
    assert answer.status_code == 200, answer.text
