"""Values of a resource -> date and number rows."""

from typing import Any

from usager_server.search.dates import ALWAYS, FOREVER, Range, date_range, duration_class
from usager_server.search.hashing import parameter_hash
from usager_server.search.quantities import number_interval, quantity_intervals
from usager_server.search.rows import Rows, Writer

DATE_LEAVES = frozenset({"date", "dateTime", "instant"})
NUMBER_LEAVES = frozenset({"decimal", "integer", "positiveInt", "unsignedInt", "Range"})
QUANTITY_LEAVES = frozenset({"Quantity", "Age", "Duration", "Distance", "Count", "Money", "Range", "SampledData"})


def range_of(value: Any, leaf: str) -> Range | None:
    """Return the whole range of a date, Period or Timing; None when there is none in it."""
    if leaf in DATE_LEAVES:
        return date_range(value)
    if leaf == "Period":
        return _period(value)
    if leaf == "Timing":
        return _timing(value)
    return None


def _period(value: dict[str, Any]) -> Range | None:
    start, end = value.get("start"), value.get("end")
    first = date_range(start) if start else None
    last = date_range(end) if end else None
    if first is None and last is None:
        return None
    low, high = first[0] if first else ALWAYS, last[1] if last else FOREVER
    return low, max(high, low + 1)


def _timing(value: dict[str, Any]) -> Range | None:
    ranges = [date_range(event) for event in value.get("event", ()) if event]
    bounds = (value.get("repeat") or {}).get("boundsPeriod")
    ranges.append(_period(bounds) if bounds else None)
    known = [found for found in ranges if found is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def date_writer(resource_type: str, name: str, leaf: str) -> Writer | None:
    """Return what writes a date, Period or Timing under the class of its duration."""
    if leaf not in DATE_LEAVES | {"Period", "Timing"}:
        return None

    def write(value: Any, rows: Rows) -> None:
        if (found := range_of(value, leaf)) is not None:
            rows.dates.append((parameter_hash(resource_type, name + duration_class(*found)), *found))

    return write


def number_writer(resource_type: str, name: str, leaf: str) -> Writer | None:
    """Return what writes a number as an interval."""
    if leaf not in NUMBER_LEAVES:
        return None

    def write(value: Any, rows: Rows) -> None:
        if (found := number_interval(value, leaf)) is not None:
            rows.numbers.append((parameter_hash(resource_type, name + found[0]), *found[1:]))

    return write


def quantity_writer(resource_type: str, name: str, leaf: str) -> Writer | None:
    """Return what writes a quantity: as it is, in its unit, and in canonical units."""
    if leaf not in QUANTITY_LEAVES:
        return None

    def write(value: Any, rows: Rows) -> None:
        for suffix, low, high in quantity_intervals(value, leaf):
            rows.numbers.append((parameter_hash(resource_type, name + suffix), low, high))

    return write
