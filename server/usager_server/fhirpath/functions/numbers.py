"""Numbers: abs, round, power, ... Source: FHIRPath N1, 5.7.

What has no result raises a DecimalException, which the compiler turns into the empty collection.
"""

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal

from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.nodes import EMPTY, Compiled, Failure, Frame, Items
from usager_server.fhirpath.operators import bounded, whole
from usager_server.fhirpath.quantity import CONTEXT, Quantity
from usager_server.fhirpath.values import wanted

_PLACES = 28


def number(items: Items) -> int | Decimal | None:
    """Return the one number. Errors: Failure on another kind."""
    found: int | Decimal | None = wanted(items, (int, Decimal), "a number")
    return found


def _rounding(name: str, direction: str) -> None:
    @function(name)
    def apply(frame: Frame, source: Items) -> Items:
        value = number(source)
        if value is None or isinstance(value, int):
            return source[:1] if value is not None else EMPTY
        return bounded(frame, whole(value.to_integral_value(direction)) if value.adjusted() < 20 else None)


_rounding("ceiling", ROUND_CEILING)
_rounding("floor", ROUND_FLOOR)
_rounding("truncate", ROUND_DOWN)


def _real(name: str, compute: Callable[[Decimal], Decimal]) -> None:
    @function(name)
    def apply(frame: Frame, source: Items) -> Items:
        value = number(source)
        return EMPTY if value is None else [compute(Decimal(value))]


_real("exp", CONTEXT.exp)
_real("ln", CONTEXT.ln)
_real("sqrt", CONTEXT.sqrt)


@function("log", 1)
def log(frame: Frame, source: Items, base: Compiled) -> Items:
    """Return the logarithm to a base."""
    value, to = number(source), number(base(frame))
    if value is None or to is None:
        return EMPTY
    # one guard digit less than the context: 16.log(2) is 4, not 3.999...
    return [_rounded(CONTEXT.divide(CONTEXT.ln(Decimal(value)), CONTEXT.ln(Decimal(to))))]


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-_PLACES), context=CONTEXT).normalize(CONTEXT)


@function("power", 1)
def power(frame: Frame, source: Items, exponent: Compiled) -> Items:
    """Return the number raised to a power; an Integer when both are and the result is."""
    value, to = number(source), number(exponent(frame))
    if value is None or to is None:
        return EMPTY
    found = CONTEXT.power(Decimal(value), Decimal(to))
    if isinstance(value, int) and isinstance(to, int) and to >= 0:
        return bounded(frame, whole(found))
    return [found]


@function("round", 0, 1)
def round_(frame: Frame, source: Items, precision: Compiled | None = None) -> Items:
    """Return the number with so many decimals, halves away from zero."""
    value = number(source)
    places = wanted(precision(frame), int, "an Integer") if precision else 0
    if value is None or places is None:
        return EMPTY
    if not 0 <= places <= _PLACES:
        raise Failure(f"round() takes a precision from 0 to {_PLACES}, not {places}")
    return [Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, CONTEXT)]


@function("abs")
def abs_(frame: Frame, source: Items) -> Items:
    """Return the number, or the Quantity, without its sign."""
    value = wanted(source, (int, Decimal, Quantity), "a number")
    if isinstance(value, Quantity):
        return [Quantity(abs(value.value), value.unit)]
    return EMPTY if value is None else [abs(value)]
