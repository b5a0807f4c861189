"""GS1 element strings: what the DataMatrix of a box of medicine or of a test says, scanned or typed.

Scanned: "]d2" may come first, and the character GS ends what has no fixed length. Typed: identifiers in parentheses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from usager_server.errors import Invalid

GS = "\x1d"
LENGTH_MOST = 300
PLACE = "Parameters.parameter.where(name = 'datamatrix')"
SYMBOLOGY = re.compile(r"\](?:d2|C1|e0|Q3)")
TYPED = re.compile(r"\((\d{2,4})\)([^()]+)")
CHARACTERS = re.compile(r"[!\"%-?A-Z_a-z]+")  # the set 82 of GS1
CIP13 = "034009"
# Application identifier -> length of what follows; a negative one is the most, ended by GS or by the end.
LENGTHS = {
    **{"00": 18, "01": 14, "02": 14, "20": 2, "10": -20, "21": -20, "22": -20, "30": -8, "37": -8},
    **dict.fromkeys(("11", "12", "13", "15", "16", "17"), 6),
    **dict.fromkeys(("240", "241", "250", "251", "400"), -30),
    **dict.fromkeys(("710", "711", "712", "713", "714", "715", "716"), -20),
    **dict.fromkeys(("91", "92", "93", "94", "95", "96", "97", "98", "99"), -90),
}


@dataclass(frozen=True, slots=True)
class Box:
    """What a box says of itself.

    Shape   text is the element string as people read it, "(01)…(17)…(10)…"; expiry a FHIR date, of a month when the box
            gives no day; cip the 13 digits of a French medicine, None for anything else.
    """

    text: str
    gtin: str | None = None
    lot: str | None = None
    expiry: str | None = None
    serial: str | None = None

    @property
    def cip(self) -> str | None:
        """Return the CIP code: a French medicine's GTIN is a zero and its CIP13."""
        return self.gtin[1:] if self.gtin and self.gtin.startswith(CIP13) else None


def box_from_text(text: str, today: date) -> Box:
    """Return what an element string says.

    Errors  Invalid (400) on an identifier that is not known, a length, a check digit or a date that is wrong.
    Source  GS1 General Specifications, 3 and 7.12: the year is the one nearest to today's.
    """
    if len(text) > LENGTH_MOST:
        raise _refused(f"it has {len(text)} characters; expected {LENGTH_MOST} at most")
    stripped = text.strip(" \t\r\n")
    pairs = list(_typed(stripped) if stripped.startswith("(") else _scanned(SYMBOLOGY.sub("", stripped, count=1)))
    values = dict(pairs)
    if len(values) != len(pairs):
        raise _refused("an identifier comes twice")
    return Box(
        text="".join(f"({identifier}){value}" for identifier, value in pairs),
        gtin=_gtin(values["01"]) if "01" in values else None,
        lot=values.get("10"),
        expiry=_day(values["17"], today) if "17" in values else None,
        serial=values.get("21"),
    )


def _typed(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    for found in TYPED.finditer(text):
        if found.start() != place:
            break
        place = found.end()
        identifier, value = found[1], found[2].strip()
        yield identifier, _checked(identifier, value)
    if place != len(text):
        raise _refused(f"character {place + 1} is not understood; expected (01)…(17)…(10)…")


def _scanned(text: str) -> Iterator[tuple[str, str]]:
    place = 1 if text.startswith(GS) else 0
    if not text[place:]:
        raise _refused("it is empty")
    while place < len(text):
        identifier = next((text[place : place + size] for size in (2, 3) if text[place : place + size] in LENGTHS), "")
        if not identifier:
            raise _refused(f"the identifier at character {place + 1} is not known: {text[place : place + 3]!r}")
        place += len(identifier)
        length = LENGTHS[identifier]
        end = place + length if length > 0 else _end(text, place)
        yield identifier, _checked(identifier, text[place:end])
        place = end + text.startswith(GS, end)


def _end(text: str, place: int) -> int:
    found = text.find(GS, place)
    return len(text) if found < 0 else found


def _checked(identifier: str, value: str) -> str:
    length = LENGTHS.get(identifier)
    if length is None:
        raise _refused(f"the identifier ({identifier}) is not known")
    if length > 0 and not (len(value) == length and value.isascii() and value.isdecimal()):
        raise _refused(f"({identifier}) is followed by {value[:30]!r}; expected {length} digits")
    if length < 0 and not (len(value) <= -length and CHARACTERS.fullmatch(value)):
        raise _refused(f"({identifier}) is followed by {value[:30]!r}; expected 1 to {-length} characters, then GS")
    return value


def _gtin(value: str) -> str:
    total = sum(int(digit) * (3 if rank % 2 == 0 else 1) for rank, digit in enumerate(value[:-1]))
    if (total + int(value[-1])) % 10:
        raise _refused(f"the check digit of (01){value} is wrong")
    return value


def _day(value: str, today: date) -> str:
    year, month, day = (int(value[at : at + 2]) for at in (0, 2, 4))
    year += today.year - today.year % 100
    year += 100 if year - today.year <= -50 else -100 if year - today.year >= 51 else 0
    try:
        whole = date(year, month, day or 1)
    except ValueError as error:
        raise _refused(f"(17){value} is no day; expected YYMMDD") from error
    return whole.isoformat() if day else whole.isoformat()[:7]


def _refused(message: str) -> Invalid:
    return Invalid(f"The DataMatrix cannot be read: {message}", PLACE, code="value")
