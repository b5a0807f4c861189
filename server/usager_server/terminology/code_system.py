"""A code system: concepts by code, with what is above and below each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any

from usager_server.terminology.concept import ENDING, STARTING, Concept, Designation

Resource = Mapping[str, Any]

ABOVE = ("parent", "subsumedBy")


class CodeSystem:
    """The concepts of a code system that are known here.

    Shape   is_whole says whether a code that is not among them is wrong, or only unknown here (a fragment).
    """

    def __init__(
        self,
        url: str,
        concepts: Iterable[Concept],
        *,
        name: str | None = None,
        version: str | None = None,
        is_whole: bool = True,
        is_case_sensitive: bool = True,
    ) -> None:
        self.url = url
        self.name = name or url
        self.version = version
        self.is_whole = is_whole
        self.is_case_sensitive = is_case_sensitive
        self.concepts: Mapping[str, Concept] = {concept.code: concept for concept in concepts}

    def find(self, code: str, day: date | None = None) -> Concept | None:
        """Return the concept of a code, that of a day when one is given; None when there is none."""
        found = self.concepts.get(code)
        if found is None and not self.is_case_sensitive:
            found = self._folded.get(code.casefold())
        return None if found is None else found.on(day)

    def below(self, code: str) -> Sequence[str]:
        """Return the codes below a code, at any depth, without it."""
        return [each for each in self._spread(code, self.children) if each != code]

    def above(self, code: str) -> Sequence[str]:
        """Return the codes above a code, at any distance, without it."""
        parents = {each: concept.parents for each, concept in self.concepts.items()}
        return [each for each in self._spread(code, parents) if each != code]

    @cached_property
    def children(self) -> Mapping[str, Sequence[str]]:
        """Return the codes right below each code that has some."""
        found: dict[str, list[str]] = {}
        for concept in self.concepts.values():
            for parent in concept.parents:
                found.setdefault(parent, []).append(concept.code)
        return found

    def supplemented(self, supplements: Iterable[Resource]) -> "CodeSystem":
        """Return the same with the designations that CodeSystem resources of content "supplement" add."""
        added: dict[str, list[Designation]] = {}
        for supplement in supplements:
            for node, _ in _walk(supplement.get("concept", ()), None):
                added.setdefault(node["code"], []).extend(_designations(node))
        concepts = (
            replace(each, designations=(*each.designations, *added[each.code])) if each.code in added else each
            for each in self.concepts.values()
        )
        kept = {"name": self.name, "version": self.version}
        return CodeSystem(self.url, concepts, **kept, is_whole=self.is_whole, is_case_sensitive=self.is_case_sensitive)

    @cached_property
    def _folded(self) -> Mapping[str, Concept]:
        return {code.casefold(): concept for code, concept in self.concepts.items()}

    @staticmethod
    def _spread(code: str, links: Mapping[str, Sequence[str]]) -> Iterable[str]:
        found = {code: None}
        waiting = [code]
        while waiting:
            for each in links.get(waiting.pop(), ()):
                if each not in found:
                    found[each] = None
                    waiting.append(each)
        return found


def code_system_of(resource: Resource) -> CodeSystem:
    """Return the code system of a CodeSystem resource."""
    return CodeSystem(
        resource["url"],
        (_concept(node, parent) for node, parent in _walk(resource.get("concept", ()), None)),
        name=resource.get("name"),
        version=resource.get("version"),
        is_whole=resource.get("content") == "complete",
        is_case_sensitive=resource.get("caseSensitive", True),
    )


def _walk(nodes: Iterable[Resource], parent: str | None) -> Iterator[tuple[Resource, str | None]]:
    """Yield every concept with the one it is nested under, without recursion: a store may hold a deep one."""
    waiting = [(node, parent) for node in reversed(list(nodes))]
    while waiting:
        node, above = waiting.pop()
        yield node, above
        waiting += [(below, node["code"]) for below in reversed(node.get("concept", []))]


def _concept(node: Resource, parent: str | None) -> Concept:
    properties = tuple(_properties(node))
    named = [str(value) for code, _, value in properties if code in ABOVE]
    known = {code: value for code, _, value in properties}
    return Concept(
        code=node["code"],
        display=node.get("display"),
        definition=node.get("definition"),
        designations=tuple(_designations(node)),
        parents=tuple(dict.fromkeys([*([parent] if parent else []), *named])),
        properties=properties,
        is_inactive=known.get("inactive") is True or known.get("status") in ("retired", "inactive"),
        is_abstract=known.get("notSelectable") is True or known.get("abstract") is True,
        start=_day(known, STARTING),
        end=_day(known, ENDING),
    )


def _properties(node: Resource) -> Iterator[tuple[str, str, Any]]:
    for each in node.get("property", ()):
        for name, value in each.items():
            if name.startswith("value"):
                yield each["code"], name, value


def _designations(node: Resource) -> Iterator[Designation]:
    for each in node.get("designation", ()):
        yield Designation(each["value"], each.get("language"), each.get("use"))


def _day(known: Mapping[str, Any], names: Sequence[str]) -> date | None:
    """Return the first of these properties that is a whole date, however much follows it."""
    for name in names:
        try:
            return date.fromisoformat(str(known[name])[:10])
        except (KeyError, ValueError):
            continue
    return None
