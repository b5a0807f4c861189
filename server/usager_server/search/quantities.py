"""Quantities of a resource -> intervals, as written and in canonical units."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from usager_server.search.names import INTERVAL, in_dimension, in_unit
from usager_server.search.numbers import HIGHEST, LOWEST, decimal_of
from usager_server.units.ucum import UCUM, Unit, unit

Interval = tuple[str, float, float]
"""The suffix of the parameter's name, low, high (both inclusive)."""

MONEY_SYSTEM = "urn:iso:std:iso:4217"

_Bounds = tuple[Decimal | None, Decimal | None]


def quantity_intervals(value: dict[str, Any], kind: str, *, texts: bool = True) -> Sequence[Interval]:
    """Return every way in which a quantity may be asked for.

    Shape   kind is Quantity or one of its children, Money, Range, or SampledData. texts: also by the words of its
            unit, though its code is known.
    """
    if kind == "Range":
        low, high = value.get("low") or {}, value.get("high") or {}
        return _intervals(low or high, (decimal_of(low.get("value")), decimal_of(high.get("value"))), texts)
    if kind == "SampledData":
        return _intervals(value.get("origin") or {}, _sampled(value), texts)
    number = decimal_of(value.get("value"))
    if number is None:
        return ()
    if kind == "Money":
        currency = value.get("currency")
        value = {"system": MONEY_SYSTEM, "code": currency} if currency else {}
    return _intervals(value, _compared(number, value.get("comparator")), texts)


def number_interval(value: Any, kind: str) -> Interval | None:
    """Return the interval of a number, or of a Range without its unit."""
    if kind == "Range":
        found = quantity_intervals(value, kind)
        return found[0] if found else None
    number = decimal_of(value)
    return None if number is None else _interval("", (number, number))


def _intervals(holder: dict[str, Any], bounds: _Bounds, texts: bool) -> Sequence[Interval]:
    if bounds == (None, None):
        return ()
    system, code, text = holder.get("system"), holder.get("code"), holder.get("unit")
    known = unit(code) if system == UCUM and code else None
    found = [_interval("", bounds)]
    if known is not None:
        found.append(_interval(in_dimension(known), _canonical(known, bounds)))
    elif code:
        found.append(_interval(in_unit(system or "", code), bounds))
        found.append(_interval(in_unit("", code), bounds))
    if text and text != code and (texts or known is None):
        found.append(_interval(in_unit("", text), bounds))
    return found


def _canonical(known: Unit, bounds: _Bounds) -> _Bounds:
    low, high = bounds
    return (None if low is None else known.canonical(low), None if high is None else known.canonical(high))


def _interval(suffix: str, bounds: _Bounds) -> Interval:
    low = LOWEST if bounds[0] is None else float(bounds[0])
    high = HIGHEST if bounds[1] is None else float(bounds[1])
    return (suffix if low == high else suffix + INTERVAL, low, high)


def _compared(number: Decimal, comparator: str | None) -> _Bounds:
    # "<5" is every number below 5; whether 5 itself is in is a hair that searches by range do not split.
    if comparator in {"<", "<="}:
        return None, number
    if comparator in {">", ">="}:
        return number, None
    return number, number


def _sampled(value: dict[str, Any]) -> _Bounds:
    origin = decimal_of((value.get("origin") or {}).get("value"))
    factor = decimal_of(value.get("factor")) or Decimal(1)
    points = [number for text in str(value.get("data", "")).split() if (number := _point(text)) is not None]
    if origin is None or not points:
        return None, None
    ends = origin + factor * min(points), origin + factor * max(points)
    return min(ends), max(ends)


def _point(text: str) -> Decimal | None:
    try:
        number = Decimal(text)  # E, U and L stand for errors and values out of range
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
