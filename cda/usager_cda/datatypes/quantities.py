"""PQ, IVL_PQ, RTO, MO, INT and REAL <-> Quantity, Range, Ratio and numbers; digits are kept as they were written."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.tree import XSI_TYPE, Element, Node, attribute, child

UCUM = "http://unitsofmeasure.org"
CURRENCIES = "urn:iso:std:iso:4217"
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
LONGEST = 40


def parse_number(text: str | None) -> int | Decimal | None:
    """Return a number, an int when it is whole as written; None when it is none.

    Errors  ValueError when the text is not a number.
    """
    if text is None:
        return None
    if len(text) > LONGEST or NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text[:LONGEST]!r} is not a number")
    if text.lstrip("+-").isdigit():
        return int(text)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text[:LONGEST]!r} is not a number") from None


def quantity(value: Any, unit: str | None) -> Tree:
    """Return a Quantity in UCUM; without a unit, a number alone."""
    if unit is None:
        return filled({"value": value}) if value is not None else {}
    return {**({} if value is None else {"value": value}), "unit": unit, "system": UCUM, "code": unit}


def parse_quantity(element: Element | None) -> Tree:
    """Return the Quantity of a PQ, an INT or a MO; empty when there is no value. Errors: ValueError."""
    value = parse_number(attribute(element, "value"))
    currency = attribute(element, "currency")
    if value is None:
        return {}
    if currency:
        return {"value": value, "unit": currency, "system": CURRENCIES, "code": currency}
    return quantity(value, attribute(element, "unit"))


def parse_range(element: Element | None) -> Tree:
    """Return the Range of an IVL_PQ. Errors: ValueError."""
    return filled({side: parse_quantity(child(element, side)) for side in ("low", "high")})


def parse_ratio(element: Element | None) -> Tree:
    """Return the Ratio of an RTO. Errors: ValueError."""
    return filled({side: parse_quantity(child(element, side)) for side in ("numerator", "denominator")})


def build_quantity(tag: str, tree: Tree | None, *, typed: str | None = None) -> Node:
    """Return a PQ (or a MO); without a value it says UNK."""
    value = (tree or {}).get("value")
    if value is None:
        made = node(tag, nullFlavor="UNK")
    elif (tree or {}).get("system") == CURRENCIES:
        made = node(tag, value=str(value), currency=(tree or {}).get("code"))
    else:
        made = node(tag, value=str(value), unit=(tree or {}).get("code") or _plain_unit(tree or {}))
    if typed:
        made.set(XSI_TYPE, typed)
    return made


def _plain_unit(tree: Tree) -> str | None:
    """Return a unit that is only named, as UCUM writes those it does not know."""
    unit = tree.get("unit")
    return "{" + re.sub(r"[^!-z|~]", "_", str(unit)).strip("{}") + "}" if unit else None


def build_range(tag: str, tree: Tree) -> Node:
    """Return an IVL_PQ."""
    sides = (build_quantity(side, tree[side]) for side in ("low", "high") if tree.get(side))
    return add(node(tag), *sides)


def build_ratio(tag: str, tree: Tree, *, typed: str | None = "PQ") -> Node:
    """Return an RTO; typed says the datatype of its sides when the schema does not."""
    sides = (build_quantity(side, tree[side], typed=typed) for side in ("numerator", "denominator") if tree.get(side))
    return add(node(tag), *sides)
