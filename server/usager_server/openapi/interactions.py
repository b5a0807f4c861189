"""The paths of the FHIR interactions: from the table of addresses, with what each takes and answers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from usager_server.interactions import routing
from usager_server.interactions.dispatch import INTERACTIONS
from usager_server.openapi.parts import FHIR_JSON, JSON_PATCH, Part, body, reference

FORMAT = ("_format", "_pretty")
SUBSET = ("_summary", "_elements")
SEARCH = (*FORMAT, *SUBSET, "_count", "_sort", "_total", "_include", "_revinclude", "criteria", "Prefer")
HISTORY = (*FORMAT, "_count", "_since")
WRITE_ERRORS = ("400", "401", "403", "406", "409", "412", "413", "415", "422", "503")
READ_ERRORS = ("400", "401", "403", "404", "406", "503")


@dataclass(frozen=True, slots=True)
class Shape:
    """What an interaction takes and gives.

    Shape   body: content types of the request with their schemas; answers: status -> schema of the body or None;
            example names a file of the folder `examples`.
    """

    parameters: Sequence[str]
    answers: Mapping[str, str | None]
    errors: Sequence[str]
    body: Part | None = None
    example: str | None = None


RESOURCE = body("Resource")
PATCH = {JSON_PATCH: {"schema": reference("schemas", "JSONPatch")}, **body("Parameters")}
FORM = {
    "application/x-www-form-urlencoded": {"schema": {"type": "object", "additionalProperties": {"type": "string"}}},
}

SHAPES: Mapping[str, Shape] = {
    "read": Shape((*FORMAT, *SUBSET, "If-None-Match"), {"200": "Resource", "304": None}, (*READ_ERRORS, "410")),
    "vread": Shape((*FORMAT, *SUBSET), {"200": "Resource"}, (*READ_ERRORS, "410")),
    "update": Shape(
        (*FORMAT, "If-Match", "If-None-Match", "Prefer"),
        {"200": "Resource", "201": "Resource"},
        WRITE_ERRORS,
        RESOURCE,
        "patient-1.json",
    ),
    "patch": Shape(
        (*FORMAT, "If-Match", "Prefer"), {"200": "Resource"}, (*WRITE_ERRORS, "404", "410"), PATCH, "patch.json"
    ),
    "delete": Shape((*FORMAT, "If-Match"), {"200": "OperationOutcome", "204": None}, (*WRITE_ERRORS, "404")),
    "history_instance": Shape(HISTORY, {"200": "Bundle"}, READ_ERRORS),
    "create": Shape(
        (*FORMAT, "If-None-Exist", "Prefer"),
        {"200": "Resource", "201": "Resource"},
        (*WRITE_ERRORS, "404"),
        RESOURCE,
        "patient.json",
    ),
    "search_type": Shape(SEARCH, {"200": "Bundle"}, READ_ERRORS),
    "history_type": Shape(HISTORY, {"200": "Bundle"}, READ_ERRORS),
    "conditional_update": Shape(
        ("criteria", *FORMAT, "If-Match", "If-None-Match", "Prefer"),
        {"200": "Resource", "201": "Resource"},
        WRITE_ERRORS,
        RESOURCE,
        "patient.json",
    ),
    "conditional_patch": Shape(
        ("criteria", *FORMAT, "If-Match", "Prefer"), {"200": "Resource"}, (*WRITE_ERRORS, "404"), PATCH, "patch.json"
    ),
    "conditional_delete": Shape(
        ("criteria", *FORMAT, "If-Match"), {"200": "OperationOutcome", "204": None}, (*WRITE_ERRORS, "404")
    ),
    "search_compartment": Shape(SEARCH, {"200": "Bundle"}, READ_ERRORS),
    "search_system": Shape(SEARCH, {"200": "Bundle"}, READ_ERRORS),
    "history_system": Shape(HISTORY, {"200": "Bundle"}, READ_ERRORS),
    "capabilities": Shape((*FORMAT,), {"200": "Resource"}, ("400", "406")),
    "bundle": Shape((*FORMAT, "Prefer"), {"200": "Bundle"}, (*WRITE_ERRORS, "404"), body("Bundle"), "transaction.json"),
}

# Where each table of addresses stands: (path, table, tag, parameters of the path).
PLACES: Sequence[tuple[str, routing.Methods, str, Sequence[str]]] = (
    ("/fhir", routing.SYSTEM, "System", ()),
    ("/fhir/metadata", routing.METADATA, "System", ()),
    ("/fhir/_search", routing.SYSTEM_SEARCH, "System", ()),
    ("/fhir/_history", routing.SYSTEM_HISTORY, "System", ()),
    ("/fhir/{type}", routing.TYPE, "Type", ("type",)),
    ("/fhir/{type}/_search", routing.TYPE_SEARCH, "Type", ("type",)),
    ("/fhir/{type}/_history", routing.TYPE_HISTORY, "Type", ("type",)),
    ("/fhir/{type}/{id}", routing.INSTANCE, "Instance", ("type", "id")),
    ("/fhir/{type}/{id}/_history", routing.INSTANCE_HISTORY, "Instance", ("type", "id")),
    ("/fhir/{type}/{id}/_history/{version}", routing.VERSION, "Instance", ("type", "id", "version")),
    ("/fhir/{compartment}/{id}/{member}", routing.COMPARTMENT, "Instance", ("compartment", "id", "member")),
    (
        "/fhir/{compartment}/{id}/{member}/_search",
        routing.COMPARTMENT_SEARCH,
        "Instance",
        ("compartment", "id", "member"),
    ),
)


def interaction_paths() -> dict[str, Any]:
    """Return the paths of all interactions."""
    return {
        path: {
            "parameters": [reference("parameters", each) for each in within],
            **{method.lower(): _described(method, path, name, tag) for method, name in table.items()},
        }
        for path, table, tag, within in PLACES
    }


def responses(answers: Mapping[str, str | None], errors: Sequence[str]) -> dict[str, Any]:
    """Return the responses of a path: successes with their schemas, the rest with an OperationOutcome."""
    good = {
        status: {"description": STATUS[status]} | ({"content": body(schema)} if schema else {})
        for status, schema in answers.items()
    }
    return good | {status: reference("responses", status) for status in sorted(set(errors))}


STATUS = {"200": "Done", "201": "Created", "204": "Done; there is nothing to show", "304": "Not changed"}


def _described(method: str, path: str, name: routing.Name, tag: str) -> dict[str, Any]:
    shape = SHAPES[name]
    named_search = path.endswith("/_search")
    posted_search = named_search and method == "POST"
    described: dict[str, Any] = {
        "operationId": f"{name}_{method.lower()}" if named_search else name,
        "summary": _first_sentence(INTERACTIONS[name].__doc__ or name),
        "tags": [tag],
        "parameters": [reference("parameters", each) for each in shape.parameters],
        "responses": responses(shape.answers, shape.errors),
    }
    if posted_search:
        described["requestBody"] = {"required": True, "content": FORM}
    elif shape.body is not None:
        described["requestBody"] = {"required": True, "content": _with_example(shape)}
    return described


def _first_sentence(text: str) -> str:
    return text.strip().splitlines()[0].partition(" Errors: ")[0].partition(" Source: ")[0].replace("`", "")


def _with_example(shape: Shape) -> dict[str, Any]:
    content = {kind: dict(part) for kind, part in (shape.body or {}).items()}
    if shape.example is not None:
        content[JSON_PATCH if JSON_PATCH in content else FHIR_JSON]["example"] = example(shape.example)
    return content


@cache
def example(name: str) -> Any:
    """Return an example body."""
    return json.loads(files("usager_server.openapi").joinpath("examples", name).read_text(encoding="utf-8"))
