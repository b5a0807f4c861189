"""The code systems and value sets published with R4, from the compact files of `definitions/`, and the large ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from usager_server.definitions import Definitions, load_names
from usager_server.terminology.code_system import CodeSystem
from usager_server.terminology.concept import Concept
from usager_server.terminology.expansion import Expansion, Member

Maker = Callable[[], CodeSystem]

INACTIVE, ABSTRACT = "i", "a"


@dataclass(frozen=True, slots=True)
class Listed:
    """A value set and its members. Shape: about is the resource without what it is made of."""

    about: Mapping[str, Any]
    expansion: Expansion


class Published:
    """Makes a code system or a value set of R4 when it is first asked for. Time: the file is read then, 60 ms.

    Shape   large: what makes a code system that is neither of R4 nor a resource, by its canonical.
    """

    def __init__(self, definitions: Definitions, large: Mapping[str, Maker]) -> None:
        self._definitions = definitions
        self._large = large
        self._systems: dict[str, CodeSystem | None] = {}
        self._value_sets: dict[str, Listed | None] = {}

    def code_system(self, url: str) -> CodeSystem | None:
        """Return a code system, or None when R4 publishes none of that name, or not its codes."""
        if url not in self._systems:
            parents = self._definitions.code_systems.get(url)
            if url in self._large:
                self._systems[url] = self._large[url]()
            else:
                self._systems[url] = None if parents is None else _code_system(url, parents)
        return self._systems[url]

    def value_set(self, url: str) -> Listed | None:
        """Return a value set, or None when R4 publishes none of that name that can be listed."""
        if url not in self._value_sets:
            codes = self._definitions.value_sets.get(url)
            self._value_sets[url] = None if codes is None else Listed(_about(url), self._expansion(codes))
        return self._value_sets[url]

    def why_not(self, url: str) -> str | None:
        """Return why a value set of R4 cannot be listed here; None when R4 has no such value set."""
        reason: str | None = load_names()["not_listed"].get(url)
        return reason

    def _expansion(self, codes: Mapping[str, frozenset[str]]) -> Expansion:
        members = []
        for url, each in codes.items():
            system = self.code_system(url)
            if system is None:
                members += [Member(url, Concept(code), None) for code in sorted(each)]
            else:
                listed = (concept for code, concept in system.concepts.items() if code in each)
                members += [Member(url, concept, concept.display, system.version) for concept in listed]
        return Expansion(members)


def _code_system(url: str, parents: Mapping[str, str | None]) -> CodeSystem:
    name, version, is_case_sensitive, displays, marks = load_names()["code_systems"][url]
    concepts = (
        Concept(
            code,
            display,
            parents=(parent,) if parent else (),
            is_inactive=INACTIVE in marks.get(code, ""),
            is_abstract=ABSTRACT in marks.get(code, ""),
        )
        for (code, parent), display in zip(parents.items(), displays, strict=True)
    )
    return CodeSystem(url, concepts, name=name, version=version, is_case_sensitive=is_case_sensitive)


def _about(url: str) -> Mapping[str, Any]:
    name, title, version = load_names()["value_sets"][url]
    return {
        "resourceType": "ValueSet",
        "url": url,
        "version": version,
        "name": name,
        "title": title,
        "status": "active",
    }
