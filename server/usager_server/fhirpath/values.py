"""Items as FHIRPath's own values: what a FHIR primitive or Quantity means to an operator."""

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException
from typing import Any

from usager_server.fhirpath.nodes import Failure, Items, Node
from usager_server.fhirpath.quantity import Quantity, from_fhir
from usager_server.fhirpath.temporal import Temporal, parse_date, parse_datetime, parse_time
from usager_server.units.ucum import UCUM


def value_of(item: Any) -> Any:
    """Return the value of an item: a Node of a complex type stays a Node; None for a primitive without value."""
    if item.__class__ is not Node:
        return item
    convert = _CONVERT.get(item.type)
    return item if convert is None else convert(item)


def _plain(node: Node) -> Any:
    return node.value


def _decimal(node: Node) -> Any:
    return node.value if node.value is None else decimal_of(node.value)


def decimal_of(number: Any) -> Decimal | None:
    """Return a JSON number as it was written, or None when it is not one."""
    if isinstance(number, bool):
        return None
    try:
        return Decimal(number if isinstance(number, int) else str(number))
    except (DecimalException, ValueError):
        return None


def _temporal(parse: Callable[[str], Temporal | None]) -> Callable[[Node], Any]:
    def convert(node: Node) -> Any:
        found = parse(node.value) if isinstance(node.value, str) else None
        return node.value if found is None else found

    return convert


def _quantity(node: Node) -> Any:
    found = node.value
    if not isinstance(found, dict) or "value" not in found or "comparator" in found:
        return node
    number = decimal_of(found["value"])
    return node if number is None else _measured(number, found)


def _measured(number: Decimal, found: Mapping[str, Any]) -> Quantity:
    if found.get("system") == UCUM and isinstance(found.get("code"), str):
        return from_fhir(number, found["code"])
    unit = found.get("code") or found.get("unit") or "1"
    return Quantity(number, unit if isinstance(unit, str) else "1")


_PLAIN = """
    string code id uri url canonical uuid oid markdown base64Binary xhtml boolean integer positiveInt unsignedInt
"""
_QUANTITIES = ("Quantity", "Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity")
_CONVERT: Mapping[str, Callable[[Node], Any]] = {
    **dict.fromkeys(_PLAIN.split(), _plain),
    "decimal": _decimal,
    "date": _temporal(parse_date),
    "dateTime": _temporal(parse_datetime),
    "instant": _temporal(parse_datetime),
    "time": _temporal(parse_time),
    **dict.fromkeys(_QUANTITIES, _quantity),
}
PRIMITIVES = frozenset(name for name, convert in _CONVERT.items() if convert is not _quantity)


def single(items: Items) -> Any:
    """Return the value of the one item, or None when there is none. Errors: Failure on several."""
    if not items:
        return None
    if len(items) > 1:
        raise Failure(f"one item was expected here, not {len(items)}")
    return value_of(items[0])


def boolean(items: Items) -> bool | None:
    """Return the truth of a collection: of its one item, which is true when it is not a Boolean; None when empty."""
    if not items:
        return None
    if len(items) > 1:
        raise Failure(f"one Boolean was expected here, not {len(items)} items")
    item = items[0]
    if item is True or item is False:
        return item
    value = value_of(item)
    return value if isinstance(value, bool) or value is None else True


def wanted(items: Items, kind: type | tuple[type, ...], name: str) -> Any:
    """Return the one value when it is of a kind; None when there is none. Errors: Failure on another kind."""
    value = single(items)
    if value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool))):
        return value
    raise Failure(f"{name} was expected here, not {type_name(value)}")


def type_name(value: Any) -> str:
    """Return the name of an item's type, for people."""
    return value.type if isinstance(value, Node) else "System." + system_type(value)


def system_type(value: Any) -> str:
    """Return the name of a plain value's type in the System namespace."""
    if isinstance(value, Temporal):
        return value.kind
    return _SYSTEM.get(type(value), "Any")


_SYSTEM = {bool: "Boolean", int: "Integer", Decimal: "Decimal", str: "String", Quantity: "Quantity"}
