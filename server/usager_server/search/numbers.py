"""Numbers of a query with their precision: 5.40 stands for [5.395, 5.405), as FHIR R4 search.html#number asks."""

import re
from decimal import Decimal
from typing import Any

from usager_server.errors import Invalid

LOWEST, HIGHEST = float("-inf"), float("inf")

_NUMBER = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,3})?", re.ASCII)


def parse_number(text: str, expression: str) -> Decimal:
    """Return a number of a query, its digits kept. Errors: Invalid (400)."""
    text = text.strip()  # a "+" sign that the form encoding turned into a space
    if not _NUMBER.fullmatch(text):
        raise Invalid(f"{text!r} is not a number: write for example 5.4, -12 or 1e-3", expression, code="value")
    return Decimal(text)


def precision_range(number: Decimal) -> tuple[Decimal, Decimal]:
    """Return the range of the numbers that round to this one with as many digits; high is exclusive."""
    exponent = number.as_tuple().exponent
    half = Decimal(5).scaleb(int(exponent) - 1)
    return number - half, number + half


def decimal_of(value: Any) -> Decimal | None:
    """Return a JSON number of a resource as a Decimal with its digits, or None when it is not a number."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        # jiter.LosslessFloat keeps the digits as bytes; int and (in tests) float write themselves.
        return Decimal(bytes(value).decode() if not isinstance(value, int | float) else str(value))
    except (TypeError, ValueError, ArithmeticError):
        return None
