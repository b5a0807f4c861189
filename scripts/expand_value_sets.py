"""List the codes of FHIR value sets from their definitions, as far as that needs no terminology server."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Codes = dict[str, set[str]]


class NotListableError(Exception):
    """The value set is infinite, needs codes that are not published with FHIR, or filters in a way unknown here."""


def code_tree(code_system: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the parents of each code, the nesting one first, in the order of the code system."""
    parents: dict[str, list[str]] = {}
    for concept, nesting in walk(code_system.get("concept", ()), None):
        known = parents.setdefault(concept["code"], [])
        named = [
            str(value)
            for item in concept.get("property", ())
            if item["code"] in ("subsumedBy", "parent") and (value := item.get("valueCode") or item.get("valueString"))
        ]
        known.extend(parent for parent in [nesting, *named] if parent and parent not in known)
    return parents


def walk(concepts: Iterable[Mapping[str, Any]], parent: str | None) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """Yield each concept with the code of the one it is nested under."""
    for concept in concepts:
        yield concept, parent
        yield from walk(concept.get("concept", ()), concept["code"])


class Expander:
    """Expands value sets against the complete code systems it was given."""

    def __init__(self, value_sets: Iterable[Mapping[str, Any]], code_systems: Iterable[Mapping[str, Any]]) -> None:
        self.value_sets = {item["url"]: item for item in value_sets}
        self.code_systems = {item["url"]: item for item in code_systems}
        self.trees = {
            url: code_tree(item)
            for url, item in self.code_systems.items()
            if item["content"] == "complete" and item.get("concept")
        }

    def expand(self, canonical: str, path: tuple[str, ...] = ()) -> Codes:
        """Return the codes by system. Errors: NotListableError."""
        url = canonical.partition("|")[0]
        if url in path:
            raise NotListableError(f"{url} includes itself")
        compose = self.value_sets.get(url, {}).get("compose")
        if compose is None:
            raise NotListableError(f"{url} has no definition")
        codes: Codes = {}
        for include in compose["include"]:
            for system, found in self._component(include, (*path, url)).items():
                codes.setdefault(system, set()).update(found)
        for exclude in compose.get("exclude", ()):
            for system, found in self._component(exclude, (*path, url)).items():
                codes.get(system, set()).difference_update(found)
        return {system: found for system, found in codes.items() if found}

    def _component(self, component: Mapping[str, Any], path: tuple[str, ...]) -> Codes:
        parts = [self.expand(canonical, path) for canonical in component.get("valueSet", ())]
        if "system" in component:
            parts.append({component["system"]: self._system(component)})
        return _intersection(parts)

    def _system(self, component: Mapping[str, Any]) -> set[str]:
        if "concept" in component:
            return {concept["code"] for concept in component["concept"]}
        tree = self.trees.get(component["system"])
        if tree is None:
            raise NotListableError(f"the codes of {component['system']} are not published with FHIR")
        codes = set(tree)
        for condition in component.get("filter", ()):
            codes &= self._filter(component["system"], tree, condition)
        return codes

    def _filter(self, system: str, tree: Mapping[str, list[str]], condition: Mapping[str, Any]) -> set[str]:
        match condition["property"], condition["op"], condition["value"]:
            case ("concept" | "code", "is-a", value):
                return {value, *_below(tree, value)}
            case ("concept" | "code", "descendent-of", value):
                return _below(tree, value)
            case ("concept" | "code", "is-not-a", value):
                return set(tree) - {value, *_below(tree, value)}
            case (name, "=", value):
                return self._having(system, name, value)
            case (name, op, value):
                raise NotListableError(f"filter {name} {op} {value}")

    def _having(self, system: str, name: str, value: str) -> set[str]:
        return {
            concept["code"]
            for concept, _ in walk(self.code_systems[system].get("concept", ()), None)
            for item in concept.get("property", ())
            if item["code"] == name and str(next(v for k, v in item.items() if k.startswith("value"))) == value
        }


def _below(tree: Mapping[str, list[str]], ancestor: str) -> set[str]:
    found: set[str] = set()
    wave = {ancestor}
    while wave:
        wave = {code for code, parents in tree.items() if code not in found and wave.intersection(parents)}
        found |= wave
    return found


def _intersection(parts: list[Codes]) -> Codes:
    if not parts:
        return {}
    systems = set(parts[0]).intersection(*parts[1:])
    return {system: set.intersection(*(part[system] for part in parts)) for system in systems}
