"""From the definition of a value set (ValueSet.compose, or a stored expansion) to its members."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from usager_server.errors import Unprocessable
from usager_server.terminology.code_system import CodeSystem
from usager_server.terminology.concept import Concept, Designation
from usager_server.terminology.expansion import Expansion, Member
from usager_server.terminology.filters import filtered

MOST_MEMBERS = 200_000
DEEPEST = 10

Resource = Mapping[str, Any]
Key = tuple[str, str]


class Source(Protocol):
    """Where the parts of a value set are found."""

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        """Return a code system, or None."""

    def expanded(self, canonical: str, path: Sequence[str] = ()) -> Expansion:
        """Return the members of another value set. Errors: NotFound, Unprocessable."""


@dataclass(slots=True)
class _Build:
    """A value set being listed: path says which ones led here."""

    source: Source
    path: Sequence[str]
    fragments: list[str] = field(default_factory=list)


def compose(resource: Resource, source: Source, path: Sequence[str], *, is_partial: bool) -> Expansion:
    """Return the members of a ValueSet resource.

    Errors  Unprocessable (422): code not-found when a part is not known here, too-costly over MOST_MEMBERS, invariant
            when a value set includes itself.
    """
    if "compose" not in resource:
        return Expansion(_contained(resource.get("expansion", {}).get("contains", ())), is_partial=is_partial)
    build = _Build(source, path)
    members: dict[Key, Member] = {}
    for include in resource["compose"].get("include", ()):
        members.update((member.key, member) for member in _component(include, build))
        if len(members) > MOST_MEMBERS:
            text = f"The value set has over {MOST_MEMBERS} members: it is not listed"
            raise Unprocessable(text, "ValueSet.compose.include", code="too-costly")
    for exclude in resource["compose"].get("exclude", ()):
        for member in _component(exclude, build):
            members.pop(member.key, None)
    kept = members.values()
    if resource["compose"].get("inactive") is False:
        return Expansion(
            (each for each in kept if not each.concept.is_inactive), build.fragments, is_partial=is_partial
        )
    return Expansion(kept, build.fragments, is_partial=is_partial)


def _component(component: Resource, build: _Build) -> Iterable[Member]:
    """Return the members of an include or an exclude: those of its system that are in each of its value sets."""
    sets = [build.source.expanded(canonical, build.path) for canonical in component.get("valueSet", ())]
    build.fragments += [fragment for each in sets for fragment in each.fragments]
    if "system" in component:
        members = _of_system(component, build)
    elif sets:
        members, sets = sets[0].members, sets[1:]
    else:
        members = ()
    return [member for member in members if all(member.key in each.by_key for each in sets)]


def _of_system(component: Resource, build: _Build) -> Iterable[Member]:
    url = component["system"]
    system = build.source.code_system(url, component.get("version"))
    if "concept" in component:
        return [_named(url, node, system) for node in component["concept"]]
    if system is None:
        text = f"The codes of {url[:200]} are not known here: the value set cannot be listed"
        raise Unprocessable(text, "ValueSet.compose.include.system", code="not-found")
    if not system.is_whole:
        build.fragments.append(url)
    concepts = filtered(system, component.get("filter", ()))
    return [Member(url, concept, concept.display, system.version) for concept in concepts]


def _named(url: str, node: Resource, system: CodeSystem | None) -> Member:
    """Return a member that a value set names one by one; the value set may call it otherwise than the system."""
    code = node["code"]
    concept = (system.find(code) if system else None) or Concept(code)
    named = [Designation(each["value"], each.get("language"), each.get("use")) for each in node.get("designation", ())]
    if named:
        others = (each for each in concept.designations if each not in named)
        concept = replace(concept, designations=(*named, *others))
    return Member(url, concept, node.get("display") or concept.display, system.version if system else None)


def _contained(nodes: Iterable[Resource]) -> Iterable[Member]:
    waiting = list(reversed(list(nodes)))
    while waiting:
        node = waiting.pop()
        waiting += reversed(node.get("contains", []))
        if "code" in node and "system" in node:
            marks = {"is_inactive": node.get("inactive", False), "is_abstract": node.get("abstract", False)}
            concept = Concept(node["code"], node.get("display"), **marks)
            yield Member(node["system"], concept, concept.display, node.get("version"))
