"""JSON text to tree and back, with nothing changed: decimals keep their digits, duplicate keys are refused."""

import re
from decimal import Decimal
from typing import Any

import jiter
import orjson

from usager_server.errors import Invalid

ESCAPED_NULL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def parse_json(data: bytes) -> Any:
    """Return the tree of a JSON text.

    Shape   decimals are jiter.LosslessFloat (bytes(x) gives the digits as written); the rest is plain Python.
    Errors  Invalid (400) on bad UTF-8, NaN, a duplicate key, a null character, more than 200 levels, or anything that
            is not JSON.
    """
    if b"\\u0000" in data and ESCAPED_NULL.search(data):
        raise Invalid("The body holds the character U+0000, which no FHIR string may hold", code="structure")
    try:
        return jiter.from_json(
            data.removeprefix(BYTE_ORDER_MARK),
            allow_inf_nan=False,
            catch_duplicate_keys=True,
            float_mode="lossless-float",
        )
    except ValueError as error:
        raise Invalid(f"The body is not JSON that FHIR accepts: {error}", code="structure") from error


def build_json(tree: Any, *, pretty: bool = False) -> bytes:
    """Return the JSON text of a tree, decimals with the digits they came with."""
    option = orjson.OPT_INDENT_2 if pretty else None
    try:
        return orjson.dumps(tree, default=_digits, option=option)
    except TypeError:
        return orjson.dumps(_with_wide_numbers(tree), default=_digits, option=option)


def decimal_of(number: Any) -> Decimal:
    """Return a number of a tree as a Decimal with its digits: 62.50 stays 62.50. Errors: ValueError on no number."""
    if isinstance(number, jiter.LosslessFloat):
        return number.as_decimal()
    if isinstance(number, int) and not isinstance(number, bool):
        return Decimal(number)
    raise ValueError(f"{type(number).__name__} is not a number")


def _digits(value: Any) -> orjson.Fragment:
    if isinstance(value, jiter.LosslessFloat):
        return orjson.Fragment(bytes(value))
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(f"{value:f}")
    raise TypeError(f"{type(value).__name__} is not JSON")


def _with_wide_numbers(tree: Any) -> Any:
    """Return the tree with integers over 64 bits, which orjson refuses, as pieces of text."""
    if isinstance(tree, dict):
        return {key: _with_wide_numbers(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_with_wide_numbers(value) for value in tree]
    if isinstance(tree, int) and not isinstance(tree, bool) and not -(2**63) <= tree < 2**64:
        return orjson.Fragment(str(tree))
    return tree
