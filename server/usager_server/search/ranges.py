"""Prefixes (eq, ne, gt, ge, lt, le, sa, eb, ap) -> what the low and the high end of a row must be.

Source  FHIR R4 search.html#prefix: the range of the query against the range of the resource.
"""

from collections.abc import Sequence
from decimal import Decimal
from math import inf, nextafter

from usager_server.search.dates import ALWAYS, CLASSES, FOREVER, Range, parse_date
from usager_server.search.names import INTERVAL
from usager_server.search.numbers import precision_range
from usager_server.search.query import Value

DateBounds = tuple[int, int, int, int]
"""low >= a and low < b and high >= c and high <= d"""

NumberBounds = tuple[float, float, float, float]
"""low >= a and low <= b and high >= c and high <= d"""

_LAST = FOREVER + 1


def date_bounds(prefix: str, asked: Range, now: int) -> Sequence[DateBounds]:
    """Return the bounds, any of which a row must meet. now: for `ap`: its margin is a tenth of the time until then."""
    low, high = asked
    inside = (low, high, ALWAYS, high)
    before, after = (ALWAYS, low, ALWAYS, FOREVER), (ALWAYS, _LAST, high + 1, FOREVER)
    match prefix:
        case "eq":
            return [inside]
        case "ne":
            return [before, (low, _LAST, high + 1, FOREVER)]
        case "gt":
            return [after]
        case "ge":
            return [after, inside]
        case "lt":
            return [before]
        case "le":
            return [before, inside]
        case "sa":
            return [(high, _LAST, ALWAYS, FOREVER)]
        case "eb":
            return [(ALWAYS, low, ALWAYS, low)]
    margin = abs(now - low) // 10
    return [(ALWAYS, high + margin, low - margin + 1, FOREVER)]


def dates_by_class(bounds: DateBounds) -> Sequence[tuple[str, DateBounds]]:
    """Return the suffix of each class of durations with the bounds, the range of low narrowed by that of high."""
    low_from, low_to, high_from, high_to = bounds
    return [
        (suffix, (max(low_from, high_from - longest), low_to, high_from, high_to))
        for suffix, longest in CLASSES
        if max(low_from, high_from - longest) < low_to
    ]


def instant_bounds(prefix: str, asked: Range, now: int) -> Sequence[Range]:
    """Return the ranges [from, to) for a moment (`_lastUpdated`), any of which it must lie in."""
    low, high = asked
    match prefix:
        case "eq":
            return [asked]
        case "ne":
            return [(ALWAYS, low), (high, FOREVER)]
        case "gt" | "sa":
            return [(high, FOREVER)]
        case "ge":
            return [(low, FOREVER)]
        case "lt" | "eb":
            return [(ALWAYS, low)]
        case "le":
            return [(ALWAYS, high)]
    margin = abs(now - low) // 10
    return [(low - margin, high + margin)]


def number_bounds(
    prefix: str, number: Decimal, around: tuple[Decimal, Decimal] | None = None
) -> Sequence[NumberBounds]:
    """Return the bounds, any of which a row must meet.

    Shape   number: the one of the query; around: the numbers that round to it (eq and ne alone regard precision).
    """
    exact = float(number)
    low, high = (float(end) for end in (around or precision_range(number)))
    high = max(high, nextafter(exact, inf))  # digits that a float has not: the number itself stays in
    below = nextafter(high, -inf)
    match prefix:
        case "eq":
            return [(low, below, low, below)]
        case "ne":
            return [(-inf, nextafter(low, -inf), -inf, inf), (low, inf, high, inf)]
        case "gt":
            return [(-inf, inf, nextafter(exact, inf), inf)]
        case "ge":
            return [(-inf, inf, exact, inf)]
        case "lt":
            return [(-inf, nextafter(exact, -inf), -inf, inf)]
        case "le":
            return [(-inf, exact, -inf, inf)]
        case "sa":
            return [(nextafter(exact, inf), inf, -inf, inf)]
        case "eb":
            return [(-inf, inf, -inf, nextafter(exact, -inf))]
    margin = abs(exact) / 10
    return [(-inf, exact + margin, exact - margin, inf)]


def numbers_by_class(bounds: NumberBounds) -> Sequence[tuple[str, NumberBounds]]:
    """Return the bounds for points, whose two ends are one, and for intervals."""
    low_from, low_to, high_from, high_to = bounds
    low, high = max(low_from, high_from), min(low_to, high_to)
    points = [("", (low, high, low, high))] if low <= high else []
    return [*points, (INTERVAL, bounds)]


def updated_ranges(value: Value, now: int) -> Sequence[Range]:
    """Return the ranges of `_lastUpdated` for one value."""
    return instant_bounds(value.prefix, parse_date(value.text, "_lastUpdated"), now)
