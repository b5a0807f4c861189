"""The whole application on a test's own database, without sockets: doors, pages, plugins and what watches them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from usager_server.app import create_app
from usager_server.settings import Settings
from usager_server.testing import client_of

EVERY_PROFILE = "pa,ph-avec-decision,dom-sans-soins,dom-soins,pde,pds,ahi,sans-certificat-ins,esclave-identite"
TOGETHER = EVERY_PROFILE.removesuffix(",esclave-identite")
"""Those that a front end can use at once: of a slave of identities it makes no record of a person."""


@asynccontextmanager
async def running_app(database_url: str, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Start the application and yield a client of it; its base is the root, so FHIR is under /fhir."""
    app = create_app(Settings(database_url=database_url, log_level="warning", **settings))
    async with client_of(app) as client:
        yield client


async def stored(client: httpx.AsyncClient, resource: dict[str, Any]) -> str:
    """Store a resource and return its reference."""
    response = await client.post(f"/fhir/{resource['resourceType']}", json=resource, headers=FHIR_JSON)
    assert response.status_code == 201, response.text
    return f"{resource['resourceType']}/{response.json()['id']}"


async def found(client: httpx.AsyncClient, query: str) -> list[str]:
    """Return the references of what a strict search finds."""
    response = await client.get(f"/fhir/{query}", headers={"Prefer": "handling=strict"})
    assert response.status_code == 200, response.text
    resources = [entry["resource"] for entry in response.json().get("entry", [])]
    return [f"{resource['resourceType']}/{resource['id']}" for resource in resources]


async def statement_of(client: httpx.AsyncClient, resource_type: str) -> dict[str, Any]:
    """Return what the CapabilityStatement says of a type."""
    rest = (await client.get("/fhir/metadata")).json()["rest"][0]
    described: dict[str, Any] = next(it for it in rest["resource"] if it["type"] == resource_type)
    return described


def values(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a Parameters resource by name; the last one when there are several."""
    return {
        each["name"]: next(value for key, value in each.items() if key.startswith("value"))
        for each in parameters.get("parameter", ())
    }


FHIR_JSON = {"Content-Type": "application/fhir+json"}
