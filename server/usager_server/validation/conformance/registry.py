"""The conformance resources at hand: profiles by canonical, value sets as codes."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from usager_server.definitions import Definitions
from usager_server.errors import Invalid
from usager_server.jsontext import parse_json

CORE = "http://hl7.org/fhir/StructureDefinition/"

Codes = Mapping[str, frozenset[str] | None]
"""The content of a value set: system -> its codes, None when any code of the system is a member."""

Resource = Mapping[str, Any]


def read_folder(folder: Path) -> list[Resource]:
    """Return the conformance resources in the JSON files of a folder and those below it, by path."""
    return [_read(path) for path in sorted(folder.rglob("*.json"))]


def _read(path: Path) -> Resource:
    try:
        resource = parse_json(path.read_bytes())
    except Invalid as error:
        raise Invalid(f"{path}: {error}") from error
    if not isinstance(resource, dict) or "resourceType" not in resource:
        raise Invalid(f"{path} holds no resource")
    return resource


class Conformance:
    """Finds a conformance resource by its canonical, with or without version.

    Order   of two resources with one canonical, the last given wins: a plugin may replace what the server brings.
    """

    def __init__(self, definitions: Definitions, resources: Iterable[Resource]) -> None:
        self._definitions = definitions
        self._resources: dict[tuple[str, str], Resource] = {
            (resource["resourceType"], resource["url"]): resource for resource in resources if "url" in resource
        }
        self._codes: dict[str, Codes | None] = {}
        self.extensions: frozenset[str] = frozenset(
            url
            for (kind, url), resource in self._resources.items()
            if kind == "StructureDefinition" and resource.get("type") == "Extension"
        )

    def profile(self, canonical: str) -> Resource | None:
        """Return a StructureDefinition, or None when it is not installed."""
        return self._resources.get(("StructureDefinition", canonical.partition("|")[0]))

    @property
    def resources(self) -> list[Resource]:
        """Return everything installed, one resource a canonical."""
        return list(self._resources.values())

    @property
    def profiles(self) -> list[str]:
        """Return the canonicals of the installed profiles and extensions."""
        return [url for kind, url in self._resources if kind == "StructureDefinition"]

    def target_type(self, canonical: str) -> str | None:
        """Return the type that a target profile is about, None when the profile is not installed."""
        canonical = canonical.partition("|")[0]
        if canonical.startswith(CORE) and canonical.removeprefix(CORE) in self._definitions.types:
            return canonical.removeprefix(CORE)
        profile = self.profile(canonical)
        return str(profile["type"]) if profile else None

    def codes(self, canonical: str) -> Codes | None:
        """Return the content of a value set, None when it is not known or cannot be listed."""
        canonical = canonical.partition("|")[0]
        if canonical not in self._codes:
            self._codes[canonical] = None  # a value set that includes itself ends here
            self._codes[canonical] = self._expand(canonical)
        return self._codes[canonical]

    def _expand(self, canonical: str) -> Codes | None:
        value_set = self._resources.get(("ValueSet", canonical))
        if value_set is None:
            return self._definitions.value_sets.get(canonical)
        compose = value_set.get("compose", {})
        if "exclude" in compose or not compose.get("include"):
            return None
        codes: dict[str, frozenset[str] | None] = {}
        for include in compose["include"]:
            included = self._include(include)
            if included is None:
                return None
            for system, each in included.items():
                known = codes.get(system, frozenset())
                codes[system] = None if each is None or known is None else known | each
        return codes

    def _include(self, include: Mapping[str, Any]) -> Codes | None:
        if "filter" in include or ("valueSet" in include and "system" in include):
            return None
        if "valueSet" in include:
            sets = [self.codes(canonical) for canonical in include["valueSet"]]
            return sets[0] if len(sets) == 1 else None
        system = include["system"]
        if "concept" in include:
            return {system: frozenset(concept["code"] for concept in include["concept"])}
        return {system: self._system(system)}

    def _system(self, url: str) -> frozenset[str] | None:
        system = self._resources.get(("CodeSystem", url))
        if system is not None and system.get("content") == "complete":
            return frozenset(_listed(system.get("concept", ())))
        known = self._definitions.code_systems.get(url)
        return frozenset(known) if known else None


def _listed(concepts: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    for concept in concepts:
        yield concept["code"]
        yield from _listed(concept.get("concept", ()))
