"""Identities that another software keeps: what it says is so, and nobody else changes it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.identity.people import ADRUN, MATRICULE, OTHER
from tests.served import FHIR_JSON, created, issue, make_client, make_house
from usager_server.identity import words
from usager_server.identity.matricule import identifier_of, identifiers_of, matricule_of
from usager_server.identity.parts import with_extension
from usager_server.identity.status import Status, status_of
from usager_server.identity.traits import traits_of, with_traits
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.validation.validator import HouseValidator

P, V, Q = Status.provisoire, Status.validee, Status.qualifiee
INS = [identifier_of(MATRICULE, "official")]


@pytest.fixture
async def keeper(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """The software that keeps the identities."""
    house = make_house(shared_store, search_registry, fr_core, identity_master="anonymous")
    async with make_client(house, tenant) as client:
        yield client


@pytest.fixture
async def other(
    shared_store: PostgresStore, search_registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A front end of the same server."""
    house = make_house(shared_store, search_registry, fr_core, identity_master="keeper")
    async with make_client(house, tenant) as client:
        yield client


def said(code: str, identifiers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return an identity as a flow says it, in the codes of FR Core 2.1."""
    status = {"url": "identityStatus", "valueCoding": {"system": words.STATUSES_2_1, "code": code}}
    made = with_traits({"resourceType": "Patient", "meta": {"profile": [words.PATIENT]}}, ADRUN)
    made = with_extension(made, words.RELIABILITY, {"extension": [status]})
    return made | {"identifier": [*identifiers, {"system": "urn:local", "value": "R1"}]}


@pytest.mark.requirement("INS/va1.64")
@pytest.mark.parametrize(
    ("code", "identifiers", "status"), [("PROV", [], P), ("VALI", [], V), ("VALI", INS, Q), ("PROV", INS, P)]
)
async def test_a_status_follows_from_what_the_keeper_says(keeper, code, identifiers, status):
    patient = await created(keeper, said(code, identifiers))
    assert status_of(patient) is status
    assert matricule_of(patient) == (MATRICULE if status is Q else None)
    assert len(identifiers_of(patient)) == (status is Q)


@pytest.mark.requirement("INS/va1.64")
async def test_an_ins_that_the_keeper_takes_back_becomes_old(keeper):
    patient = await created(keeper, said("VALI", INS))
    sent = said("VALI", []) | {"id": patient["id"]}
    made = (await keeper.put(f"/Patient/{patient['id']}", json=sent, headers=FHIR_JSON)).json()
    assert status_of(made) is V
    assert [(each["use"], "end" in each["period"]) for each in identifiers_of(made)] == [("old", True)]
    again = said("VALI", INS) | {"id": patient["id"]}
    assert status_of((await keeper.put(f"/Patient/{patient['id']}", json=again, headers=FHIR_JSON)).json()) is Q


@pytest.mark.requirement("INS/va1.64")
async def test_nobody_else_changes_an_identity(keeper, other):
    patient = await created(keeper, said("VALI", INS))
    address = f"/Patient/{patient['id']}"
    for traits in (OTHER, replace(ADRUN, birth_date="1975-12-30")):
        answer = await other.put(address, json=with_traits(patient, traits), headers=FHIR_JSON)
        assert answer.status_code == 422
    answer = await other.put(address, json=with_traits(patient, replace(ADRUN, used_name="M")), headers=FHIR_JSON)
    assert (answer.status_code, traits_of(answer.json()).used_name) == (200, "M")
    made = await other.post("/Patient", json=said("PROV", []), headers=FHIR_JSON)
    assert (made.status_code, "autre logiciel" in issue(made)["diagnostics"]) == (422, True)
