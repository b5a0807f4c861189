"""The filters of a value set (ValueSet.compose.include.filter): which concepts of a code system one takes."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import re2  # type: ignore[import-untyped]

from usager_server.errors import Unprocessable
from usager_server.terminology.code_system import CodeSystem
from usager_server.terminology.concept import Concept

Filter = Mapping[str, Any]
Test = Callable[[Concept], bool]

CODES = ("concept", "code")
REGEX_BYTES = 1 << 20


def filtered(system: CodeSystem, filters: Iterable[Filter]) -> Iterable[Concept]:
    """Return the concepts that meet all filters, in the order of the code system.

    Errors  Unprocessable (422) on an operator that R4 does not know, or a regular expression that cannot be read.
    Source  FHIR R4 valueset-filter-operator.
    """
    tests = [_test(system, each["property"], each["op"], each["value"]) for each in filters]
    return [concept for concept in system.concepts.values() if all(test(concept) for test in tests)]


def _test(system: CodeSystem, name: str, operator: str, value: str) -> Test:
    match operator:
        case "is-a" | "descendent-of" | "is-not-a" | "generalizes":
            return _hierarchy(system, operator, value)
        case "=":
            return lambda concept: value in _values(system, concept, name)
        case "in":
            listed = frozenset(each.strip() for each in value.split(","))
            return lambda concept: not listed.isdisjoint(_values(system, concept, name))
        case "not-in":
            unlisted = frozenset(each.strip() for each in value.split(","))
            return lambda concept: unlisted.isdisjoint(_values(system, concept, name))
        case "exists":
            return lambda concept: bool(_values(system, concept, name)) == (value == "true")
        case "regex":
            pattern = _pattern(value)
            return lambda concept: any(pattern.fullmatch(each) for each in _values(system, concept, name))
    raise Unprocessable(f"{operator!r} is not a filter of FHIR R4", "ValueSet.compose.include.filter.op", code="value")


def _hierarchy(system: CodeSystem, operator: str, code: str) -> Test:
    codes = set(system.above(code) if operator == "generalizes" else system.below(code))
    if operator != "descendent-of":
        codes.add(code)
    if operator == "is-not-a":
        return lambda concept: concept.code not in codes
    return lambda concept: concept.code in codes


def _values(system: CodeSystem, concept: Concept, name: str) -> list[str]:
    if name in CODES:
        return [concept.code]
    if name == "display":
        return [concept.display] if concept.display else []
    if name == "parent":
        return list(concept.parents)
    if name == "child":
        return list(system.children.get(concept.code, ()))
    if name == "inactive":
        return [str(concept.is_inactive).lower()]
    return [_text(value) for code, _, value in concept.properties if code == name]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value.get("code", "")) if isinstance(value, Mapping) else str(value)


def _pattern(text: str) -> Any:
    """Return a regular expression whose cost is linear in what it reads, whoever wrote it."""
    options = re2.Options()
    options.max_mem = REGEX_BYTES
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        place = "ValueSet.compose.include.filter.value"
        raise Unprocessable(f"{text[:80]!r} is not a regular expression: {error}", place, code="value") from error
