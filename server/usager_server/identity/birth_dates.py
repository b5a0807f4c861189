"""Dates of birth of which a part is unknown: completed, never stored in part."""

import re
from datetime import date

LUNAR = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?", re.ASCII)
NOBODY_KNOWS = "1900-12-31"
RULE = (
    "mois et année connus, le 1er du mois ; jour et année, en janvier ; année seule, le 31 décembre ; "
    "rien, le 31/12/1900"
)


def completed(text: str) -> tuple[str, bool]:
    """Return a whole date (YYYY-MM-DD) and whether it was completed.

    Shape   text is a FHIR date, or one as INSi writes it, in which an unknown part is 00 or a month no calendar has.
    Errors  ValueError when it is neither.
    Source  RNIV EXI PP 19; INSi writes "DateLunaire", a text and not an xs:date.
    """
    found = LUNAR.fullmatch(text)
    if found is None:
        raise ValueError("A date of birth is YYYY-MM-DD, with 00 for what is unknown")
    year, month, day = found[1], _known(found[2], 12), _known(found[3], 31)
    if year == "0000":
        return NOBODY_KNOWS, True
    if month and day:
        return date(int(year), month, day).isoformat(), False
    if month:
        return f"{year}-{month:02d}-01", True
    return (f"{year}-01-{day:02d}", True) if day else (f"{year}-12-31", True)


def _known(part: str | None, most: int) -> int:
    number = int(part or 0)
    return number if number <= most else 0
