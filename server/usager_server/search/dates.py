"""FHIR dates as ranges of microseconds since 1970 UTC: low inclusive, high exclusive."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from usager_server.errors import Invalid

Range = tuple[int, int]

SECOND = 1_000_000
DAY = 86_400 * SECOND
ALWAYS = -(2**62)
FOREVER = 2**62
"""An open end; well inside bigint, so that a margin can be added to it."""

CLASSES: Sequence[tuple[str, int]] = (("", DAY), (":month", 32 * DAY), (":year", 367 * DAY), (":open", 2 * FOREVER))
"""Ranges are indexed apart by how long they last: within a class, `high > x` implies `low > x - longest`, so that
"ends after" is a range of the index too and does not read every older row."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_AFTER_SECONDS = frozenset("Z+-.")
_PRECISION = [10**power for power in range(6, -1, -1)]
_MICROSECOND = timedelta(microseconds=1)


def date_range(text: str) -> Range | None:
    """Return the range of a date, dateTime or instant as precise as it is written; None when it is none of them.

    Time    without a time zone, UTC.
    """
    try:
        if len(text) == 10:
            day = date.fromisoformat(text).toordinal() - _EPOCH_DAY
            return day * DAY, (day + 1) * DAY
        if len(text) > 10:
            return _time_range(text)
        return _partial_range(text)
    except ValueError:
        return None


def _partial_range(text: str) -> Range | None:
    if not re.fullmatch(r"\d{4}(-\d\d)?", text, re.ASCII):
        return None
    year, month = int(text[:4]), int(text[5:] or 0)
    following = (year + month // 12, month % 12 + 1) if month else (year + 1, 1)
    return _first_day(year, month or 1), _first_day(*following)


def _first_day(year: int, month: int) -> int:
    if year == 10_000:
        return (date.max.toordinal() + 1 - _EPOCH_DAY) * DAY
    return (date(year, month, 1).toordinal() - _EPOCH_DAY) * DAY


def _time_range(text: str) -> Range | None:
    mark = text[19:20]
    if text[4] == text[7] == "-" and text[10] == "T" and mark in _AFTER_SECONDS:
        try:
            low = microseconds(datetime.fromisoformat(text))
        except ValueError:
            return _unusual_time_range(text)
        return low, low + (SECOND if mark != "." else _PRECISION[_fraction_digits(text)])
    return _unusual_time_range(text)


def _fraction_digits(text: str) -> int:
    return min(6, len(text) - 20 - len(text[20:].lstrip("0123456789")))


def _unusual_time_range(text: str) -> Range | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    *parts, seconds, fraction, zone = match.groups()
    year, month, day, hour, minute = map(int, parts)
    # 60 is a leap second and 24:00 the end of the day: both are the instant after.
    whole = _minutes(year, month, day, hour, minute) + (int(seconds or 0) - _offset(zone)) * SECOND
    if seconds is None:
        return whole, whole + 60 * SECOND
    if fraction is None:
        return whole, whole + SECOND
    low = whole + int(fraction[:6].ljust(6, "0"))
    return low, low + 10 ** max(0, 6 - len(fraction))


def _minutes(year: int, month: int, day: int, hour: int, minute: int) -> int:
    if hour > 24 or minute > 59:
        raise ValueError("no such time")
    return (date(year, month, day).toordinal() - _EPOCH_DAY) * DAY + (hour * 60 + minute) * 60 * SECOND


def _offset(zone: str | None) -> int:
    if zone is None or zone == "Z":
        return 0
    seconds = int(zone[1:3]) * 3600 + int(zone[4:]) * 60
    return -seconds if zone[0] == "-" else seconds


def microseconds(moment: datetime) -> int:
    """Return an aware datetime as microseconds since 1970 UTC."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """Return the aware datetime of these microseconds, at most what a datetime can hold."""
    span = min(max(value, -62_135_596_800 * SECOND), 253_402_300_799 * SECOND)
    return _EPOCH + timedelta(microseconds=span)


def duration_class(low: int, high: int) -> str:
    """Return the suffix of the parameter under which a range of this length is indexed."""
    span = high - low
    return next((suffix for suffix, longest in CLASSES if span <= longest), ":open")


def parse_date(text: str, expression: str) -> Range:
    """Return the range of a date in a query. Errors: Invalid (400) saying what a date looks like."""
    found = date_range(text.replace(" ", "+"))  # a "+" of the zone that the form encoding turned into a space
    if found is None:
        raise Invalid(
            f"{text!r} is not a date: write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.fff]][Z|+hh:mm]",
            expression,
            code="value",
        )
    return found
