"""TS and IVL_TS <-> date, dateTime, instant and Period; times are kept in FHIR's form and their own precision."""

import re
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.nulls import nothing, null_of
from usager_cda.tree import Element, Node, attribute, child

# A time without offset was written by a French clock (cda.md: reading only; what we write always has an offset).
PARIS = ZoneInfo("Europe/Paris")
TS = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d\d)(?:(?P<day>\d\d)"
    r"(?:(?P<hour>\d\d)(?P<minute>\d\d)?(?P<second>\d\d)?(?P<fraction>\.\d{1,6})?)?)?)?(?P<zone>[+-]\d{3,4}|Z)?",
    re.ASCII,
)
FHIR_TIME = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d))?)?)?")


class Interval(NamedTuple):
    """A period in FHIR dateTimes; null says why there is none."""

    low: str | None = None
    high: str | None = None
    null: str | None = None


@lru_cache(maxsize=4096)
def parse_ts(text: str) -> str:
    """Return the FHIR date or dateTime of a TS.

    Shape   a zero month or day ("19420000") leaves the coarser date; minutes and seconds not given are zero.
    Errors  ValueError with what was expected.
    """
    found = TS.fullmatch(text)
    if found is None or text.startswith("0000"):
        raise ValueError(f"{text[:40]!r} is not a time; expected YYYY, YYYYMM, YYYYMMDD or YYYYMMDDhhmmss±zzzz")
    parts = found.groupdict()
    if parts["month"] in (None, "00"):
        return str(parts["year"])
    if parts["day"] in (None, "00"):
        return _checked(f"{parts['year']}-{parts['month']}", f"{parts['year']}{parts['month']}01")
    date = f"{parts['year']}-{parts['month']}-{parts['day']}"
    return _checked(date, date.replace("-", "")) if parts["hour"] is None else _date_time(date, parts)


def _checked(made: str, day: str) -> str:
    try:
        datetime.strptime(day, "%Y%m%d")
    except ValueError:
        raise ValueError(f"{made} is not a date of the calendar") from None
    return made


def _date_time(date: str, parts: dict[str, str | None]) -> str:
    clock = f"{parts['hour']}:{parts['minute'] or '00'}:{parts['second'] or '00'}"
    try:
        moment = datetime.fromisoformat(f"{date}T{clock}")
        zone = _zone(parts["zone"], moment)
    except ValueError:
        raise ValueError(f"{date} {clock} {parts['zone'] or ''} is not a time of the calendar") from None
    return f"{date}T{clock}{parts['fraction'] or ''}{zone}"


def _zone(written: str | None, moment: datetime) -> str:
    if written is None:
        offset = moment.replace(tzinfo=PARIS).isoformat()[19:]
        return offset[:6]
    if written == "Z":
        return written
    digits = written[1:].zfill(4)
    if int(digits) > 1400 or int(digits[2:]) > 59:
        raise ValueError(written)
    return f"{written[0]}{digits[:2]}:{digits[2:]}"


def oddity_of(text: str) -> str | None:
    """Return what is unusual in a TS that can be read all the same, or None."""
    if len(text) >= 6 and (text[4:6] == "00" or text[6:8] == "00"):
        return "a month or a day of zero"
    return "an offset of three digits" if len(text) > 4 and text[-4] in "+-" else None


def is_reversed(low: str, high: str) -> bool:
    """Say whether a period ends before it begins, as far as both are known."""
    if "T" in low and "T" in high:
        return datetime.fromisoformat(low) > datetime.fromisoformat(high)
    known = min(len(low), len(high), len("YYYY-MM-DD"))
    return low[:known] > high[:known]


def build_ts(value: str) -> str:
    """Return the TS of a FHIR date, dateTime or instant. Errors: ValueError."""
    found = FHIR_TIME.fullmatch(value)
    if found is None:
        raise ValueError(f"{value[:40]!r} is not a FHIR dateTime")
    year, month, day, hour, minute, second, fraction, zone = found.groups(default="")
    offset = zone.replace("Z", "+0000").replace(":", "")
    return f"{year}{month}{day}{hour}{minute}{second}{fraction}{offset}"


def instant_of(value: str) -> str:
    """Return a FHIR dateTime as an instant: a bare date is midnight in Paris on its first day."""
    if "T" in value:
        return value
    day = f"{value}-01-01"[:10] if len(value) == 4 else f"{value}-01"[:10]
    moment = datetime.fromisoformat(day)
    return f"{day}T00:00:00{_zone(None, moment)}"


def ts_node(tag: str, value: str | None, null: str | None = None) -> Node | None:
    """Return an element of type TS; None when there is neither value nor nullFlavor."""
    if value is None:
        return node(tag, nullFlavor=null) if null else None
    return node(tag, value=build_ts(value))


def build_interval(tag: str, interval: Interval | None) -> Node | None:
    """Return an element of type IVL_TS; None for None."""
    if interval is None:
        return None
    if interval.low is None and interval.high is None:
        return node(tag, nullFlavor=interval.null or "UNK")
    return add(node(tag), ts_node("low", interval.low), ts_node("high", interval.high))


def interval_texts(element: Element) -> tuple[str | None, str | None]:
    """Return the TS texts of the low and high of an IVL_TS; a plain value is both."""
    value = attribute(element, "value")
    if value is not None:
        return value, value
    return attribute(child(element, "low"), "value"), attribute(child(element, "high"), "value")


def period_from_interval(interval: Interval) -> Tree:
    """Return the Period."""
    if interval.low is None and interval.high is None:
        return nothing(interval.null)
    return filled({"start": interval.low, "end": interval.high})


def interval_from_period(period: Tree | None) -> Interval | None:
    """Return the interval of a Period; None for none."""
    if not period:
        return None
    return Interval(period.get("start"), period.get("end"), null_of(period))
