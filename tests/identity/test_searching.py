"""Identities found by their status, and by the INSEE code of where people were born."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.identity.people import ADRUN, migrated, of_status
from tests.served import created, make_client, make_house
from usager_server.birthplaces.code_systems import COMMUNES, COUNTRIES
from usager_server.definitions import Definitions
from usager_server.general.plugin import register_search_parameters
from usager_server.identity import words
from usager_server.identity.status import Status
from usager_server.identity.traits import traits_of, with_traits
from usager_server.offer import search_parameter
from usager_server.repository.postgres import PostgresStore
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.parameters import SearchRegistry
from usager_server.validation.validator import HouseValidator


@pytest.fixture(scope="module")
def registry(definitions: Definitions) -> SearchRegistry:
    """The search parameters of R4, and those of identities."""
    return SearchRegistry(definitions, [search_parameter(it, definitions) for it in register_search_parameters()])


@pytest.fixture(params=["2.1", "2.2"])
async def searched(
    request: Any, shared_store: PostgresStore, registry: SearchRegistry, fr_core: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A door that writes a release of FR Core, with a person of each status behind it."""
    store = PostgresStore(shared_store.connections, registry.definitions.type_numbers)
    store.searching = PostgresSearch(registry)
    house = make_house(store, registry, fr_core, identity_migrator="anonymous", fr_core_release=request.param)
    async with make_client(house, tenant) as client:
        for status in Status:
            await created(client, of(status))
        yield client


AILLEURS = {"use": "official", "family": "AILLEURS", "given": ["ZOE"]}
PLACES = {Status.provisoire: "63220", Status.recuperee: "", Status.validee: "99999", Status.qualifiee: "99109"}


def of(status: Status) -> dict[str, Any]:
    """Return a Patient of a status as it is written, called like it."""
    sent = migrated(status) if status in (Status.recuperee, Status.qualifiee) else of_status(status)
    place = PLACES[status]
    label = {"99999": "INCONNU", "": ""}.get(place, "Quelque part")
    return with_traits(sent, replace(ADRUN, birth_name=status.name, birth_place=place, birth_place_label=label))


async def found(client: httpx.AsyncClient, **query: str) -> set[str]:
    """Return the birth names of what a strict search finds."""
    answer = await client.get("/Patient", params=query, headers={"Prefer": "handling=strict"})
    assert answer.status_code == 200, answer.text
    return {traits_of(each["resource"]).birth_name for each in answer.json().get("entry", ())}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("PROV", {"provisoire"}),
        ("VALI", {"validee"}),
        ("QUAL", {"qualifiee"}),
        ("RECUP,QUAL", {"recuperee", "qualifiee"}),
        (f"{words.STATUSES_2_1}|VALI", set()),
    ],
)
async def test_identities_are_found_by_their_status_whatever_release_is_written(searched, asked, names):
    assert await found(searched, **{"identity-status": asked}) == names


async def test_a_status_with_its_system_is_that_of_fr_core_2_2(searched, request):
    expected = {"qualifiee"} if "2.2" in request.node.name else set()
    assert await found(searched, **{"identity-status": f"{words.STATUSES}|QUAL"}) == expected


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("63220", {"provisoire"}),
        (f"{COUNTRIES}|99109", {"qualifiee"}),
        (f"{COMMUNES}|99109", set()),
        ("63220,99999", {"provisoire", "validee"}),
    ],
)
async def test_identities_are_found_by_the_place_of_birth(searched, asked, names):
    assert await found(searched, **{"birthplace-insee": asked}) == names


async def test_those_without_one_are_found_too(searched):
    assert await found(searched, **{"birthplace-insee:missing": "true"}) == {"recuperee"}


async def test_a_place_that_later_builds_of_fr_core_write_elsewhere_is_found(searched):
    place = {"url": words.BIRTH_PLACE, "valueAddress": {"district": "2A004", "city": "Ajaccio"}}
    await created(searched, {**of(Status.provisoire), "name": [AILLEURS], "extension": [place]})
    assert await found(searched, **{"birthplace-insee": "2A004", "identity-status": "PROV"}) == {"AILLEURS"}


async def test_they_are_advertised_and_defined(searched):
    statement = (await searched.get("/metadata")).json()["rest"][0]["resource"]
    listed = {it["name"]: it for it in next(it for it in statement if it["type"] == "Patient")["searchParam"]}
    for resource in register_search_parameters():
        assert listed[resource["code"]]["definition"] == resource["url"]
