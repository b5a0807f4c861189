"""A FHIR door on a test's own database, without sockets: what the tests of `http/` and `interactions/` speak to."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from usager_server.access.grant import Grant
from usager_server.access.reach import Reaches
from usager_server.caller import Caller
from usager_server.definitions import Definitions
from usager_server.errors import Issue
from usager_server.http.routes import FHIRDoor
from usager_server.interactions.dispatch import INTERACTIONS
from usager_server.interactions.links import Links
from usager_server.interactions.session import House, Operation
from usager_server.repository.postgres import PostgresStore
from usager_server.search.parameters import SearchRegistry
from usager_server.settings import Settings
from usager_server.terminology import Library
from usager_server.validation.limits import CHECK_SECONDS
from usager_server.validation.structure import Structure


class StructureOnly:
    """A validator without profiles."""

    def __init__(self, definitions: Definitions) -> None:
        self._structure = Structure(definitions)

    def structure(
        self, resource: dict[str, Any], expected_type: str | None = None, *, seconds: float = CHECK_SECONDS
    ) -> Sequence[Issue]:
        """Return what breaks R4."""
        return self._structure.check(resource, expected_type, seconds)

    def profiles(
        self, resource: dict[str, Any], profiles: Sequence[str] = (), *, seconds: float = CHECK_SECONDS
    ) -> Sequence[Issue]:
        """Return nothing."""
        return ()


def make_house(
    store: PostgresStore,
    registry: SearchRegistry,
    validator: Any,
    operations: Sequence[Operation] = (),
    resources: Sequence[Mapping[str, Any]] = (),
    **settings: Any,
) -> House:
    """Return a house on a test's store."""
    return House(
        settings=Settings(**settings),
        definitions=registry.definitions,
        registry=registry,
        validator=validator,
        repository=store.repository,
        interactions=INTERACTIONS,
        links=Links(registry.definitions),
        reaches=Reaches(registry),
        library=Library(registry.definitions, resources),
        operations={(name, each.code): each for each in operations for name in _types(each)},
    )


def _types(operation: Operation) -> Sequence[str | None]:
    types = operation.definition.get("resource") or [None]
    return [None if name == "Resource" else name for name in types]


class OneTenant:
    """A context in which everyone calls for one tenant."""

    def __init__(self, tenant: int, grant: Grant | None = None) -> None:
        self.tenant = tenant
        self.grant = grant or Grant.everything()

    async def caller(self, headers: Mapping[bytes, bytes], request_id: str) -> Caller:
        """Return nobody in particular."""
        return Caller(self.tenant, "anonymous", request_id, self.grant)


def make_client(house: House, tenant: int = 1, grant: Grant | None = None) -> httpx.AsyncClient:
    """Return a client of the FHIR door of a house, who may do everything unless a grant says otherwise."""
    transport = httpx.ASGITransport(app=FHIRDoor(house, OneTenant(tenant, grant)), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://test.example/fhir", headers={"Accept-Encoding": ""})


FHIR_JSON = {"Content-Type": "application/fhir+json"}
PATIENT: dict[str, Any] = {"resourceType": "Patient", "name": [{"family": "Durand"}], "birthDate": "1950-03-02"}


async def created(client: httpx.AsyncClient, resource: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a resource that the server has just made."""
    resource = resource or PATIENT
    response = await client.post(f"/{resource['resourceType']}", json=resource, headers=FHIR_JSON)
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


def issue(response: httpx.Response) -> dict[str, Any]:
    """Return the first issue of an OperationOutcome."""
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    first: dict[str, Any] = outcome["issue"][0]
    return first
