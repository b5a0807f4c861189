"""Fixed and pattern values, and limits: how a value of a resource is compared with one of a profile."""

from collections.abc import Callable
from typing import Any

from jiter import LosslessFloat


def is_fixed(value: Any, fixed: Any) -> bool:
    """Tell whether a value is exactly the fixed one; decimals compare by what they are worth."""
    if isinstance(fixed, dict):
        return (
            isinstance(value, dict)
            and value.keys() == fixed.keys()
            and all(is_fixed(value[k], fixed[k]) for k in fixed)
        )
    if isinstance(fixed, list):
        return isinstance(value, list) and len(value) == len(fixed) and all(map(is_fixed, value, fixed))
    return _same(value, fixed)


def is_like(value: Any, pattern: Any) -> bool:
    """Tell whether a value has, at least, all that the pattern has; an array, all the items in any order."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and is_like(value[name], pattern[name]) for name in pattern
        )
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(is_like(each, item) for each in value) for item in pattern)
    return _same(value, pattern)


def likeness(pattern: Any) -> Callable[[Any], bool]:
    """Return is_like for one pattern, made short for the two that slices are told apart by."""
    if isinstance(pattern, str):
        return lambda value: bool(value == pattern)
    codings = pattern.get("coding") if isinstance(pattern, dict) and len(pattern) == 1 else None
    if isinstance(codings, list) and len(codings) == 1 and codings[0].keys() == {"system", "code"}:
        system, code = codings[0]["system"], codings[0]["code"]
        return lambda value: any(
            each.get("code") == code and each.get("system") == system for each in value.get("coding", ())
        )
    return lambda value: is_like(value, pattern)


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, LosslessFloat) or isinstance(other, LosslessFloat):
        return (
            type(value) in (int, LosslessFloat) and type(other) in (int, LosslessFloat) and float(value) == float(other)
        )
    return type(value) is type(other) and bool(value == other)
