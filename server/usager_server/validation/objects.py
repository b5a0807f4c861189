"""Objects: the checkers of a type's properties, made as resources bear them, and what concerns several at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.definitions import Invariant
from usager_server.validation.elements import PAIRED, PairCheck
from usager_server.validation.findings import Finding, Findings, json_kind, one, short, under
from usager_server.validation.limits import DEPTH_LIMIT, FINDINGS_LIMIT
from usager_server.validation.walk import Check, Predicate, Walk

Rule = tuple[Predicate, Invariant]


Learn = Callable[[str], Check | None]

UNKNOWN: Findings = [Finding("structure", "unknown")]


def _unknown(value: Any, walk: Walk) -> Findings | None:
    return UNKNOWN


@dataclass(frozen=True, slots=True)
class Choice:
    """A value[x]: the properties it may be written as, and whether one of them must be."""

    name: str
    properties: frozenset[str]
    required: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What is to be known of a type, besides its properties one by one.

    Shape   nests says that the type may hold others of its kind without end (extensions, items, contained ones...).
            learn compiles the checker of a property when a resource first bears it; pair that of a primitive and its
            underscored sibling. steps gives the FHIRPath step of a choice (valueString -> ".value").
    """

    name: str
    nests: bool
    required: tuple[str, ...]
    choices: tuple[Choice, ...]
    steps: dict[str, str]
    learn: Learn
    pair: Callable[[str], PairCheck]


def object_check(shape: Shape, checks: dict[str, Check], rules: Sequence[Rule]) -> Check:
    """Return the checker of an object.

    Shape   checks holds the checkers of properties, and fills itself as resources bear them; an unknown name is not
            kept, so that it cannot grow by what callers invent.

    Order   the properties, then what is missing, then the invariants when the rest is sound.
    """
    required, choices, nests = shape.required, shape.choices, shape.nests

    def learn(name: str) -> Check:
        check = shape.learn(name)
        if check is None:
            return _unknown
        checks[name] = check
        return check

    def check(node: Any, walk: Walk) -> Findings | None:
        if type(node) is not dict:
            return one("structure", f"is {json_kind(node)}; an object of type {shape.name} is expected")
        if len(node) < 2 and (not node or "id" in node):
            return one("invariant", "the object is empty; leave it out, or give it a value or children (ele-1)")
        if nests:
            if walk.depth >= DEPTH_LIMIT:
                return one("structure", f"the nesting is deeper than {DEPTH_LIMIT} elements")
            walk.depth += 1
        findings: Findings | None = None
        for name, value in node.items():
            try:
                item = checks[name]
            except KeyError:
                item = learn(name)
            found = item(value, walk)
            if found is not None:
                findings = (findings or []) + _settle(shape, node, name, found, walk)
                if len(findings) > FINDINGS_LIMIT:
                    break
        for name in required:
            if name not in node:
                findings = (findings or []) + _missing(shape, node, name)
        for choice in choices:
            present = choice.properties.intersection(node)  # goes through the node, not through all of the choice
            if len(present) > 1 or (choice.required and not present):
                findings = (findings or []) + _choose(choice, present)
        if not findings:
            for holds, invariant in rules:
                if not holds(node, walk):
                    findings = [*(findings or []), broken(invariant)]
        if nests:
            walk.depth -= 1
        return findings or None

    return check


def broken(invariant: Invariant) -> Finding:
    """Return the finding for an invariant that does not hold."""
    return Finding("invariant", f"{invariant.human.rstrip('. ')} ({invariant.key})", severity=invariant.severity)


def _settle(shape: Shape, node: dict[str, Any], name: str, found: Findings, walk: Walk) -> Findings:
    if found is PAIRED:
        name = name[1:]
        found = shape.pair(name)(node, walk) or []
    elif found is UNKNOWN:
        return [_unknown_element(shape, name)]
    elif type(node[name]) is list and "_" + name in node:
        return []  # null may stand in this array: the pair is judged at the underscored property
    return under(shape.steps.get(name) or "." + name, found)


def _unknown_element(shape: Shape, name: str) -> Finding:
    text = f"unknown element {short(name)!r}: {shape.name} has none of that name in R4"
    sound = name.isascii() and name.isidentifier() and len(name) <= 64
    return Finding("structure", text, steps=["." + name] if sound else [])


def _missing(shape: Shape, node: dict[str, Any], name: str) -> Findings:
    if "_" + name in node:
        return []
    return one("required", f"the element {name} is missing: {shape.name} requires it", step="." + name)


def _choose(choice: Choice, present: frozenset[str]) -> Findings:
    kinds = {name.removeprefix("_") for name in present}
    if len(kinds) > 1:
        text = f"{choice.name}[x] stands as {' and '.join(sorted(kinds))}: only one may stand"
        return one("structure", text, step="." + choice.name)
    if kinds or not choice.required:
        return []
    return one("required", f"the element {choice.name}[x] is missing, and required", step="." + choice.name)
