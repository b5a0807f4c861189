"""Conversions: toInteger, convertsToDate, ... Source: FHIRPath N1, 5.5."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.nodes import EMPTY, FALSE, TRUE, Frame, Items, Node
from usager_server.fhirpath.operators import MOST
from usager_server.fhirpath.quantity import CALENDAR, Quantity
from usager_server.fhirpath.temporal import Temporal, parse_date, parse_datetime, parse_time
from usager_server.fhirpath.values import single

_INTEGER = re.compile(r"[+-]?\d{1,19}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?\d{1,60}(\.\d{1,60})?", re.ASCII)
_QUANTITY = re.compile(r"([+-]?\d{1,60}(?:\.\d{1,60})?)\s*(?:'([^']+)'|([a-zA-Z]+))?", re.ASCII)
_WORDS = {"true": True, "t": True, "yes": True, "y": True, "1": True, "1.0": True}
_WORDS |= {"false": False, "f": False, "no": False, "n": False, "0": False, "0.0": False}


def to_boolean(value: Any) -> bool | None:
    """Return a Boolean, or None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | Decimal):
        return {Decimal(0): False, Decimal(1): True}.get(Decimal(value))
    return _WORDS.get(value.lower()) if isinstance(value, str) else None


def to_integer(value: Any) -> int | None:
    """Return an Integer, or None."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        number = int(value)
        return number if abs(number) <= MOST else None
    return None


def to_decimal(value: Any) -> Decimal | None:
    """Return a Decimal, or None."""
    if isinstance(value, int | Decimal):
        return Decimal(value)
    return Decimal(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else None


def to_string(value: Any) -> str | None:
    """Return the text of a value, or None."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < 100 else str(value)
    if isinstance(value, int):
        return str(value) if abs(value) <= MOST else None
    return str(value) if isinstance(value, str | Temporal | Quantity) else None


def to_quantity(value: Any) -> Quantity | None:
    """Return a Quantity, or None."""
    if isinstance(value, Quantity):
        return value
    if isinstance(value, int | Decimal):
        return Quantity(Decimal(value))
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match[3] and match[3] not in CALENDAR):
        return None
    return Quantity(Decimal(match[1]), match[2] or match[3] or "1")


def to_date(value: Any) -> Temporal | None:
    """Return a Date, or None."""
    if isinstance(value, Temporal):
        return None if value.kind == "Time" else Temporal("Date", value.parts[:3])
    if not isinstance(value, str):
        return None
    return parse_date(value) or to_date(parse_datetime(value))


def to_datetime(value: Any) -> Temporal | None:
    """Return a DateTime, or None."""
    if isinstance(value, Temporal):
        return None if value.kind == "Time" else Temporal("DateTime", value.parts, value.fraction, value.offset)
    return parse_datetime(value) if isinstance(value, str) else None


def to_time(value: Any) -> Temporal | None:
    """Return a Time, or None."""
    if isinstance(value, Temporal):
        return value if value.kind == "Time" else None
    return parse_time(value.removeprefix("T")) if isinstance(value, str) else None


def _conversion(name: str, convert: Callable[[Any], Any]) -> None:
    def to(frame: Frame, source: Items) -> Items:
        value = single(source)
        found = None if value is None or isinstance(value, Node) else convert(value)
        return EMPTY if found is None else [found]

    def converts(frame: Frame, source: Items) -> Items:
        value = single(source)
        if value is None:
            return EMPTY
        return FALSE if isinstance(value, Node) or convert(value) is None else TRUE

    function(f"to{name}")(to)
    function(f"convertsTo{name}")(converts)


_conversion("Boolean", to_boolean)
_conversion("Integer", to_integer)
_conversion("Decimal", to_decimal)
_conversion("String", to_string)
_conversion("Quantity", to_quantity)
_conversion("Date", to_date)
_conversion("DateTime", to_datetime)
_conversion("Time", to_time)
