"""Dates, times and instants of FHIRPath: of partial precision, with or without an offset from UTC."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

_DATE = r"(\d{4})(?:-(\d\d)(?:-(\d\d){}?)?)?"
_TIME = r"(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?"
_DATE_ONLY = re.compile(_DATE.replace("{}?", ""), re.ASCII)
_TIME_ONLY = re.compile(_TIME, re.ASCII)
_DATE_TIME = re.compile(_DATE.replace("{}", rf"(?:T{_TIME}(Z|[+-]\d\d:\d\d)?)"), re.ASCII)
_WIDEST_GAP = timedelta(hours=26)  # between the offsets +14:00 and -12:00

UNITS = ("year", "month", "day", "hour", "minute", "second")
_PER = {
    "month": ("year", 12),
    "day": ("month", 30),
    "hour": ("day", 24),
    "minute": ("hour", 60),
    "second": ("minute", 60),
}
_MOST = Decimal(10) ** 15
_FULL = (1, 1, 1, 0, 0, 0)


class Temporal(NamedTuple):
    """A point in time as far as it is known. (A tuple, since it is made for every date that is compared.)

    Shape   kind is Date, DateTime or Time; parts are year, month, day, hour, minute, second (a Time begins at the
            hour), as many as were given; fraction the digits after the second; offset minutes from UTC or None.
    """

    kind: str
    parts: tuple[int, ...]
    fraction: str = ""
    offset: int | None = None

    def __str__(self) -> str:
        if self.kind == "Time":
            return _clock(self.parts, self.fraction)
        day = "-".join(f"{part:04}" if at == 0 else f"{part:02}" for at, part in enumerate(self.parts[:3]))
        if self.kind == "Date" or len(self.parts) < 4:
            return day
        return f"{day}T{_clock(self.parts[3:], self.fraction)}{_zone(self.offset)}"

    @property
    def precision(self) -> str:
        """Return the smallest unit that is known."""
        return UNITS[len(self.parts) - 1 + (3 if self.kind == "Time" else 0)]


def _clock(parts: tuple[int, ...], fraction: str) -> str:
    return ":".join(f"{part:02}" for part in parts) + (f".{fraction}" if fraction else "")


def _zone(offset: int | None) -> str:
    if offset is None:
        return ""
    return f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}" if offset else "Z"


def parse_date(text: str) -> Temporal | None:
    """Return the Date of a text such as 2015-02; None when it is not one."""
    match = _DATE_ONLY.fullmatch(text)
    parts = _numbers(match.groups()) if match else ()
    return Temporal("Date", parts) if parts and _is_day(parts) else None


def parse_time(text: str) -> Temporal | None:
    """Return the Time of a text such as 14:30; None when it is not one."""
    match = _TIME_ONLY.fullmatch(text)
    parts = _numbers(match.groups()[:3]) if match else ()
    return Temporal("Time", parts, match[4] or "") if match and _is_clock(parts) else None


def parse_datetime(text: str) -> Temporal | None:
    """Return the DateTime of a text such as 2015-02-04T14:30Z; None when it is not one."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    if second is not None:
        parts: tuple[int, ...] = (int(year), int(month), int(day), int(hour), int(minute), int(second))
    else:
        parts = _numbers((year, month, day, hour, minute))
    if not _is_day(parts) or not _is_clock(parts[3:]):
        return None
    return Temporal("DateTime", parts, fraction or "", _minutes(zone) if zone else None)


def _numbers(groups: Sequence[str | None]) -> tuple[int, ...]:
    return tuple(int(group) for group in groups if group is not None)


def _is_day(parts: Sequence[int]) -> bool:
    if parts[0] < 1 or (len(parts) > 1 and not 1 <= parts[1] <= 12):
        return False
    return len(parts) < 3 or 1 <= parts[2] <= 28 or 28 < parts[2] <= last_day(parts[0], parts[1])


def _is_clock(parts: Sequence[int]) -> bool:
    return not parts or (parts[0] < 24 and max(parts[1:], default=0) < 61 and (len(parts) < 2 or parts[1] < 60))


def _minutes(zone: str) -> int:
    if zone == "Z":
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[4:])
    return -minutes if zone[0] == "-" else minutes


def _moment(value: Temporal) -> datetime:
    parts = (2000, 1, 1, *value.parts) if value.kind == "Time" else value.parts
    year, month, day, hour, minute, second = (*parts, *_FULL[len(parts) :])
    return datetime(year, month, day, hour, minute, second if second != 60 else 59)  # the offset is kept apart


