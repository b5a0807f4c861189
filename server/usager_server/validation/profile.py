"""Profiles: what StructureDefinitions add to R4, compiled to closures when a profile is first claimed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.definitions import Definitions, Element, Invariant
from usager_server.validation.conformance import Conformance, rules
from usager_server.validation.conformance.items import Fetch, Occurrence, fetcher
from usager_server.validation.conformance.outline import Outline, outline_of
from usager_server.validation.conformance.slicing import Key, Matches, Slicer
from usager_server.validation.findings import Findings, is_refusal, one, under
from usager_server.validation.invariants.expressions import expression_predicate
from usager_server.validation.limits import FINDINGS_LIMIT
from usager_server.validation.objects import broken
from usager_server.validation.walk import Check, Walk

Rule = rules.Rule


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice: which items are its own (by a key or by a predicate), what it asks of each, how many there may be."""

    title: str
    key: Key | None
    matches: Matches
    rules: Sequence[Rule]
    low: int
    high: int | None


class Profiles:
    """Checks a value against installed profiles. It supposes that R4's own structure is sound, and never fails if not.

    Time    a profile is compiled when first claimed, some milliseconds; then about 60 microseconds a Patient.
    """

    def __init__(self, definitions: Definitions, conformance: Conformance) -> None:
        self._definitions = definitions
        self._conformance = conformance
        self._checks: dict[str, Check] = {}
        self._slicer = Slicer(definitions, conformance, self.conforms)
        self._r4 = {(each.key, each.expression) for each in definitions.invariants}

    def conforms(self, canonical: str, value: Any, walk: Walk) -> Findings | None:
        """Return what breaks a profile: errors only; None when it conforms, or when the profile is not installed."""
        check = self.check(canonical)
        found = check(value, walk) if check is not None else None
        return [each for each in found or () if each.severity == "error"] or None

    def check(self, canonical: str) -> Check | None:
        """Return the checker of a profile, None when it is not installed."""
        canonical = canonical.partition("|")[0]
        if canonical not in self._checks:
            profile = self._conformance.profile(canonical)
            if profile is None:
                return None
            outline = outline_of(profile, self._conformance, self._definitions)
            self._checks[canonical] = self._root(outline, profile["type"])
        return self._checks[canonical]

    def _root(self, outline: Outline, kind: str) -> Check:
        own = self._invariants(outline, kind)
        inner = self._object(outline, kind)

        def check(value: Any, walk: Walk) -> Findings | None:
            if type(value) is not dict:
                return None
            item = Occurrence(value, None, kind, "")
            found = [finding for rule in own for finding in rule(item, walk) or ()]
            return found + (inner(value, walk) or []) or None

        return check

    def _object(self, outline: Outline, kind: str) -> Check:
        made = [self._element(child, kind) for child in outline.children.values()]
        checks = [each for each in made if each is not None]

        def check(node: Any, walk: Walk) -> Findings | None:
            findings: Findings | None = None
            for each in checks:
                found = each(node, walk)
                if found:
                    findings = (findings or []) + found
            return findings

        return check

    def _element(self, outline: Outline, parent: str) -> Check | None:
        properties = [
            found for found in self._definitions.property_map(parent).values() if found[0].name == outline.name
        ]
        if not properties:
            return None
        element, kinds = properties[0][0], [kind for _, kind in properties]
        low, high = _cardinality(outline, element.min, element.max)
        own = self._rules(outline, element, kinds)
        slices = [self._slice(outline, each, element, kinds, parent) for each in outline.slices]
        if not (low or high is not None or own or slices):
            return None
        fetch = fetcher(parent, outline.name, self._definitions)
        closed = outline.definition.get("slicing", {}).get("rules") == "closed"
        return _element_check(outline.name, fetch, (low, high), own, slices, closed)

    def _slice(self, sliced: Outline, slice_: Outline, element: Element, kinds: Sequence[str], parent: str) -> Slice:
        of_choice = self._definitions.property_map(parent).get(str(slice_.slice_name))
        if of_choice is not None and element.choice and "type" not in slice_.definition:
            slice_.definition["type"] = [{"code": of_choice[1]}]  # "valueQuantity" says its type by its name
        narrowed = self._narrowed(slice_, kinds)
        low, high = _cardinality(slice_, 0, None)
        matches = self._slicer.matches(sliced, slice_, narrowed[0])
        key = self._slicer.key(sliced, slice_, narrowed[0])
        return Slice(str(slice_.slice_name), key, matches, self._rules(slice_, element, narrowed), low, high)

    def _rules(self, outline: Outline, element: Element, kinds: Sequence[str]) -> list[Rule]:
        kind = self._narrowed(outline, kinds)[0]
        made = [
            rules.type_rule(outline, kinds),
            rules.value_rule(outline),
            rules.binding_rule(outline, (element.binding or "").partition("|")[0] or None, self._conformance),
            rules.length_rule(outline),
            rules.target_rule(outline, element.targets, self._definitions, self._conformance, self.conforms),
            self._profile_rule(outline),
            self._children_rule(outline, kind),
        ]
        return [*(rule for rule in made if rule is not None), *self._invariants(outline, kind)]

    def _narrowed(self, outline: Outline, kinds: Sequence[str]) -> Sequence[str]:
        """Return the types left by a profile: some of a choice, or the resource that an element must hold."""
        named = [kind for kind in _types(outline) if kind in kinds]
        if not named and kinds[0] == "Resource":
            named = [kind for kind in _types(outline) if self._definitions.is_a(kind, "Resource")]
        return named or kinds

    def _children_rule(self, outline: Outline, kind: str) -> Rule | None:
        if not outline.children:
            return None
        inner = self._object(outline, kind)

        def rule(item: Occurrence, walk: Walk) -> Findings | None:
            return inner(item.node, walk)

        return rule

    def _profile_rule(self, outline: Outline) -> Rule | None:
        # What an extension says is checked wherever it stands (extensions.py), in a slot of the profile or not.
        profiles = [
            (each.get("code"), url)
            for each in outline.definition.get("type", ())
            for url in each.get("profile", ())
            if each.get("code") != "Extension" and self._conformance.profile(url) is not None
        ]
        if not profiles:
            return None

        def rule(item: Occurrence, walk: Walk) -> Findings | None:
            # Of several profiles, one must be met; the last one's findings speak for all.
            found: Findings | None = None
            for code, url in profiles:
                if code == item.kind or item.kind == "Resource":
                    check = self.check(url)
                    found = check(item.value, walk) if check is not None else None
                    if not found:
                        return None
            return found

        return rule

    def _invariants(self, outline: Outline, kind: str) -> list[Rule]:
        return [
            self._invariant(each, kind)
            for each in outline.definition.get("constraint", ())
            if "expression" in each and (each["key"], each["expression"]) not in self._r4
        ]

    def _invariant(self, constraint: dict[str, Any], kind: str) -> Rule:
        invariant = Invariant(
            constraint["key"], constraint["severity"], constraint.get("human", "A rule"), constraint["expression"]
        )
        holds = expression_predicate(invariant.expression, kind, self._definitions)
        return lambda item, walk: None if holds(item.value, walk, item.extra) else [broken(invariant)]


