"""Values of a query -> entries: how index rows that would match are spelled, for any one parameter.

An entry is the suffix of the parameter's name followed by what the row holds: a range of texts, the bounds of a date or
a number. Tokens are (suffix, system, code).
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any

from usager_server.definitions import Definitions
from usager_server.search.dates import parse_date
from usager_server.search.hashing import spelling_hash
from usager_server.search.names import (
    IDENTIFIER,
    OF_TYPE,
    SPECIAL_VALUES,
    TEXT,
    fold_code,
    fold_contact,
    in_dimension,
    in_unit,
    pair,
    preceded,
    typed_value,
)
from usager_server.search.numbers import parse_number, precision_range
from usager_server.search.parameter import Component, Parameter
from usager_server.search.query import Condition, Value
from usager_server.search.ranges import date_bounds, dates_by_class, number_bounds, numbers_by_class
from usager_server.search.references import target_of
from usager_server.search.terms import hierarchy, value_set
from usager_server.search.words import LONGEST, equal_range, normalise, prefix_range
from usager_server.units.ucum import UCUM, Unit, unit

Entry = tuple[Any, ...]

BARE = frozenset({"code", "boolean", "string", "uri", "id", "canonical"})
"""FHIR types of a code without a system of its own."""


def token_entries(definitions: Definitions, parameter: Parameter, condition: Condition) -> Iterable[Entry]:
    """Yield the tokens of a condition on a token parameter."""
    for value in condition.values:
        match condition.modifier:
            case "of-type":
                system, code, number = (part.text for part in value.parts)
                yield OF_TYPE, system, typed_value(code, number)
            case "in" | "not-in":
                for system, code in value_set(definitions, value.text):
                    yield from _token(parameter, system, code)
            case "above" | "below" as modifier:
                for system, code in hierarchy(definitions, modifier, value):
                    yield from _token(parameter, system, code)
            case _:
                yield from _token(parameter, value.system, value.code or "")


def _token(parameter: Parameter, system: str | None, code: str) -> Iterable[Entry]:
    if parameter.within is not None:
        return [("", parameter.within, fold_contact(code))] if system in {None, parameter.within} else []
    if not parameter.leaves:  # what the expression yields is not known before a resource is there
        return [("", system, fold_code(system, code))]
    if parameter.leaves <= BARE:
        return _bare(parameter, system, code)
    if parameter.leaves <= {"ContactPoint"}:
        return [("", system, fold_contact(code))]
    return [("", system, fold_code(system, code))]


def _bare(parameter: Parameter, system: str | None, code: str) -> Iterable[Entry]:
    """Yield the token of a bare code: rows hold no system, the one asked for must be that of the element."""
    if (
        system
        and system not in parameter.systems
        and not (parameter.leaves == {"boolean"} and system == SPECIAL_VALUES)
    ):
        return []
    return [("", "", code.casefold())]


def identifier_entries(condition: Condition) -> Iterable[Entry]:
    """Yield the tokens of `:identifier` on a reference."""
    return [(IDENTIFIER, value.system, (value.code or "").casefold()) for value in condition.values]


def exact_entries(condition: Condition, tenant: int) -> Iterable[Entry]:
    """Yield the texts of `:exact` on a string: normalised, and the hash of how they are written."""
    return [("", normalise(value.text), spelling_hash(tenant, value.text)) for value in condition.values]


def text_entries(condition: Condition) -> Iterable[Entry]:
    """Yield the ranges of texts that begin with a value; of `:text`, those of displays."""
    suffix = TEXT if condition.modifier == "text" else ""
    return [(suffix, *prefix_range(normalise(value.text))) for value in condition.values]


def uri_entries(condition: Condition) -> Iterable[Entry]:
    """Yield the ranges of uris: the same, below (those that begin with it), above (those it begins with)."""
    for value in condition.values:
        text = value.text[:LONGEST]
        if condition.modifier == "below":
            yield "", *prefix_range(text)
        elif condition.modifier == "above":
            yield from (("", *equal_range(above)) for above in _above(text))
        else:
            yield "", *equal_range(text)


def _above(uri: str) -> Iterable[str]:
    yield uri
    for at in range(len(uri) - 1, 0, -1):
        if uri[at] in "/:":
            yield uri[:at]
            yield uri[: at + 1]


def date_entries(value: Value, now: int) -> Iterable[Entry]:
    """Yield the bounds of a date, by class of duration."""
    for bounds in date_bounds(value.prefix, parse_date(value.text, ""), now):
        for suffix, narrowed in dates_by_class(bounds):
            yield suffix, *narrowed


def number_entries(value: Value) -> Iterable[Entry]:
    """Yield the bounds of a number, for points and for intervals."""
    for bounds in number_bounds(value.prefix, parse_number(value.text, "")):
        yield from ((suffix, *narrowed) for suffix, narrowed in numbers_by_class(bounds))


def quantity_entries(value: Value) -> Iterable[Entry]:
    """Yield the bounds of a quantity: as written when no unit is given, else in its unit and in canonical units."""
    for suffix, known in _units(value):
        number = parse_number(value.text, "")
        ends = precision_range(number)
        if known is not None:
            number, ends = known.canonical(number), (known.canonical(ends[0]), known.canonical(ends[1]))
        for bounds in number_bounds(value.prefix, number, ends):
            yield from ((suffix + kind, *narrowed) for kind, narrowed in numbers_by_class(bounds))


def _units(value: Value) -> Iterable[tuple[str, Unit | None]]:
    if not value.code:
        return [("", None)]
    known = unit(value.code)
    if value.system is None:
        # The code or the words of a unit: its words are indexed as they are, a UCUM code in canonical units.
        words: list[tuple[str, Unit | None]] = [(in_unit("", value.code), None)]
        return [*words, (in_dimension(known), known)] if known else words
    if value.system == UCUM and known:
        return [(in_dimension(known), known)]
    return [(in_unit(value.system, value.code), None)]


def composite_entries(parameter: Parameter, value: Value, base_url: str | None, now: int) -> Iterable[Entry]:
    """Yield the entries of a composite: of its last component, under the names that the others make.

    Shape   two numbers at the end (a coordinate) are the low and the high end of one row.
    """
    kinds = tuple(component.type for component in parameter.components)
    coordinate = kinds[-2:] == ("number", "number")
    heads, last = (-2, value.parts[-2:]) if coordinate else (-1, value.parts[-1:])
    components = list(zip(value.parts[:heads], parameter.components[:heads], strict=True))
    name = "".join(pair(*_component_token(part, component, base_url)) for part, component in components)
    if kinds[-1] in {"token", "reference"}:
        system, code = _component_token(last[0], parameter.components[-1], base_url)
        return [("", system, preceded(name, code))]
    ends = _coordinate(*last) if coordinate else _last(last[0], parameter.components[-1], now)
    return [(name + suffix, *rest) for suffix, *rest in ends]


def _component_token(value: Value, component: Component, base_url: str | None) -> tuple[str | None, str]:
    if component.type == "reference":
        return None, (target_of(value.text, base_url)[1] or ("#",))[-1]
    if component.leaves and component.leaves <= BARE:
        return None, (value.code or "").casefold()
    return value.system, fold_code(value.system, value.code or "")


def _last(value: Value, component: Component, now: int) -> Iterable[Entry]:
    match component.type:
        case "number":
            return number_entries(value)
        case "date":
            return date_entries(value, now)
        case "string":
            return [("", *prefix_range(normalise(value.text)))]
    return quantity_entries(value)


def _coordinate(first: Value, second: Value) -> Iterable[Entry]:
    starts = number_bounds(first.prefix, parse_number(first.text, ""))
    ends = number_bounds(second.prefix, parse_number(second.text, ""))
    for start, end in product(map(_point, starts), map(_point, ends)):
        yield "", *start, *end


def _point(bounds: tuple[float, float, float, float]) -> tuple[float, float]:
    low_from, low_to, high_from, high_to = bounds
    return max(low_from, high_from), min(low_to, high_to)


def contained_terms(values: Sequence[Value]) -> tuple[str, ...]:
    """Return the texts that `:contains` looks for."""
    return tuple(dict.fromkeys(normalise(value.text) for value in values))