def compare(left: Temporal, right: Temporal) -> int | None:
    """Return -1, 0 or 1; None when the precision or a missing offset does not let it be said.

    Source  FHIRPath N1, 6.2 Comparison and 6.1.1 Equals.
    """
    if (left.kind == "Time") != (right.kind == "Time"):
        return None
    if left.offset != right.offset and _has_minutes(left) and _has_minutes(right):
        if left.offset is None or right.offset is None:
            gap = _moment(left) - _moment(right)
            return None if abs(gap) < _WIDEST_GAP else (1 if gap > timedelta(0) else -1)
        left, right = _in_utc(left), _in_utc(right)
    ours, theirs = _sortable(left), _sortable(right)
    known = min(len(ours), len(theirs))
    one, other = ours[:known], theirs[:known]
    if one != other:
        return -1 if one < other else 1
    return 0 if len(ours) == len(theirs) else None


def _has_minutes(value: Temporal) -> bool:
    return len(value.parts) >= 5


def _in_utc(value: Temporal) -> Temporal:
    try:
        moved = _moment(value) - timedelta(minutes=value.offset or 0)
    except OverflowError:
        return value
    parts = (moved.year, moved.month, moved.day, moved.hour, moved.minute, *value.parts[5:])
    return value._replace(parts=parts[: len(value.parts)], offset=0)


def _sortable(value: Temporal) -> tuple[int | Decimal, ...]:
    if not value.fraction:
        return value.parts
    return (*value.parts[:-1], Decimal(f"{value.parts[-1]}.{value.fraction}"))


def key(value: Temporal) -> tuple[object, ...]:
    """Return what two equal values share, so that they can be put in a set."""
    aligned = _in_utc(value) if value.offset is not None and _has_minutes(value) else value
    return (value.kind == "Time", aligned.offset, _sortable(aligned))


def add(value: Temporal, amount: Decimal, unit: str) -> Temporal | None:
    """Return the value moved by an amount of a calendar unit; None when it leaves the calendar.

    Unit    year, month, week, day, hour, minute, second or millisecond; a part of a unit is left out.
    Source  FHIRPath N1, 6.6.7 Date/Time Arithmetic.
    """
    if abs(amount) > _MOST:
        return None
    whole = int(amount)
    if unit == "week":
        whole, unit = whole * 7, "day"
    if unit == "millisecond":
        return _add_milliseconds(value, whole)
    start = 3 if value.kind == "Time" else 0
    while UNITS.index(unit) - start >= len(value.parts) and unit in _PER:
        unit, size = _PER[unit]
        whole = whole // size if whole >= 0 else -(-whole // size)
    if unit in ("year", "month"):
        return None if value.kind == "Time" else _add_months(value, whole * (12 if unit == "year" else 1))
    return _move(value, **{unit + "s": whole})


def _add_milliseconds(value: Temporal, amount: int) -> Temporal | None:
    if value.precision != "second":
        return add(value, Decimal(amount) / 1000, "second")
    total = int((value.fraction + "000")[:3]) + amount
    moved = _move(value, seconds=total // 1000)
    return moved and moved._replace(fraction=f"{total % 1000:03}")


def _move(value: Temporal, **step: int) -> Temporal | None:
    try:
        moved = _moment(value) + timedelta(**step)
    except OverflowError:
        return None
    parts = (moved.year, moved.month, moved.day, moved.hour, moved.minute, moved.second)
    start = 3 if value.kind == "Time" else 0
    return value._replace(parts=parts[start : start + len(value.parts)])


def _add_months(value: Temporal, months: int) -> Temporal | None:
    year, month, day, *clock = (*value.parts, *_FULL[len(value.parts) :])
    count = year * 12 + month - 1 + months
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= 9999:
        return None
    moved = (year, month, min(day, last_day(year, month)), *clock)
    return value._replace(parts=moved[: len(value.parts)])


def last_day(year: int, month: int) -> int:
    """Return the number of days of a month."""
    return 31 if month == 12 else (datetime(year, month + 1, 1) - timedelta(days=1)).day


def from_datetime(moment: datetime) -> Temporal:
    """Return the DateTime of an aware instant, in UTC, to the millisecond."""
    utc = moment.astimezone(UTC)
    parts = (utc.year, utc.month, utc.day, utc.hour, utc.minute, utc.second)
    return Temporal("DateTime", parts, f"{utc.microsecond // 1000:03}", 0)