def _types(outline: Outline) -> list[str]:
    return [each["code"] for each in outline.definition.get("type", ()) if "code" in each]


def _cardinality(outline: Outline, base_low: int, base_high: int | None) -> tuple[int, int | None]:
    """Return what the profile asks beyond R4: a minimum (0 for nothing more) and a maximum (None for nothing less)."""
    low, high = outline.definition.get("min", 0), outline.definition.get("max", "*")
    limit = None if high == "*" else int(high)
    return (low if low > base_low else 0), (None if limit == base_high else limit)


def _element_check(
    name: str,
    fetch: Fetch,
    cardinality: tuple[int, int | None],
    own: Sequence[Rule],
    slices: Sequence[Slice],
    closed: bool,
) -> Check:
    low, high = cardinality
    sliced = _sliced(name, slices, closed) if slices else None

    def check(node: Any, walk: Walk) -> Findings | None:
        items = fetch(node)
        findings: Findings = []
        refused = False
        if len(items) < low or (high is not None and len(items) > high):
            findings += _miscounted(f"the element {name}", name, len(items), low, high)
        for item in items:
            for rule in own:
                found = rule(item, walk)
                if found:
                    findings += under(item.step, found)
                    refused = refused or is_refusal(found)
            if refused and len(findings) > FINDINGS_LIMIT:
                break  # warnings alone never hide an error that follows
        return findings + sliced(items, walk) if sliced is not None else findings

    return check


def _sliced(name: str, slices: Sequence[Slice], closed: bool) -> Callable[[Sequence[Occurrence], Walk], Findings]:
    """Return what judges the items of a sliced element."""
    own = _finder(slices)

    def check(items: Sequence[Occurrence], walk: Walk) -> Findings:
        findings: Findings = []
        counts = [0] * len(slices)
        for item in items:
            found = own(item, walk)
            for index in found:
                counts[index] += 1
                for rule in slices[index].rules:
                    broken_here = rule(item, walk)
                    if broken_here:
                        findings += under(item.step, broken_here)
            if closed and not found:
                text = "belongs to no slice of the profile, which allows no other"
                findings += one("structure", text, step=item.step)
        for count, each in zip(counts, slices, strict=True):
            if count < each.low or (each.high is not None and count > each.high):
                findings += _miscounted(f"the slice {name}:{each.title}", name, count, each.low, each.high)
        return findings

    return check


def _finder(slices: Sequence[Slice]) -> Callable[[Occurrence, Walk], Sequence[int]]:
    """Return what tells the slices of an item, by their numbers: a look-up when one property tells them all."""
    properties = {each.key[0] if each.key else "" for each in slices}
    name = properties.pop()
    if not name or properties:
        return lambda item, walk: [
            index for index, each in enumerate(slices) if each.matches((item.value, item.kind), walk)
        ]
    table: dict[str, list[int]] = {}
    for index, each in enumerate(slices):
        table.setdefault(each.key[1] if each.key else "", []).append(index)

    def look_up(item: Occurrence, walk: Walk) -> Sequence[int]:
        value = item.value.get(name) if type(item.value) is dict else None
        return table.get(value, ()) if type(value) is str else ()

    return look_up


def _miscounted(what: str, name: str, count: int, low: int, high: int | None) -> Findings:
    if high == 0:
        return one("structure", f"{what} may not stand in this profile", step="." + name)
    if count < low:
        text = f"{what} is missing" if not count else f"{what} stands {count} times"
        return one("required", f"{text}; the profile wants {low} at least", step="." + name)
    return one("structure", f"{what} stands {count} times; the profile allows {high}", step="." + name)
