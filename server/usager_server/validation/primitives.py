"""Primitives: one checker each, on the raw JSON value.

Regular expressions are those of R4 (datatypes.html), with white space read as ASCII, and without the control characters
that the prose of `string` forbids; dates must exist in the calendar.
"""

import binascii
import re
from calendar import monthrange
from collections.abc import Callable
from typing import Any

from jiter import LosslessFloat

from usager_server.validation.findings import Findings, json_kind, one
from usager_server.validation.limits import STRING_LIMIT_BYTES

INTEGER_LIMIT = 2**31

PrimitiveCheck = Callable[[Any, Any], Findings | None]
"""Takes a value and the state of the walk; returns what is wrong, or None."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]").search
_CODE = re.compile(r"[^\s]+(\s[^\s]+)*\Z", re.ASCII).match
_URI = re.compile(r"\S+\Z", re.ASCII).match
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}\Z").match
_OID = re.compile(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+\Z").match
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z").match

_DAY = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_DATE = re.compile(rf"(?:[0-9]{{4}}(?:-(?:0[1-9]|1[0-2]))?|{_DAY})\Z").match
_DATE_TIME = re.compile(rf"(?:[0-9]{{4}}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}(?:T{_CLOCK}{_ZONE})?)\Z").match
_INSTANT = re.compile(rf"{_DAY}T{_CLOCK}{_ZONE}\Z").match
_TIME = re.compile(rf"{_CLOCK}\Z").match


def check_string(value: Any, state: object) -> Findings | None:
    """Check a string or a markdown: not empty, no control character, a mebibyte at most."""
    if type(value) is str and value and len(value) < 200_000 and (value.isprintable() or not _CONTROL(value)):
        return None
    return _explain_text(value)


def _explain_text(value: Any) -> Findings | None:
    if type(value) is not str:
        return one("structure", f"is {json_kind(value)}; a JSON string is expected", None)
    if not value:
        return one("value", "the string is empty; leave the element out instead")
    if found := _CONTROL(value):
        code = ord(found.group())
        return one(
            "value", f"the text holds the control character U+{code:04X}; only tab, line feed and return may stand"
        )
    size = len(value.encode())
    if size > STRING_LIMIT_BYTES:
        return one("too-long", f"the text has {size} bytes; R4 allows a string of {STRING_LIMIT_BYTES} (1 MB) at most")
    return None


def _matcher(matches: Callable[[str], object], text: str) -> PrimitiveCheck:
    def check(value: Any, state: object) -> Findings | None:
        if type(value) is str and len(value) < STRING_LIMIT_BYTES and matches(value) and not _CONTROL(value):
            return None
        return _explain_text(value) or one("value", text, value)

    return check


def check_uri(value: Any, state: object) -> Findings | None:
    """Check a uri, url or canonical: no white space."""
    if type(value) is str and value.isprintable() and value and " " not in value and len(value) < STRING_LIMIT_BYTES:
        return None
    return _check_odd_uri(value, state)


def check_code(value: Any, state: object) -> Findings | None:
    """Check a code: no white space around, single ones inside."""
    if type(value) is str and value.isprintable() and value and " " not in value and len(value) < STRING_LIMIT_BYTES:
        return None
    return _check_odd_code(value, state)


_check_odd_uri = _matcher(_URI, "is not a uri: it may hold no white space")
_check_odd_code = _matcher(_CODE, "is not a code: no white space before or after, single ones inside")


def check_boolean(value: Any, state: object) -> Findings | None:
    """Check a boolean."""
    if value is True or value is False:
        return None
    return one("structure", f"is {json_kind(value)}; true or false is expected, without quotes")


def _integer_check(lowest: int, name: str) -> PrimitiveCheck:
    def check(value: Any, state: object) -> Findings | None:
        if type(value) is int and lowest <= value < INTEGER_LIMIT:
            return None
        if type(value) is int:
            return one("value", f"is not of type {name}: from {lowest} to {INTEGER_LIMIT - 1}", str(value)[:41])
        if type(value) in (float, LosslessFloat):
            return one("value", f"is not of type {name}: no fraction, no exponent", str(value))
        return one("structure", f"is {json_kind(value)}; a JSON number of type {name} is expected")

    return check


def check_decimal(value: Any, state: object) -> Findings | None:
    """Check a decimal: a JSON number that a double can hold, of 128 characters at most."""
    kind = type(value)
    if kind is LosslessFloat or kind is float:
        if abs(float(value)) < 1e300 and len(str(value)) <= 128:
            return None
    elif kind is int:
        if abs(value) < 10**64:
            return None
    else:
        return one("structure", f"is {json_kind(value)}; a JSON number is expected, without quotes")
    return one("value", "is out of range: a decimal of 128 characters at most, below 1e300", str(value)[:41])


def exists_in_calendar(text: str) -> bool:
    """Tell whether a well-formed date, or the date that begins a date-time, exists."""
    year = int(text[:4])
    if not year:
        return False
    return len(text) < 10 or int(text[8:10]) < 29 or int(text[8:10]) <= monthrange(year, int(text[5:7]))[1]


def _date_check(matches: Callable[[str], object], text: str) -> PrimitiveCheck:
    def check(value: Any, state: object) -> Findings | None:
        if type(value) is str and matches(value):
            if value >= "0001" and (value[8:10] < "29" or exists_in_calendar(value)):
                return None
            return one("value", "does not exist in the calendar", value)
        if type(value) is str and value:
            return one("value", text, value)
        return _explain_text(value)

    return check


def check_base64(value: Any, state: object) -> Findings | None:
    """Check a base64Binary; white space may stand between groups. No limit but that of the body."""
    if type(value) is not str or not value:
        return _explain_text(value)
    try:
        packed = value.encode("ascii")
        if not packed.isalnum() and any(space in packed for space in (b"\n", b"\r", b"\t", b" ")):
            packed = b"".join(packed.split())
        binascii.a2b_base64(packed, strict_mode=True)
    except ValueError:
        return one("value", "the content is not base64: groups of four of A-Z a-z 0-9 + /, padded with =")
    return None if packed else one("value", "the content is empty; leave the element out instead")


CHECKS: dict[str, PrimitiveCheck] = {
    "string": check_string,
    "markdown": check_string,
    "code": check_code,
    "uri": check_uri,
    "url": check_uri,
    "canonical": check_uri,
    "boolean": check_boolean,
    "integer": _integer_check(-INTEGER_LIMIT, "integer"),
    "unsignedInt": _integer_check(0, "unsignedInt"),
    "positiveInt": _integer_check(1, "positiveInt"),
    "decimal": check_decimal,
    "base64Binary": check_base64,
    "id": _matcher(_ID, "is not an id: 1 to 64 of A-Z a-z 0-9 - ."),
    "oid": _matcher(_OID, "is not an oid: urn:oid:, then numbers and dots"),
    "uuid": _matcher(_UUID, "is not a uuid: urn:uuid:, then 32 lower-case hexadecimal digits in five groups"),
    "date": _date_check(_DATE, "is not a date: YYYY, YYYY-MM or YYYY-MM-DD"),
    "dateTime": _date_check(_DATE_TIME, "is not a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss+zz:zz"),
    "instant": _date_check(_INSTANT, "is not an instant: YYYY-MM-DDThh:mm:ss.sss+zz:zz, with its zone"),
    "time": _matcher(_TIME, "is not a time: hh:mm:ss, without zone"),
}
"""The checker of each primitive type (xhtml has its own room, `narrative.py`)."""
