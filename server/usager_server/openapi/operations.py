"""The paths of the $operations: from their OperationDefinitions."""

from collections.abc import Iterator, Mapping
from typing import Any

from usager_server.interactions.session import Operation
from usager_server.openapi.interactions import FORMAT, READ_ERRORS, WRITE_ERRORS, responses
from usager_server.openapi.parts import Part, body, parameter, reference

BASIC = frozenset({"boolean", "code", "date", "dateTime", "id", "instant", "integer", "positiveInt", "string", "uri"})
JSON_TYPES = {"boolean": "boolean", "integer": "integer", "positiveInt": "integer"}


def operation_paths(operations: Mapping[tuple[str | None, str], Operation]) -> dict[str, Any]:
    """Return the paths of all operations, at each level that they have."""
    return {
        path: {"parameters": within, **_methods(operation, path)}
        for (resource_type, _), operation in sorted(operations.items(), key=lambda item: (item[0][0] or "", item[0][1]))
        for path, within in _places(resource_type, operation)
    }


def _places(resource_type: str | None, operation: Operation) -> Iterator[tuple[str, list[Part]]]:
    kind = resource_type or "{type}"
    of_type = [] if resource_type else [reference("parameters", "type")]
    if operation.definition.get("system"):
        yield f"/fhir/${operation.code}", []
    if operation.definition.get("type"):
        yield f"/fhir/{kind}/${operation.code}", of_type
    if operation.definition.get("instance"):
        yield f"/fhir/{kind}/{{id}}/${operation.code}", [*of_type, reference("parameters", "id")]


def _methods(operation: Operation, path: str) -> dict[str, Any]:
    methods = {"post": _posted(operation, path)}
    if not operation.definition.get("affectsState", False):
        methods["get"] = _got(operation, path)
    return methods


def _posted(operation: Operation, path: str) -> dict[str, Any]:
    content = {**body("Parameters"), **{kind: {"schema": {"type": "string"}} for kind in operation.accepts}}
    return {
        **_described(operation, path, "post"),
        "parameters": [reference("parameters", name) for name in FORMAT],
        "requestBody": {"required": _has_required(operation), "content": content},
    }


def _got(operation: Operation, path: str) -> dict[str, Any]:
    taken = [
        parameter(
            each["name"],
            "query",
            each.get("documentation", each["name"]),
            {"type": JSON_TYPES.get(each["type"], "string")},
            required=each["min"] > 0,
        )
        for each in _given(operation)
        if each.get("type") in BASIC
    ]
    shared = [reference("parameters", name) for name in FORMAT]
    return {**_described(operation, path, "get"), "parameters": [*taken, *shared]}


def _described(operation: Operation, path: str, method: str) -> dict[str, Any]:
    level = "instance" if "{id}" in path else "type" if path.count("/") > 2 else "system"
    identifier = str(operation.definition["id"]).replace("-", "_")
    errors = {*READ_ERRORS, *WRITE_ERRORS} if method == "post" else {*READ_ERRORS, "422"}
    return {
        "operationId": f"{identifier}_{level}_{method}",
        "summary": operation.definition["description"],
        "tags": ["Operations"],
        "responses": responses({"200": "Resource"}, sorted(errors)),
    }


def _given(operation: Operation) -> list[Mapping[str, Any]]:
    return [each for each in operation.definition.get("parameter", ()) if each["use"] == "in"]


def _has_required(operation: Operation) -> bool:
    return any(each["min"] > 0 for each in _given(operation))
