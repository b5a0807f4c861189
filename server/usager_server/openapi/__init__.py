"""The OpenAPI document, made from the dispatch table and the operations: what it lists is what the door takes."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from usager_server import __version__
from usager_server.interactions.session import House
from usager_server.openapi.interactions import interaction_paths
from usager_server.openapi.oauth import PATHS
from usager_server.openapi.operations import operation_paths
from usager_server.openapi.pages import PAGES
from usager_server.openapi.parts import PARAMETERS, RESPONSES, SCHEMAS
from usager_server.openapi.signing_in import SECURITY, sign_in_paths

TAGS = {
    "Instance": "One resource: read it, change it, look at its versions.",
    "Type": "All the resources of a type: create, search, change by a condition.",
    "System": "The whole server: capabilities, batch and transaction, search and history across types.",
    "Operations": "What FHIR calls $operations: each has its OperationDefinition.",
    "Authorization": "Who may do what, under USAGER_AUTH=smart: SMART App Launch 2.2, OAuth 2.",
    "Server": "What supervisors and tools ask; not FHIR.",
}

DESCRIPTION = """FHIR R4 (4.0.1) under `/fhir`: one document for all resource types, since every type answers alike.

Which search parameters a type has is said by `GET /fhir/metadata`. Errors are OperationOutcomes that say what was
wrong, what would be right, and where (a FHIRPath expression). Every answer carries `X-Request-Id`."""


def build_openapi(house: House) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of a house."""
    types = sorted(house.definitions.resource_types)
    compartments = sorted(house.definitions.compartments)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Usager",
            "version": __version__,
            "summary": "An open FHIR R4 server for the dossier usager informatisé",
            "description": DESCRIPTION,
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": {
            **interaction_paths(),
            **operation_paths(house.operations),
            **PAGES,
            **_authorization(house),
            **_sign_in(house),
        },
        "components": {
            "parameters": {**PARAMETERS, **_path_parameters(types, compartments)},
            "responses": RESPONSES,
            "schemas": SCHEMAS,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, **SECURITY},
        },
        "security": [] if house.settings.auth == "off" else [{"bearer": []}],
    }


def examples() -> Mapping[str, bytes]:
    """Return the example bodies, by the name of their file: what the document shows, ready for curl."""
    folder = files(__name__).joinpath("examples")
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir(), key=lambda path: path.name)}


def _authorization(house: House) -> Mapping[str, Any]:
    return PATHS if house.settings.auth == "smart" else {}


def _sign_in(house: House) -> Mapping[str, Any]:
    return {} if house.settings.auth == "off" else sign_in_paths()


def _path_parameters(types: list[str], compartments: list[str]) -> dict[str, Any]:
    return {
        "type": _in_path("type", "A resource type of FHIR R4", {"type": "string", "enum": types}, "Patient"),
        "member": _in_path(
            "member", "The type searched in the compartment", {"type": "string", "enum": [*types, "*"]}, "*"
        ),
        "compartment": _in_path("compartment", "The compartment", {"type": "string", "enum": compartments}, "Patient"),
    }


def _in_path(name: str, description: str, schema: Mapping[str, Any], example: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }
