"""The operators between two expressions. Source: FHIRPath N1, chapter 6."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from usager_server.fhirpath import quantity, temporal
from usager_server.fhirpath.comparing import (
    distinct,
    equal,
    equal_collections,
    equivalent_collections,
    key,
    order,
)
from usager_server.fhirpath.nodes import EMPTY, FALSE, TRUE, Compiled, Failure, Frame, Items
from usager_server.fhirpath.quantity import CALENDAR, CONTEXT, Quantity
from usager_server.fhirpath.temporal import Temporal
from usager_server.fhirpath.values import boolean, single, type_name, value_of

Operator: TypeAlias = Callable[[Frame, Compiled, Compiled], Items]

MOST = 2**63
_LONGEST = 10_000_000


def truth(value: bool | None) -> Items:
    """Return a Boolean as a collection."""
    return TRUE if value is True else FALSE if value is False else EMPTY


def _and(frame: Frame, left: Compiled, right: Compiled) -> Items:
    one = boolean(left(frame))
    if one is False:
        return FALSE
    other = boolean(right(frame))
    return FALSE if other is False else TRUE if one and other else EMPTY


def _or(frame: Frame, left: Compiled, right: Compiled) -> Items:
    one = boolean(left(frame))
    if one is True:
        return TRUE
    other = boolean(right(frame))
    return TRUE if other is True else EMPTY if one is None or other is None else FALSE


def _xor(frame: Frame, left: Compiled, right: Compiled) -> Items:
    one, other = boolean(left(frame)), boolean(right(frame))
    return EMPTY if one is None or other is None else truth(one is not other)


def _implies(frame: Frame, left: Compiled, right: Compiled) -> Items:
    one = boolean(left(frame))
    if one is False:
        return TRUE
    other = boolean(right(frame))
    return TRUE if other is True else EMPTY if one is None or other is None else FALSE


def _equal(frame: Frame, left: Compiled, right: Compiled) -> Items:
    return truth(equal_collections(left(frame), right(frame)))


def _unequal(frame: Frame, left: Compiled, right: Compiled) -> Items:
    same = equal_collections(left(frame), right(frame))
    return EMPTY if same is None else truth(not same)


def _equivalent(frame: Frame, left: Compiled, right: Compiled) -> Items:
    one, other = left(frame), right(frame)
    frame.run.spend(len(one) * len(other))
    return truth(equivalent_collections(one, other))


def _inequivalent(frame: Frame, left: Compiled, right: Compiled) -> Items:
    return FALSE if _equivalent(frame, left, right) is TRUE else TRUE


def _ordered(accept: Callable[[int], bool]) -> Operator:
    def compare(frame: Frame, left: Compiled, right: Compiled) -> Items:
        one, other = single(left(frame)), single(right(frame))
        if one is None or other is None:
            return EMPTY
        found = order(one, other)
        return EMPTY if found is None else truth(accept(found))

    return compare


def _union(frame: Frame, left: Compiled, right: Compiled) -> Items:
    together = left(frame) + right(frame)
    frame.run.spend(len(together))
    return distinct(together)


def _in(frame: Frame, left: Compiled, right: Compiled) -> Items:
    return _membership(frame, left(frame), right(frame))


def _contains(frame: Frame, left: Compiled, right: Compiled) -> Items:
    return _membership(frame, right(frame), left(frame))


def _membership(frame: Frame, wanted: Items, among: Items) -> Items:
    if not wanted:
        return EMPTY
    if len(wanted) > 1:
        raise Failure(f"one item was expected here, not {len(wanted)}")
    frame.run.spend(len(among))
    value = value_of(wanted[0])
    if isinstance(value, Temporal | Quantity):
        return truth(any(equal(value, item) for item in among))
    mark = key(wanted[0])
    return truth(any(key(item) == mark for item in among))


def _arithmetic(name: str, act: Callable[[Any, Any], Any]) -> Operator:
    def operate(frame: Frame, left: Compiled, right: Compiled) -> Items:
        one, other = single(left(frame)), single(right(frame))
        if one is None or other is None:
            return EMPTY
        if isinstance(one, bool) or isinstance(other, bool):
            raise _unfit(name, one, other)
        found = act(one, other)
        if found is NotImplemented:
            raise _unfit(name, one, other)
        return bounded(frame, found)

    return operate


def _unfit(name: str, one: Any, other: Any) -> Failure:
    return Failure(f"{name} does not work between {type_name(one)} and {type_name(other)}")


def bounded(frame: Frame, value: Any) -> Items:
    """Return a value as a collection: empty when a number overflows; a long text is paid for from the budget."""
    if isinstance(value, int) and abs(value) > MOST:
        return EMPTY
    if isinstance(value, str):
        frame.run.spend(len(value) // 100)
        if len(value) > _LONGEST:
            return EMPTY
    return EMPTY if value is None else [value]


def _number(value: Any) -> bool:
    return isinstance(value, int | Decimal)


def _add(one: Any, other: Any) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        return one + other
    if isinstance(one, str) and isinstance(other, str):
        return one + other
    if _number(one) and _number(other):
        return CONTEXT.add(Decimal(one), Decimal(other))
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, 1)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return quantity.add(one, other)
    return NotImplemented


def _subtract(one: Any, other: Any) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        return one - other
    if _number(one) and _number(other):
        return CONTEXT.subtract(Decimal(one), Decimal(other))
    if isinstance(one, Temporal) and isinstance(other, Quantity):
        return _moved(one, other, -1)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return quantity.add(one, other, -1)
    return NotImplemented


def _moved(moment: Temporal, by: Quantity, sign: int) -> Temporal | None:
    unit = by.calendar
    if unit is None:
        raise Failure(f"a date cannot be moved by {by}: use one of {', '.join(sorted(CALENDAR))}")
    return temporal.add(moment, sign * by.value, unit)


def _multiply(one: Any, other: Any) -> Any:
    if isinstance(one, int) and isinstance(other, int):
        return one * other
    if _number(one) and _number(other):
        return CONTEXT.multiply(Decimal(one), Decimal(other))
    ours, theirs = _measured(one), _measured(other)
    return NotImplemented if ours is None or theirs is None else quantity.multiply(ours, theirs)


def _divide(one: Any, other: Any) -> Any:
    if _number(one) and _number(other):
        return CONTEXT.divide(Decimal(one), Decimal(other))
    ours, theirs = _measured(one), _measured(other)
    return NotImplemented if ours is None or theirs is None else quantity.divide(ours, theirs)


def _measured(value: Any) -> Quantity | None:
    return value if isinstance(value, Quantity) else Quantity(Decimal(value)) if _number(value) else None


def _div(one: Any, other: Any) -> Any:
    if not (_number(one) and _number(other)):
        return NotImplemented
    return whole(CONTEXT.divide_int(Decimal(one), Decimal(other)))


def _mod(one: Any, other: Any) -> Any:
    if not (_number(one) and _number(other)):
        return NotImplemented
    found = CONTEXT.remainder(Decimal(one), Decimal(other))
    return whole(found) if isinstance(one, int) and isinstance(other, int) else found


def whole(number: Decimal) -> int | None:
    """Return a number without its decimals, or None when it is too large for an Integer."""
    return int(number) if number.adjusted() < 20 else None


def _concatenate(frame: Frame, left: Compiled, right: Compiled) -> Items:
    texts = [value if value is not None else "" for value in (single(left(frame)), single(right(frame)))]
    if not all(isinstance(text, str) for text in texts):
        raise _unfit("&", *texts)
    return bounded(frame, texts[0] + texts[1])


OPERATORS: Mapping[str, Operator] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
    "=": _equal,
    "!=": _unequal,
    "~": _equivalent,
    "!~": _inequivalent,
    "<": _ordered(lambda found: found < 0),
    ">": _ordered(lambda found: found > 0),
    "<=": _ordered(lambda found: found <= 0),
    ">=": _ordered(lambda found: found >= 0),
    "|": _union,
    "in": _in,
    "contains": _contains,
    "+": _arithmetic("+", _add),
    "-": _arithmetic("-", _subtract),
    "*": _arithmetic("*", _multiply),
    "/": _arithmetic("/", _divide),
    "div": _arithmetic("div", _div),
    "mod": _arithmetic("mod", _mod),
    "&": _concatenate,
}
