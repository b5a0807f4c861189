"""Two patients and what is about each, in a tenant of the test's own; clients with the grants that they are given."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import pytest

from tests.interactions.conftest import client, house, owner, shared_database, shared_store, tenant, validator
from tests.served import FHIR_JSON, make_client
from usager_server.access.grant import Grant
from usager_server.interactions.session import House

__all__ = ["client", "house", "owner", "shared_database", "shared_store", "tenant", "validator"]

LOINC = "http://loinc.org"
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"

Clients = Callable[[Grant], httpx.AsyncClient]


class ClientOf(Protocol):
    """Makes a client of a tenant, who may do everything unless a grant says otherwise."""

    def __call__(self, tenant: int, grant: Grant | None = None) -> httpx.AsyncClient:
        """Return it."""
        ...


def observation(patient: str, code: str = "8480-6", category: str = "vital-signs", **more: Any) -> dict[str, Any]:
    """Return an Observation about a patient."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORIES, "code": category}]}],
        "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{patient}"},
        **more,
    }


def person(patient: str, family: str, **more: Any) -> dict[str, Any]:
    """Return a Patient under an id of ours."""
    return {"resourceType": "Patient", "id": patient, "name": [{"family": family}], **more}


@dataclass(frozen=True, slots=True)
class World:
    """What is stored: the client that may do everything, those of grants."""

    everyone: httpx.AsyncClient
    clients: Clients

    def of(self, scopes: str, **more: Any) -> httpx.AsyncClient:
        """Return a client of these scopes; patient/ scopes are for patient a unless said otherwise."""
        if "patient/" in scopes:
            more.setdefault("patient", "a")
        return self.clients(Grant.of(scopes, **more))

    async def put(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Store a resource under its own id."""
        address = f"/{resource['resourceType']}/{resource['id']}"
        answer = await self.everyone.put(address, json=resource, headers=FHIR_JSON)
        assert answer.status_code in (200, 201), answer.text
        stored: dict[str, Any] = answer.json()
        return stored


@pytest.fixture(scope="session")
def client_of(house: House) -> ClientOf:
    """Clients of any tenant; a function, since what hypothesis prints of a house is a book."""
    return lambda tenant, grant=None: make_client(house, tenant, grant)


@pytest.fixture
async def clients(house: House, tenant: int) -> AsyncIterator[Clients]:
    """Clients of the tenant, by grant."""
    async with AsyncExitStack() as stack:
        made: dict[Grant, httpx.AsyncClient] = {}

        def of(grant: Grant) -> httpx.AsyncClient:
            if grant not in made:
                made[grant] = make_client(house, tenant, grant)
                stack.push_async_callback(made[grant].aclose)
            return made[grant]

        yield of


@pytest.fixture
async def world(client: httpx.AsyncClient, clients: Clients) -> World:
    """Patients a and b, each with two Observations of two categories, by one Practitioner of one Organization."""
    made = World(client, clients)
    await made.put({"resourceType": "Organization", "id": "house", "name": "Les Tilleuls"})
    await made.put({"resourceType": "Practitioner", "id": "doctor", "name": [{"family": "Petit"}]})
    for patient, family in (("a", "Durand"), ("b", "Martin")):
        await made.put(person(patient, family, managingOrganization={"reference": "Organization/house"}))
        performer = [{"reference": "Practitioner/doctor"}]
        await made.put({**observation(patient, performer=performer), "id": f"{patient}-pressure"})
        await made.put({**observation(patient, "718-7", "laboratory"), "id": f"{patient}-blood"})
    return made


def found(answer: httpx.Response) -> list[str]:
    """Return the addresses of what a Bundle holds, in their order."""
    assert answer.status_code == 200, answer.text
    entries = [entry.get("resource") or {} for entry in answer.json().get("entry", [])]
    return [f"{each['resourceType']}/{each['id']}" for each in entries if "id" in each]
