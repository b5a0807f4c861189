"""The constants of the environment: %resource, %ucum, %vs-..., and those that a caller adds."""

from collections.abc import Callable, Mapping
from typing import Any

from usager_server.fhirpath.nodes import Failure, Frame, Items

_CODE_SYSTEMS: Mapping[str, str] = {
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
    "ucum": "http://unitsofmeasure.org",
}
_NODES: Mapping[str, Callable[[Frame], Any]] = {
    "context": lambda frame: frame.run.context,
    "resource": lambda frame: frame.run.resource,
    "rootResource": lambda frame: frame.run.root_resource,
}


def constant(frame: Frame, name: str) -> Items:
    """Return the value of a %constant. Errors: Failure when there is none of that name."""
    if name in _NODES:
        return [_NODES[name](frame)]
    if name in _CODE_SYSTEMS:
        return [_CODE_SYSTEMS[name]]
    variables = frame.run.environment.variables
    if name in variables:
        value = variables[name]
        return value if isinstance(value, list) else [value]
    if name.startswith("vs-"):
        return [f"http://hl7.org/fhir/ValueSet/{name.removeprefix('vs-')}"]
    if name.startswith("ext-"):
        return [f"http://hl7.org/fhir/StructureDefinition/{name.removeprefix('ext-')}"]
    raise Failure(f"there is no constant %{name}")
