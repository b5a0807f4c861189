"""Slices: which slice of a profile an item belongs to, by the discriminators of the profile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.definitions import Definitions
from usager_server.validation.conformance.likeness import is_fixed, likeness
from usager_server.validation.conformance.outline import Outline
from usager_server.validation.conformance.registry import Codes, Conformance
from usager_server.validation.conformance.selection import Item, reference_type, select, steps_of
from usager_server.validation.findings import Findings
from usager_server.validation.walk import Walk

Matches = Callable[[Item, Walk], bool]
Key = tuple[str, str]
Conforms = Callable[[str, Any, Walk], Findings | None]
"""Takes the canonical of a profile, a value and the walk; returns what breaks that profile."""

BY_URL = {"type": "value", "path": "url"}
BY_TYPE = {"type": "type", "path": "$this"}


@dataclass(frozen=True, slots=True)
class Slicer:
    """Makes the predicate of a slice: whether an item belongs to it."""

    definitions: Definitions
    conformance: Conformance
    conforms: Conforms

    def matches(self, sliced: Outline, slice_: Outline, kind: str) -> Matches:
        """Return the predicate of one slice of an element; one that nothing tells apart takes no item."""
        tests = [self._test(each, slice_, kind) for each in _discriminators(sliced, kind)]
        known = [test for test in tests if test is not None]
        return _all_of(known) or (lambda item, walk: False)

    def key(self, sliced: Outline, slice_: Outline, kind: str) -> Key | None:
        """Return the property and the text that alone tell a slice ("url" of an extension, "use" of a name), if any."""
        discriminators = _discriminators(sliced, kind)
        steps = steps_of(discriminators[0]["path"])
        if len(discriminators) != 1 or len(steps) != 1 or discriminators[0]["type"] not in ("value", "pattern"):
            return None
        node = _below(slice_, steps[0])
        if node is None:
            urls = _profiles(slice_)
            return ("url", urls.pop()) if kind == "Extension" and steps == ["url"] and len(urls) == 1 else None
        value = node.value("fixed") or node.value("pattern")
        plain = steps[0] in self.definitions.property_map(kind) and not node.children
        return (steps[0], value) if plain and isinstance(value, str) else None

    def _test(self, discriminator: Mapping[str, str], slice_: Outline, kind: str) -> Matches | None:
        steps = steps_of(discriminator["path"])
        match discriminator["type"]:
            case "value" | "pattern":
                return self._by_value(steps, slice_, kind)
            case "exists":
                return self._by_existence(steps, slice_)
            case "type":
                return self._by_type(steps, slice_)
            case "profile":
                return self._by_profile(steps, slice_)
        return None

    def _by_value(self, steps: Sequence[str], slice_: Outline, kind: str) -> Matches | None:
        tests = self._values(slice_, list(steps))
        if not tests and kind == "Extension" and list(steps) == ["url"]:
            urls = _profiles(slice_)
            return (lambda item, walk: item[0].get("url") in urls) if urls else None
        return _all_of([self._found(path, test) for path, test in tests])

    def _found(self, path: Sequence[str], test: Callable[[Any], bool]) -> Matches:
        if len(path) == 1 and path[0].isidentifier():
            return _found_at(path[0], test, self._found([*path, "$this"], test))

        def found(item: Item, walk: Walk) -> bool:
            return any(test(value) for value, _ in select(item, path, walk, self.definitions))

        return found

    def _values(self, slice_: Outline, steps: list[str]) -> list[tuple[list[str], Callable[[Any], bool]]]:
        """Return what the slice says of the values at the path: of them, below them, or above them."""
        node = slice_
        for index, step in enumerate(steps):
            below, above = _below(node, step), _own_test(node, self.conformance)
            if below is None:
                return [] if above is None else [(steps[:index], above)]
            node = below
        return self._within(node, steps)

    def _within(self, node: Outline, steps: list[str]) -> list[tuple[list[str], Callable[[Any], bool]]]:
        own = _own_test(node, self.conformance)
        found = [] if own is None else [(steps, own)]
        for name, child in node.children.items():
            found += self._within(child, [*steps, name])
        return found

    def _by_existence(self, steps: Sequence[str], slice_: Outline) -> Matches | None:
        node: Outline | None = slice_
        for step in steps:
            node = None if node is None else _below(node, step)
        if node is None:
            return None
        forbidden, wanted = node.definition.get("max") == "0", bool(node.definition.get("min"))
        if not forbidden and not wanted:
            return None
        return lambda item, walk: bool(select(item, steps, walk, self.definitions)) is wanted

    def _by_type(self, steps: Sequence[str], slice_: Outline) -> Matches | None:
        node = slice_
        for step in [step for step in steps if not step.startswith("resolve")]:
            node = _below(node, step) or node
        types = {each.get("code") for each in node.definition.get("type", ())}
        if "Reference" in types and steps and steps[-1].startswith("resolve"):
            targets = {self.conformance.target_type(target) for target in _targets(node)}
            return lambda item, walk: self._points_at(item, steps[:-1], targets, walk)
        if not types:
            return None

        def matches(item: Item, walk: Walk) -> bool:
            found = select(item, steps, walk, self.definitions)
            return any(kind in types or _resource_type(value) in types for value, kind in found)

        return matches

    def _points_at(self, item: Item, steps: Sequence[str], targets: set[str | None], walk: Walk) -> bool:
        found = select(item, steps, walk, self.definitions)
        return any(reference_type(value, walk, self.definitions) in targets for value, _ in found)

    def _by_profile(self, steps: Sequence[str], slice_: Outline) -> Matches | None:
        node = slice_
        for step in [step for step in steps if not step.startswith("resolve")]:
            node = _below(node, step) or node
        resolved = bool(steps) and steps[-1].startswith("resolve")
        profiles = list(_targets(node)) if resolved else sorted(_profiles(node))
        if not profiles:
            return None

        def matches(item: Item, walk: Walk) -> bool:
            found = select(item, steps, walk, self.definitions)
            return any(self.conforms(profile, value, walk) is None for value, _ in found for profile in profiles)

        return matches


def _found_at(name: str, test: Callable[[Any], bool], otherwise: Matches) -> Matches:
    """Return the quick form of a path of one step; a choice, or an array, goes the long way."""

    def found(item: Item, walk: Walk) -> bool:
        value = item[0].get(name) if type(item[0]) is dict else None
        if value is None or type(value) is list:
            return otherwise(item, walk)
        return test(value)

    return found


def _discriminators(sliced: Outline, kind: str) -> Sequence[Mapping[str, str]]:
    given: Sequence[Mapping[str, str]] = sliced.definition.get("slicing", {}).get("discriminator", ())
    if given:
        return given
    return [BY_URL] if kind == "Extension" else [BY_TYPE]


def _all_of(tests: Sequence[Matches]) -> Matches | None:
    if len(tests) < 2:
        return tests[0] if tests else None
    return lambda item, walk: all(test(item, walk) for test in tests)


def _below(node: Outline, step: str) -> Outline | None:
    if step.startswith("extension("):
        url = step[len("extension('") : -2]
        sliced = node.children.get("extension")
        return next((each for each in sliced.slices if url in _urls(each)), None) if sliced else None
    if step.startswith(("ofType(", "resolve(")):
        return node
    return node.children.get(step.removesuffix("[x]"))


def _urls(extension: Outline) -> set[str]:
    url = extension.children.get("url")
    return _profiles(extension) | ({url.definition.get("fixedUri", "")} if url else set())


def _profiles(node: Outline) -> set[str]:
    return {url.partition("|")[0] for each in node.definition.get("type", ()) for url in each.get("profile", ())}


def _targets(node: Outline) -> list[str]:
    return [url for each in node.definition.get("type", ()) for url in each.get("targetProfile", ())]


def _resource_type(value: Any) -> str | None:
    return value.get("resourceType") if type(value) is dict else None


def _own_test(node: Outline, conformance: Conformance) -> Callable[[Any], bool] | None:
    fixed, pattern = node.value("fixed"), node.value("pattern")
    if fixed is not None:
        return likeness(fixed) if isinstance(fixed, str) else lambda value: is_fixed(value, fixed)
    if pattern is not None:
        return likeness(pattern)
    binding = node.definition.get("binding", {})
    codes = conformance.codes(binding.get("valueSet", "")) if binding.get("strength") == "required" else None
    return None if codes is None else lambda value: is_coded(value, codes) is not False


def is_coded(value: Any, codes: Codes) -> bool | None:
    """Tell whether a code, Coding, CodeableConcept or Quantity is of a value set; None when it bears no code."""
    if type(value) is str:
        return any(each is None or value in each for each in codes.values())
    codings = value.get("coding", ()) if type(value) is dict and ("coding" in value or "text" in value) else [value]
    coded = [each for each in codings if type(each) is dict and "code" in each]
    return any(_is_member(each, codes) for each in coded) if coded else None


def _is_member(coding: Mapping[str, Any], codes: Codes) -> bool:
    if coding.get("system") not in codes:
        return False
    known = codes[coding["system"]]
    return known is None or coding["code"] in known
