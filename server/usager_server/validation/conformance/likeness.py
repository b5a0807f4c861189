"""Fixed and pattern values, and limits: how a value of a resource is compared with one of a profile."""

from typing import Any

from jiter import LosslessFloat


def is_fixed(value: Any, fixed: Any) -> bool:
    """Tell whether a value is exactly the fixed one; decimals compare by what they are worth."""
    if isinstance(fixed, dict):
        return isinstance(value, dict) and value.keys() == fixed.keys() and all(is_fixed(value[k], fixed[k]) for k in fixed)
    if isinstance(fixed, list):
        return isinstance(value, list) and len(value) == len(fixed) and all(map(is_fixed, value, fixed))
    return _same(value, fixed)


def is_like(value: Any, pattern: Any) -> bool:
    """Tell whether a value has, at least, all that the pattern has; each item of a pattern array is found in the array."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(name in value and is_like(value[name], pattern[name]) for name in pattern)
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(is_like(each, item) for each in value) for item in pattern)
    return _same(value, pattern)


def _same(value: Any, other: Any) -> bool:
    if isinstance(value, LosslessFloat) or isinstance(other, LosslessFloat):
        return type(value) in (int, LosslessFloat) and type(other) in (int, LosslessFloat) and float(value) == float(other)
    return type(value) is type(other) and bool(value == other)
