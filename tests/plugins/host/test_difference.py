"""What one profile switches on is there and only there: CapabilityStatement, OpenAPI, definitions, ledgers."""

from collections.abc import Callable
from functools import cache
from typing import Any

import httpx
import pytest

from usager_server.app import build_house
from usager_server.definitions import Definitions
from usager_server.interactions.capabilities import capability_statement
from usager_server.openapi import build_openapi
from usager_server.plugins import activate
from usager_server.settings import SLAVE, Settings

Offered = tuple[set[str], dict[str, Any]]

ADDED = {
    "pa": {"QuestionnaireResponse/$aggir"},
    "ahi": {"Group/$household"},
    "dom-sans-soins": {"Patient/$interventions"},
    "dom-soins": {"Patient/$interventions"},
    "pde": {"Location/$places"},
    "pds": {"Coverage?end"},
    "ph-avec-decision": {"CarePlan?created", "Task?decision", "Task?statut-esms"},
    "ph-sans-decision": {"CarePlan?created"},
    "ph-avec-decision,pde": {"CarePlan?created", "Task?decision", "Task?statut-esms", "Location/$places"},
    "sans-certificat-ins": set(),
    "esclave-identite": {"Patient/$identity-feed"},
}


@pytest.fixture(scope="module")
def offered(definitions: Definitions) -> Callable[[str], Offered]:
    """Return a function: the profiles, to the names in the CapabilityStatement and the OpenAPI document."""

    @cache
    def of(profiles: str) -> Offered:
        settings = Settings(profiles=profiles, identity_master="gam" if profiles == SLAVE else None)
        house = build_house(settings, activate(settings.profile_keys), definitions, lambda _tenant: None)  # type: ignore[arg-type, return-value]
        statement = capability_statement(house)
        return set(_names(statement)), build_openapi(house)

    return of


def _names(statement: dict[str, Any]) -> list[str]:
    types = statement["rest"][0]["resource"]
    operations = [f"{it['type']}/${one['name']}" for it in types for one in it.get("operation", ())]
    return operations + [f"{it['type']}?{one['name']}" for it in types for one in it.get("searchParam", ())]


@pytest.mark.parametrize("profiles", ADDED)
def test_a_profile_adds_to_the_capability_statement_what_it_is_for_and_nothing_else(offered, profiles):
    bare, _ = offered("")
    here, openapi = offered(profiles)
    assert here - bare == ADDED[profiles]
    assert bare <= here
    described = str(openapi["paths"].keys())
    for name in ("$aggir", "$household", "$interventions", "$places"):
        assert (name in described) == any(name in added for added in ADDED[profiles])


async def test_definitions_of_a_profile_are_served_where_it_is_on(
    client: httpx.AsyncClient, bare_client: httpx.AsyncClient
):
    for path in (
        "StructureDefinition/places-installed",
        "CodeSystem/siao-compositions",
        "OperationDefinition/group-household",
    ):
        assert (await client.get(f"/fhir/{path}")).status_code == 200
        assert (await bare_client.get(f"/fhir/{path}")).status_code == 404
