"""Equality, equivalence and order of items and collections. Source: FHIRPath N1, 6.1 and 6.2."""

from collections.abc import Hashable
from decimal import ROUND_HALF_UP, Decimal, DecimalException
from typing import Any

import orjson

from usager_server.fhirpath import temporal
from usager_server.fhirpath.nodes import Failure, Items, Node
from usager_server.fhirpath.quantity import CONTEXT, Quantity, aligned, canonical
from usager_server.fhirpath.temporal import Temporal
from usager_server.fhirpath.values import decimal_of, type_name, value_of

Number = (int, Decimal)


def equal_collections(left: Items, right: Items) -> bool | None:
    """Tell whether two collections hold equal items in the same order; None when that is unknown."""
    if not left or not right:
        return None
    if len(left) != len(right):
        return False
    unknown = False
    for one, other in zip(left, right, strict=True):
        same = equal(one, other)
        if same is False:
            return False
        unknown = unknown or same is None
    return None if unknown else True


def equal(one: Any, other: Any) -> bool | None:
    """Tell whether two items are equal; None when their precision or their units do not let it be said."""
    left, right = value_of(one), value_of(other)
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Number) and isinstance(right, Number):
        return bool(left == right)
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        return _equal_times(left, right)
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return _equal_quantities(left, right)
    return bool(key(one) == key(other))


def _equal_times(left: Temporal, right: Temporal) -> bool | None:
    if (left.kind == "Time") != (right.kind == "Time"):
        return False
    order = temporal.compare(left, right)
    return None if order is None else order == 0


def _equal_quantities(left: Any, right: Any) -> bool | None:
    ours, theirs = _as_quantity(left), _as_quantity(right)
    if ours is None or theirs is None:
        return False
    pair = aligned(ours, theirs)
    return None if pair is None else pair[0] == pair[1]


def _as_quantity(value: Any) -> Quantity | None:
    if isinstance(value, Number) and not isinstance(value, bool):
        return Quantity(Decimal(value))
    return value if isinstance(value, Quantity) else None


def key(item: Any) -> Hashable:
    """Return what equal items share, so that collections are compared in one pass."""
    value = value_of(item)
    if isinstance(value, str):
        return ("string", value)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, Number):
        return ("number", value)
    if isinstance(value, Temporal):
        return ("time", temporal.key(value))
    if isinstance(value, Quantity):
        return ("quantity", canonical(value) or (value.unit, value.value))
    if isinstance(value, Node):
        return ("tree", _text(value.value))
    if isinstance(item, Node):  # a primitive that has only extensions
        return ("tree", _text(item.extra))
    return value  # type: ignore[no-any-return]


def _text(tree: Any) -> bytes:
    return orjson.dumps(tree, default=_digits, option=orjson.OPT_SORT_KEYS)


def _digits(number: Any) -> Any:
    found = decimal_of(number)
    return None if found is None else str(found.normalize(CONTEXT))


def distinct(items: Items) -> Items:
    """Return the items without repetition, each where it first stood."""
    seen: set[Hashable] = set()
    found = []
    for item in items:
        mark = key(item)
        if mark not in seen:
            seen.add(mark)
            found.append(item)
    return found


def equivalent_collections(left: Items, right: Items) -> bool:
    """Tell whether two collections hold equivalent items, in any order."""
    if len(left) != len(right):
        return False
    rest = list(right)
    for item in left:
        at = next((number for number, other in enumerate(rest) if equivalent(item, other)), None)
        if at is None:
            return False
        del rest[at]
    return True


def equivalent(one: Any, other: Any) -> bool:
    """Tell whether two items mean the same: text without case and spacing, numbers to the lesser precision."""
    left, right = value_of(one), value_of(other)
    if isinstance(left, str) and isinstance(right, str):
        return " ".join(left.casefold().split()) == " ".join(right.casefold().split())
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Number) and isinstance(right, Number):
        return _close(Decimal(left), Decimal(right))
    if isinstance(left, Temporal) and isinstance(right, Temporal):
        return len(left.parts) == len(right.parts) and _equal_times(left, right) is True
    if isinstance(left, Quantity) or isinstance(right, Quantity):
        return _equivalent_quantities(left, right)
    if isinstance(left, Node) and isinstance(right, Node):
        return _equivalent_trees(left.value, right.value)
    return key(one) == key(other)


def _close(left: Decimal, right: Decimal) -> bool:
    places = min(_places(left), _places(right))
    step = Decimal(1).scaleb(-places)
    try:
        return left.quantize(step, ROUND_HALF_UP, CONTEXT) == right.quantize(step, ROUND_HALF_UP, CONTEXT)
    except DecimalException:  # more digits than the context holds
        return left == right


def _places(number: Decimal) -> int:
    exponent = number.normalize(CONTEXT).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _equivalent_quantities(left: Any, right: Any) -> bool:
    ours, theirs = _as_quantity(left), _as_quantity(right)
    if ours is None or theirs is None:
        return False
    pair = aligned(ours, theirs, loosely=True)
    if pair is None:
        return False
    return pair[0] == pair[1] or _close_in(ours, theirs) or _close_in(theirs, ours)


def _close_in(measure: Quantity, other: Quantity) -> bool:
    pair = aligned(Quantity(Decimal(1), measure.unit), other, loosely=True)
    return pair is not None and _close(measure.value, CONTEXT.divide(pair[1], pair[0]))


def _equivalent_trees(left: Any, right: Any) -> bool:
    if isinstance(left, dict) and isinstance(right, dict):
        ours, theirs = left.keys() - {"id"}, right.keys() - {"id"}
        return ours == theirs and all(_equivalent_trees(left[name], right[name]) for name in ours)
    if isinstance(left, list) and isinstance(right, list):
        return sorted(map(_text, left)) == sorted(map(_text, right))
    if isinstance(left, str) and isinstance(right, str):
        return equivalent(left, right)
    return _text(left) == _text(right)


def order(left: Any, right: Any) -> int | None:
    """Return -1, 0 or 1; None when precision or units do not let it be said. Errors: Failure on kinds without order."""
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, bool) or isinstance(right, bool):
        raise _unordered(left, right)
    if isinstance(left, Number) and isinstance(right, Number):
        return (left > right) - (left < right)
    if isinstance(left, Temporal) and isinstance(right, Temporal) and (left.kind == "Time") == (right.kind == "Time"):
        return temporal.compare(left, right)
    ours, theirs = _as_quantity(left), _as_quantity(right)
    if ours is None or theirs is None:
        raise _unordered(left, right)
    pair = aligned(ours, theirs)
    return None if pair is None else (pair[0] > pair[1]) - (pair[0] < pair[1])


def _unordered(left: Any, right: Any) -> Failure:
    return Failure(f"{type_name(left)} and {type_name(right)} have no order between them")
