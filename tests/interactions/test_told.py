"""What a write tells, beside what it did, to who asks for an OperationOutcome: warnings, which refuse nothing."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.served import FHIR_JSON, created, make_client, make_house
from usager_server.definitions import Definitions
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.validation.validator import HouseValidator

OUTCOME = {**FHIR_JSON, "Prefer": "return=OperationOutcome"}
ELSEWHERE = "https://elsewhere.example/StructureDefinition/location"
CLAIMING = {"resourceType": "Location", "meta": {"profile": [ELSEWHERE]}, "name": "Accueil"}


@pytest.fixture(scope="module")
def profiles(definitions: Definitions) -> HouseValidator:
    """A validator with the profiles of the house."""
    return HouseValidator(definitions)


@pytest.fixture
async def warned(
    shared_store: PostgresStore, search_registry: SearchRegistry, profiles: HouseValidator, tenant: int
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a house that checks profiles."""
    async with make_client(make_house(shared_store, search_registry, profiles), tenant) as client:
        yield client


async def written(client: httpx.AsyncClient, way: str) -> list[dict[str, Any]]:
    """Return the issues that a write of a resource is answered with, which claims a profile that is not here."""
    match way:
        case "create":
            answer = await client.post("/Location", json=CLAIMING, headers=OUTCOME)
        case "update":
            answer = await client.put("/Location/a", json={**CLAIMING, "id": "a"}, headers=OUTCOME)
        case "conditional":
            answer = await client.put("/Location?name=Accueil", json=CLAIMING, headers=OUTCOME)
        case "patch":
            known = await created(client, {"resourceType": "Location", "name": "Accueil"})
            headers = {**OUTCOME, "Content-Type": "application/merge-patch+json"}
            answer = await client.patch(
                f"/Location/{known['id']}", json={"meta": {**known["meta"], **CLAIMING["meta"]}}, headers=headers
            )
        case _:
            entry = {"resource": CLAIMING, "request": {"method": "POST", "url": "Location"}}
            bundle = {"resourceType": "Bundle", "type": way, "entry": [entry]}
            answer = await client.post("", json=bundle, headers=OUTCOME)
            inside: list[dict[str, Any]] = answer.json()["entry"][0]["response"]["outcome"]["issue"]
            return inside
    found: list[dict[str, Any]] = answer.json()["issue"]
    return found


@pytest.mark.parametrize("way", ["create", "update", "conditional", "patch", "batch", "transaction"])
async def test_a_profile_that_is_not_here_is_told(warned, way):
    done, warning = await written(warned, way)
    assert (done["severity"], warning["severity"], warning["code"]) == ("information", "warning", "not-found")
    assert ELSEWHERE in warning["diagnostics"]


async def test_no_other_answer_tells_of_it(warned):
    assert (await created(warned, CLAIMING))["resourceType"] == "Location"
