"""What only one active record of a tenant may hold: the matricule that INSi gave."""

import asyncio
from typing import Any

import pytest

from tests.repository.drafting import now
from usager_server.errors import Conflict
from usager_server.identity.words import EVIDENCE
from usager_server.repository import Draft
from usager_server.repository.drafts import draft
from usager_server.repository.migrations.versions.v0010_held import COLUMNS
from usager_server.repository.postgres import PostgresRepository
from usager_server.repository.tables import HELD
from usager_server.search import holding
from usager_server.search.hashing import any_code
from usager_server.search.names import HELD as NAME
from usager_server.search.parameters import SearchRegistry

NIR, TEST = "urn:oid:1.2.250.1.213.1.4.8", "urn:oid:1.2.250.1.213.1.4.10"


def bearing(
    registry: SearchRegistry,
    key: str,
    value: str = "275126322074974",
    system: str = NIR,
    tenant: int = 1,
    **more: Any,
) -> Draft:
    """Return the draft of a Patient to whom INSi gave a matricule."""
    part = {"url": "matricule", "valueIdentifier": {"system": system, "value": value}}
    patient = {"resourceType": "Patient", "extension": [{"url": EVIDENCE, "extension": [part]}], **more}
    return draft(patient, key, tenant=tenant, now=now(), registry=registry, method="PUT")


def test_the_index_covers_the_tokens_of_what_is_held_and_no_others():
    first, last, *_ = any_code(1, "Patient", NAME, None)
    assert f"head >= {first} AND head <= {last}" == HELD
    assert HELD in COLUMNS


def test_it_is_written_where_the_identity_writes_it():
    assert holding.EVIDENCE == EVIDENCE


async def test_a_second_active_record_is_refused(repository: PostgresRepository, search_registry: SearchRegistry):
    await repository.create([bearing(search_registry, "one")])
    with pytest.raises(Conflict, match=r"Un autre dossier actif porte déjà ce matricule INS"):
        await repository.create([bearing(search_registry, "two")])
    assert await repository.read("Patient", "two") is None


async def test_an_update_that_would_hold_it_too_is_refused(
    repository: PostgresRepository, search_registry: SearchRegistry
):
    await repository.create([bearing(search_registry, "one"), bearing(search_registry, "two", "253072A07300443")])
    with pytest.raises(Conflict) as refusal:
        await repository.update(bearing(search_registry, "two"))
    assert refusal.value.issues[0].code == "duplicate"
    assert (await repository.update(bearing(search_registry, "one"))).stored.version == 2


@pytest.mark.parametrize("change", ["inactive", "deleted"])
async def test_a_record_that_is_no_more_lets_go_of_it(
    repository: PostgresRepository, search_registry: SearchRegistry, change: str
):
    await repository.create([bearing(search_registry, "one")])
    if change == "deleted":
        await repository.delete("Patient", "one", last_updated=now())
    else:
        await repository.update(bearing(search_registry, "one", active=False))
    await repository.create([bearing(search_registry, "two")])


async def test_matricules_of_tests_are_anybodys(repository: PostgresRepository, search_registry: SearchRegistry):
    await repository.create([bearing(search_registry, key, system=TEST) for key in ("one", "two")])


async def test_of_many_at_once_one_holds_it(repository: PostgresRepository, search_registry: SearchRegistry):
    writes = [repository.create([bearing(search_registry, f"n{number}")]) for number in range(8)]
    outcomes = await asyncio.gather(*writes, return_exceptions=True)
    assert sorted(isinstance(each, Conflict) for each in outcomes) == [False, *[True] * 7]


async def test_another_tenant_may_know_the_same_person(
    repository: PostgresRepository, other_repository: PostgresRepository, search_registry: SearchRegistry
):
    await repository.create([bearing(search_registry, "one")])
    await other_repository.create([bearing(search_registry, "one", tenant=2)])
