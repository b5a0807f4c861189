"""Search as its specification reads, in memory: every resource looked at, no index, no SQL. The store must agree.

Values come from the FHIRPath engine; dates, words and units are compared with the house's own functions, which have
unit tests of their own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.search.queries_for import RESOLVE, nodes, parameters, points_at
from usager_server.search.dates import ALWAYS, FOREVER, Range, date_range
from usager_server.search.numbers import decimal_of, precision_range
from usager_server.search.words import normalise
from usager_server.units.ucum import UCUM, unit

Found = Sequence[tuple[str, Any]]
Interval = tuple[Decimal | None, Decimal | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One value of a condition; system None: any, "": none."""

    text: str
    prefix: str = "eq"
    system: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: any of its values."""

    parameter: str
    kind: str
    modifier: str
    values: tuple[Asked, ...]


def matches(resource: dict[str, Any], clauses: Iterable[Clause]) -> bool:
    """Tell whether a resource meets every condition."""
    return all(_meets(resource, clause) for clause in clauses)


def values_of(resource: dict[str, Any], name: str) -> Found:
    """Return the values of a parameter, each with its FHIR type."""
    for known, expression, _ in parameters(resource["resourceType"]):
        if known == name:
            wanted = RESOLVE.search(expression)
            found = [(node.type.removeprefix("System."), node.value) for node in nodes(resource, expression, resource)]
            return [(kind, value) for kind, value in found if not wanted or points_at(value, wanted[1])]
    return []


def _meets(resource: dict[str, Any], clause: Clause) -> bool:
    found = values_of(resource, clause.parameter)
    if clause.kind == "date":  # a scheduledString is no value of a date parameter
        found = [(kind, value) for kind, value in found if _span(kind, value) is not None]
    if clause.modifier == "missing":
        return (not found) is (clause.values[0].text == "true")
    met = any(_compare(clause, kind, value, asked) for kind, value in found for asked in clause.values)
    return not met if clause.modifier == "not" else met


def _compare(clause: Clause, leaf: str, value: Any, asked: Asked) -> bool:
    match clause.kind:
        case "token":
            return any(_same_token(system, code, asked) for system, code in _tokens(leaf, value))
        case "string":
            return any(_same_words(clause.modifier, text, asked.text) for text in _texts(value))
        case "date":
            span = _span(leaf, value)
            return span is not None and _in_order(asked.prefix, date_range(asked.text) or (0, 0), span)
        case "reference":
            return _points_to(value, asked.text)
        case "uri":
            return str(value).startswith(asked.text) if clause.modifier == "below" else value == asked.text
    return _same_quantity(leaf, value, asked)


def _tokens(leaf: str, value: Any) -> list[tuple[str, str]]:
    if leaf == "CodeableConcept":
        return [token for coding in value.get("coding", ()) for token in _tokens("Coding", coding)]
    if leaf == "Coding":
        return [(value.get("system", ""), value["code"])] if value.get("code") else []
    if leaf in {"Identifier", "ContactPoint"}:
        return [(value.get("system", ""), value["value"])] if value.get("value") else []
    return [("", str(value).lower() if isinstance(value, bool) else str(value))]


def _same_token(system: str, code: str, asked: Asked) -> bool:
    return asked.system in {None, system} and (not asked.code or asked.code.casefold() == code.casefold())


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    names = (
        "text",
        "family",
        "given",
        "prefix",
        "suffix",
        "line",
        "city",
        "district",
        "state",
        "postalCode",
        "country",
    )
    parts = [value.get(name) or () for name in names]
    return [text for part in parts for text in ([part] if isinstance(part, str) else part)]


def _same_words(modifier: str, text: str, asked: str) -> bool:
    if modifier == "exact":
        return text == asked
    if modifier == "contains":
        return normalise(asked) in normalise(text)
    return normalise(text).startswith(normalise(asked))


def _span(leaf: str, value: Any) -> Range | None:
    if leaf == "Period":
        start, end = value.get("start"), value.get("end")
        low, high = date_range(start) if start else None, date_range(end) if end else None
        return (low[0] if low else ALWAYS, high[1] if high else FOREVER) if low or high else None
    if leaf == "Timing":
        return _timing(value)
    return date_range(value) if leaf in {"date", "dateTime", "instant"} else None


def _timing(value: dict[str, Any]) -> Range | None:
    spans = [date_range(event) for event in value.get("event", ())]
    spans.append(_span("Period", value.get("repeat", {}).get("boundsPeriod", {})))
    known = [span for span in spans if span]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _in_order(prefix: str, asked: Range, row: Range) -> bool:
    (low, high), (start, end) = asked, row
    contains = low <= start and end <= high
    return {
        "eq": contains,
        "ne": not contains,
        "gt": end > high,
        "lt": start < low,
        "ge": end > high or contains,
        "le": start < low or contains,
        "sa": start >= high,
        "eb": end <= low,
    }[prefix]


def _points_to(value: Any, asked: str) -> bool:
    if isinstance(value, str):
        return asked in {value, value.partition("|")[0]}
    return asked in {value.get("reference"), str(value.get("reference")).partition("/_history")[0]}


def _same_quantity(leaf: str, value: Any, asked: Asked) -> bool:
    interval, holder = _interval(leaf, value)
    if interval == (None, None):
        return False
    number = Decimal(asked.text)
    factor = Decimal(1)
    if asked.code:
        known, mine = unit(asked.code), unit(holder.get("code", "")) if holder.get("system") == UCUM else None
        if asked.system == UCUM and known and mine:
            if known.dimension != mine.dimension:
                return False
            low, high = (None if end is None else mine.canonical(end) for end in interval)
            return _numbers_in_order(asked.prefix, number, (low, high), known.canonical)
        if (asked.system, asked.code) != (holder.get("system"), holder.get("code")):
            return False
    return _numbers_in_order(asked.prefix, number, interval, lambda one: one * factor)


def _interval(leaf: str, value: Any) -> tuple[Interval, dict[str, Any]]:
    if leaf == "Range":
        low, high = value.get("low", {}), value.get("high", {})
        return (decimal_of(low.get("value")), decimal_of(high.get("value"))), low or high
    if leaf == "SampledData":
        points = [Decimal(point) for point in str(value.get("data", "")).split() if point not in "EUL"]
        ends = [
            (decimal_of(value["origin"].get("value")) or 0) + (decimal_of(value.get("factor")) or 1) * point
            for point in points
        ]
        return (min(ends, default=None), max(ends, default=None)), value["origin"]
    holder = value if isinstance(value, dict) else {"value": value}
    number = decimal_of(holder.get("value"))
    if leaf == "Money":
        holder = {"system": "urn:iso:std:iso:4217", "code": holder.get("currency")}
    comparator = holder.get("comparator", "")[:1]
    return (None if comparator == "<" else number, None if comparator == ">" else number), holder


def _numbers_in_order(prefix: str, number: Decimal, interval: Interval, canonical: Any) -> bool:
    below, above = (canonical(end) for end in precision_range(number))
    exact = canonical(number)
    low = Decimal("-Infinity") if interval[0] is None else interval[0]
    high = Decimal("Infinity") if interval[1] is None else interval[1]
    contains = below <= low and high < above
    answers: dict[str, bool] = {
        "eq": contains,
        "ne": not contains,
        "gt": high > exact,
        "lt": low < exact,
        "ge": high >= exact,
        "le": low <= exact,
        "sa": low > exact,
        "eb": high < exact,
    }
    return answers[prefix]
