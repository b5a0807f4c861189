"""Precision and what a partial value may still be: precision, lowBoundary, highBoundary. Source: FHIRPath 2.1 (STU)."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.nodes import EMPTY, FALSE, TRUE, Compiled, Failure, Frame, Items
from usager_server.fhirpath.quantity import CONTEXT, Quantity, canonical
from usager_server.fhirpath.temporal import Temporal, last_day
from usager_server.fhirpath.values import single, type_name, wanted

_DECIMALS = 8
_DIGITS = {"Date": (4, 6, 8), "DateTime": (4, 6, 8, 10, 12, 14), "Time": (2, 4, 6)}
_MILLISECONDS = {"DateTime": 17, "Time": 9}
_FINEST = {"Date": 8, "DateTime": 17, "Time": 9}


@function("precision")
def precision(frame: Frame, source: Items) -> Items:
    """Return the number of decimals of a Decimal, of digits of a date or time."""
    value = single(source)
    if isinstance(value, Temporal):
        digits = _DIGITS[value.kind][len(value.parts) - 1]
        return [_MILLISECONDS[value.kind] if value.fraction else digits]
    if isinstance(value, Decimal):
        return [_places(value)]
    return [0] if isinstance(value, int) and not isinstance(value, bool) else EMPTY


@function("lowBoundary", 0, 1)
def low_boundary(frame: Frame, source: Items, digits: Compiled | None = None) -> Items:
    """Return the least that the value may be."""
    return _boundary(frame, source, digits, low=True)


@function("highBoundary", 0, 1)
def high_boundary(frame: Frame, source: Items, digits: Compiled | None = None) -> Items:
    """Return the most that the value may be."""
    return _boundary(frame, source, digits, low=False)


def _boundary(frame: Frame, source: Items, digits: Compiled | None, *, low: bool) -> Items:
    value = single(source)
    if value is None:
        return EMPTY
    wished = wanted(digits(frame), int, "an Integer") if digits else None
    found: Any
    if isinstance(value, Temporal):
        found = _time_boundary(value, _FINEST[value.kind] if wished is None else wished, low=low)
    elif isinstance(value, Quantity):
        number = _number_boundary(value.value, wished, low=low)
        found = None if number is None else Quantity(number, value.unit)
    elif isinstance(value, int | Decimal) and not isinstance(value, bool):
        found = _number_boundary(Decimal(value), wished, low=low)
    else:
        raise Failure(f"{type_name(value)} has no boundaries")
    return EMPTY if found is None else [found]


def _number_boundary(value: Decimal, places: int | None, *, low: bool) -> Decimal | None:
    places = _DECIMALS if places is None else places
    if not 0 <= places <= 28 or value.adjusted() > 9:
        return None
    half = Decimal(5).scaleb(-_places(value) - 1)
    edge = value - half if low else value + half
    return edge.quantize(Decimal(1).scaleb(-places), ROUND_FLOOR if low else ROUND_CEILING, CONTEXT)


def _places(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _time_boundary(value: Temporal, digits: int, *, low: bool) -> Temporal | None:
    steps = _DIGITS[value.kind]
    finest = _MILLISECONDS.get(value.kind)
    if digits not in steps and digits != finest:
        return None
    count = len(steps) if digits == finest else steps.index(digits) + 1
    parts = _filled(value, low=low)[:count]
    fraction = (value.fraction + ("000" if low else "999"))[:3] if digits == finest else ""
    if value.fraction and digits == finest:
        fraction = value.fraction.ljust(3, "0" if low else "9")
    offset = value.offset
    if value.kind == "DateTime" and offset is None and count > 3:
        offset = 14 * 60 if low else -12 * 60  # the earliest and the latest clocks on earth
    return value._replace(parts=parts, fraction=fraction, offset=offset if count > 3 else None)


def _filled(value: Temporal, *, low: bool) -> tuple[int, ...]:
    if value.kind == "Time":
        return (*value.parts, *((0, 0, 0) if low else (23, 59, 59))[len(value.parts) :])
    year, month, *_ = (*value.parts, 1 if low else 12)
    rest = (year, month, 1, 0, 0, 0) if low else (year, month, last_day(year, month), 23, 59, 59)
    return (*value.parts, *rest[len(value.parts) :])


@function("comparable", 1)
def comparable(frame: Frame, source: Items, other: Compiled) -> Items:
    """Tell whether two Quantities can be compared: their units are of one dimension."""
    left, right = wanted(source, Quantity, "a Quantity"), wanted(other(frame), Quantity, "a Quantity")
    if left is None or right is None:
        return EMPTY
    ours, theirs = canonical(left), canonical(right)
    same = left.unit == right.unit or (ours is not None and theirs is not None and ours[0] == theirs[0])
    return TRUE if same else FALSE
