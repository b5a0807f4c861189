"""Comparison of dates of any precision: what cannot be decided is not a breach."""

from datetime import datetime


def is_after(one: str, other: str) -> bool:
    """Tell whether a date or dateTime is surely after another.

    Time    with a clock on both sides, instants are compared; else the precision they share ("2020" and "2020-05" are
            neither before nor after each other), as FHIRPath does.
    """
    if len(one) > 10 and len(other) > 10:
        return _instant(one) > _instant(other)
    shared = min(len(one), len(other), 10)
    return one[:shared] > other[:shared]


def _instant(text: str) -> datetime:
    # A leap second exists for FHIR and not for Python.
    return datetime.fromisoformat(text.replace(":60", ":59", 1) if ":60" in text[:20] else text)
