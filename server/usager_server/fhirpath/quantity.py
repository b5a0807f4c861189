"""Quantities of FHIRPath: a number with a UCUM code, or with a calendar word such as `year`."""

from dataclasses import dataclass
from decimal import Context, Decimal

from usager_server.units.ucum import unit as ucum_unit

CONTEXT = Context(prec=38)

_SINGULAR = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
CALENDAR = {word: single for single in _SINGULAR for word in (single, single + "s")}
_DEFINITE = {"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms"}
_FROM_UCUM = {"a": "year", "mo": "month"} | {code: word for word, code in _DEFINITE.items()}
_INDEFINITE = {"year": "a", "month": "mo"}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit, "1" when it has none."""

    value: Decimal
    unit: str = "1"

    def __str__(self) -> str:
        return f"{self.value} {self.unit}" if self.unit in CALENDAR else f"{self.value} '{self.unit}'"

    @property
    def calendar(self) -> str | None:
        """Return the calendar word that the unit is, or that its UCUM code means for certain (`wk`, not `mo`)."""
        return CALENDAR.get(self.unit) or (None if self.unit in ("a", "mo") else _FROM_UCUM.get(self.unit))


def from_fhir(value: Decimal, code: str) -> Quantity:
    """Return a FHIR Quantity with a UCUM code: a and mo mean the calendar's year and month there.

    Source  FHIR R4 fhirpath.html, "Use of FHIR Quantity".
    """
    return Quantity(value, {"a": "year", "mo": "month"}.get(code, code))


def _ucum(word: str, *, loosely: bool = False) -> str:
    single = CALENDAR.get(word, word)
    if loosely:
        single = _INDEFINITE.get(single, single)
    return _DEFINITE.get(single, single)


def canonical(quantity: Quantity, *, loosely: bool = False) -> tuple[str, Decimal] | None:
    """Return the dimension and the value in base units; None when the unit is not known.

    Shape   a calendar year or month is a dimension of its own, unless loosely: then it is UCUM's mean one.
    """
    code = _ucum(quantity.unit, loosely=loosely)
    if code in _INDEFINITE:
        return "calendar month", CONTEXT.multiply(quantity.value, Decimal(12 if code == "year" else 1))
    unit = ucum_unit(code)
    return (unit.dimension, unit.canonical(quantity.value)) if unit else None


def aligned(left: Quantity, right: Quantity, *, loosely: bool = False) -> tuple[Decimal, Decimal] | None:
    """Return the two values in one unit; None when they cannot be compared."""
    if _ucum(left.unit, loosely=loosely) == _ucum(right.unit, loosely=loosely):
        return left.value, right.value
    ours, theirs = canonical(left, loosely=loosely), canonical(right, loosely=loosely)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return None
    return ours[1], theirs[1]


def add(left: Quantity, right: Quantity, sign: int = 1) -> Quantity | None:
    """Return the sum in the unit of the left; None when the units do not fit."""
    ours, theirs = canonical(Quantity(Decimal(1), left.unit)), canonical(right)
    if _ucum(left.unit) == _ucum(right.unit):
        return Quantity(CONTEXT.add(left.value, sign * right.value), left.unit)
    if ours is None or theirs is None or ours[0] != theirs[0]:
        return None
    return Quantity(CONTEXT.add(left.value, CONTEXT.divide(sign * theirs[1], ours[1])), left.unit)


def multiply(left: Quantity, right: Quantity) -> Quantity:
    """Return the product; its unit is the product of the units."""
    return Quantity(CONTEXT.multiply(left.value, right.value), _joined(left.unit, ".", right.unit))


def divide(left: Quantity, right: Quantity) -> Quantity:
    """Return the quotient; its unit is the quotient of the units."""
    same = _ucum(left.unit) == _ucum(right.unit)
    return Quantity(CONTEXT.divide(left.value, right.value), "1" if same else _joined(left.unit, "/", right.unit))


def _joined(left: str, operator: str, right: str) -> str:
    ours, theirs = _ucum(left, loosely=True), _ucum(right, loosely=True)
    if theirs == "1":
        return left
    if any(mark in theirs for mark in "./"):
        theirs = f"({theirs})"
    if ours == "1":
        return theirs if operator == "." else f"/{theirs}"
    return f"{ours}{operator}{theirs}"
