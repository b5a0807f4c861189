"""Builds the OperationDefinition that stands above a handler, without its repetitions."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_server.canonicals import canonical

LEVELS = ("system", "type", "instance")


def operation_definition(
    code: str,
    description: str,
    *,
    levels: Sequence[str],
    resource: Sequence[str] = (),
    affects_state: bool = False,
    parameters: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return an OperationDefinition. Shape: levels are among system, type, instance; parameters made by `parameter`."""
    identifier = "-".join([*resource[:1], code]).lower()
    definition: dict[str, Any] = {
        "resourceType": "OperationDefinition",
        "id": identifier,
        "url": canonical("OperationDefinition", identifier),
        "name": "".join(word.capitalize() for word in identifier.split("-")),
        "status": "active",
        "kind": "operation",
        "description": description,
        "affectsState": affects_state,
        "code": code,
    }
    if resource:
        definition["resource"] = list(resource)
    definition |= {level: level in levels for level in LEVELS}
    definition["parameter"] = list(parameters)
    return definition


def parameter(
    name: str, kind: str, documentation: str, *, use: str = "in", least: int = 0, most: str = "1"
) -> dict[str, Any]:
    """Return one parameter of an OperationDefinition; kind is its FHIR type."""
    return {"name": name, "use": use, "min": least, "max": most, "documentation": documentation, "type": kind}
