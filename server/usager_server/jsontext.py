"""JSON text to tree and back, with nothing changed: decimals keep their digits, duplicate keys are refused."""

from typing import Any

import jiter
import orjson

from usager_server.errors import Invalid


def parse_json(data: bytes) -> Any:
    """Return the tree of a JSON text.

    Shape   decimals are jiter.LosslessFloat (bytes(x) gives the digits as written); the rest is plain Python.
    Errors  Invalid (400) on bad UTF-8, NaN, a duplicate key, more than 200 levels, or anything that is not JSON.
    """
    try:
        return jiter.from_json(data, allow_inf_nan=False, catch_duplicate_keys=True, float_mode="lossless-float")
    except ValueError as error:
        raise Invalid(f"The body is not JSON that FHIR accepts: {error}", code="structure") from error


def build_json(tree: Any, *, pretty: bool = False) -> bytes:
    """Return the JSON text of a tree, decimals with the digits they came with."""
    return orjson.dumps(tree, default=_digits, option=orjson.OPT_INDENT_2 if pretty else None)


def _digits(value: Any) -> orjson.Fragment:
    if isinstance(value, jiter.LosslessFloat):
        return orjson.Fragment(bytes(value))
    raise TypeError(f"{type(value).__name__} is not JSON")
