"""The parts that the paths of the OpenAPI document refer to: parameters, schemas, responses."""

from collections.abc import Mapping
from typing import Any

FHIR_JSON = "application/fhir+json"
FHIR_XML = "application/fhir+xml"
JSON_PATCH = "application/json-patch+json"

Part = Mapping[str, Any]


def reference(kind: str, name: str) -> Part:
    """Return a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def parameter(name: str, where: str, description: str, schema: Part, **more: Any) -> Part:
    """Return a parameter of the query or of the headers."""
    return {"name": name, "in": where, "description": description, "schema": schema, **more}


TEXT: Part = {"type": "string"}
COUNT: Part = {"type": "integer", "minimum": 0}
ID: Part = {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"}

PARAMETERS: dict[str, Part] = {
    "id": {"name": "id", "in": "path", "required": True, "description": "The id of the resource", "schema": ID},
    "version": {
        "name": "version",
        "in": "path",
        "required": True,
        "description": "The number of a version",
        "schema": {"type": "string", "pattern": "^[0-9]{1,9}$"},
        "example": "1",
    },
    "_format": parameter("_format", "query", "json or xml, over Accept", {"type": "string", "enum": ["json", "xml"]}),
    "_pretty": parameter("_pretty", "query", "Whether to indent", {"type": "boolean"}),
    "_summary": parameter(
        "_summary", "query", "Which part of each resource", {"enum": ["true", "text", "data", "count", "false"]}
    ),
    "_elements": parameter("_elements", "query", "Elements to keep, separated by commas", TEXT),
    "_count": parameter("_count", "query", "Entries on a page", COUNT),
    "_sort": parameter("_sort", "query", "Search parameters to sort by; - before one reverses it", TEXT),
    "_total": parameter("_total", "query", "Whether to count the matches", {"enum": ["none", "estimate", "accurate"]}),
    "_include": parameter("_include", "query", "References to follow: Type:parameter[:target]", TEXT),
    "_revinclude": parameter("_revinclude", "query", "References to follow back: Type:parameter[:target]", TEXT),
    "_since": parameter("_since", "query", "Versions made at or after this instant", {"type": "string"}),
    "criteria": parameter(
        "criteria",
        "query",
        "Search parameters of the type, as GET /fhir/metadata lists them: name=value, name:modifier=value",
        {"type": "object", "additionalProperties": TEXT},
        style="form",
        explode=True,
        example={"_lastUpdated": "gt2026-01-01"},
    ),
    "If-Match": parameter("If-Match", "header", 'Change only these versions: W/"3", a list, or *', TEXT),
    "If-None-Match": parameter(
        "If-None-Match", "header", "A read: 304 when the version is still this one. A write: * only creates", TEXT
    ),
    "If-None-Exist": parameter("If-None-Exist", "header", "Create only when no resource matches this query", TEXT),
    "Prefer": parameter(
        "Prefer",
        "header",
        "What to return from a write; handling=strict refuses unknown search parameters",
        {
            "type": "string",
            "enum": [
                "return=minimal",
                "return=representation",
                "return=OperationOutcome",
                "handling=strict",
                "handling=lenient",
            ],
        },
    ),
}

SCHEMAS: dict[str, Part] = {
    "Resource": {
        "type": "object",
        "description": "Any FHIR R4 resource; the type is named by resourceType.",
        "required": ["resourceType"],
        "properties": {
            "resourceType": {"type": "string", "example": "Patient"},
            "id": ID,
            "meta": {"type": "object"},
        },
        "additionalProperties": True,
    },
    "Bundle": {
        "type": "object",
        "required": ["resourceType", "type"],
        "properties": {
            "resourceType": {"const": "Bundle"},
            "type": {"type": "string"},
            "total": COUNT,
            "link": {"type": "array", "items": {"type": "object"}},
            "entry": {"type": "array", "items": {"type": "object"}},
        },
        "additionalProperties": True,
    },
    "Parameters": {
        "type": "object",
        "required": ["resourceType"],
        "properties": {
            "resourceType": {"const": "Parameters"},
            "parameter": {"type": "array", "items": {"type": "object", "required": ["name"]}},
        },
        "additionalProperties": True,
    },
    "JSONPatch": {
        "type": "array",
        "description": "RFC 6902",
        "items": {
            "type": "object",
            "required": ["op", "path"],
            "properties": {
                "op": {"enum": ["add", "remove", "replace", "move", "copy", "test"]},
                "path": TEXT,
                "from": TEXT,
                "value": {},
            },
        },
    },
    "OperationOutcome": {
        "type": "object",
        "required": ["resourceType", "issue"],
        "properties": {
            "resourceType": {"const": "OperationOutcome"},
            "issue": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["severity", "code"],
                    "properties": {
                        "severity": {"enum": ["fatal", "error", "warning", "information"]},
                        "code": TEXT,
                        "diagnostics": TEXT,
                        "expression": {"type": "array", "items": TEXT},
                    },
                },
            },
        },
    },
}

ERRORS = {
    "400": "The request is not what FHIR says it must be",
    "401": "No valid token",
    "403": "Not allowed, or too costly",
    "404": "There is no such resource, type or operation",
    "405": "Not with this method",
    "406": "No such format can be produced",
    "409": "It contradicts what is stored",
    "410": "The resource was deleted",
    "412": "Another version is current, or a condition matches several resources",
    "413": "The body is over the limit",
    "415": "The body is in a format that this address does not read",
    "422": "The resource breaks a rule of FHIR or of a profile",
    "503": "The database does not answer; the same request may pass later",
}


def body(schema: str) -> Part:
    """Return what a FHIR body looks like in both formats."""
    return {FHIR_JSON: {"schema": reference("schemas", schema)}, FHIR_XML: {"schema": {"type": "string"}}}


RESPONSES: dict[str, Part] = {
    code: {"description": text, "content": body("OperationOutcome")} for code, text in ERRORS.items()
}
