"""StructureDefinitions in a few words, for tests."""

from collections.abc import Mapping
from typing import Any

from usager_server.definitions import Definitions
from usager_server.errors import Issue
from usager_server.validation.validator import HouseValidator

URL = "http://example.org/StructureDefinition/"
CORE = "http://hl7.org/fhir/StructureDefinition/"


def element(identifier: str, **rules: Any) -> dict[str, Any]:
    """Return an ElementDefinition: element("Patient.name:a", min=1)."""
    return {"id": identifier, "path": ".".join(part.partition(":")[0] for part in identifier.split(".")), **rules}


def profile(name: str, kind: str, *elements: Mapping[str, Any], **rest: Any) -> dict[str, Any]:
    """Return a StructureDefinition with a differential."""
    return {
        "resourceType": "StructureDefinition",
        "url": URL + name,
        "type": kind,
        "baseDefinition": CORE + kind,
        "differential": {"element": list(elements)},
        **rest,
    }


def sliced(kind: str, path: str, rules: str = "open") -> dict[str, Any]:
    """Return the slicing of an element by one discriminator."""
    return {"discriminator": [{"type": kind, "path": path}], "rules": rules}


def value_set(name: str, system: str, *codes: str) -> dict[str, Any]:
    """Return a ValueSet that lists codes."""
    concepts = [{"code": code} for code in codes]
    include = [{"system": system, **({"concept": concepts} if concepts else {})}]
    return {
        "resourceType": "ValueSet",
        "url": f"http://example.org/ValueSet/{name}",
        "compose": {"include": include},
    }


class Judge:
    """Checks resources against a few conformance resources."""

    def __init__(self, definitions: Definitions, *resources: Mapping[str, Any]) -> None:
        self.validator = HouseValidator(definitions, resources, folders=())

    def __call__(self, resource: dict[str, Any], *names: str) -> list[Issue]:
        assert self.validator.structure(resource) == []
        return list(self.validator.profiles(resource, [URL + name for name in names]))
