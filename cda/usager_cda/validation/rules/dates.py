"""Dates that cannot be: before the person was born, or not come yet."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from usager_cda.tree import Element, attribute, child, children, descendant
from usager_cda.validation.report import Remark, remark
from usager_cda.validation.subject import PATIENT, Subject

LEAD = timedelta(days=1)
"""Clocks differ, and so do time zones: a document may be dated a little after now."""

ACTORS = ("author", "legalAuthenticator", "authenticator", "dataEnterer")
YEAR, DAY = 4, 8


def birth(subject: Subject) -> Iterator[Remark]:
    """Nobody is born after today."""
    time = descendant(subject.root, f"{PATIENT}/birthTime")
    if _after(attribute(time, "value"), _latest()):
        yield remark("birth-future", "error", "The date of birth is to come", time)


def document(subject: Subject) -> Iterator[Remark]:
    """A document, its author's and its signatory's times are not to come, nor before the person was born."""
    born = attribute(descendant(subject.root, f"{PATIENT}/birthTime"), "value")
    holders = [
        *children(subject.root, "documentationOf"),
        *(each for name in ACTORS for each in children(subject.root, name)),
    ]
    acts = [descendant(each, "serviceEvent/effectiveTime/low") for each in holders]
    times = [child(subject.root, "effectiveTime"), *(child(each, "time") for each in holders)]
    for time in times:
        if _after(attribute(time, "value"), _latest()):
            yield remark("date-future", "error", "The date is to come", time, "today or before")
    for time in (*times, *acts):
        if _before(attribute(time, "value"), born):
            yield remark("date-before-birth", "error", "The date is before the person was born", time)


def body(subject: Subject) -> Iterator[Remark]:
    """What has happened (mood EVN) was after the birth, and is not to come."""
    born = attribute(descendant(subject.root, f"{PATIENT}/birthTime"), "value")
    for statement in subject.statements:
        if statement.get("moodCode") != "EVN":
            continue
        for time in _times(statement):
            value = time.get("value")
            if _before(value, born):
                yield remark("date-before-birth", "warning", "The date is before the person was born", time)
            elif _after(value, _latest()):
                yield remark(
                    "date-future", "warning", "This happened, and its date is to come", time, "today or before"
                )


def _times(statement: Element) -> Iterator[Element]:
    for time in children(statement, "effectiveTime"):
        low = child(time, "low")
        if low is not None:
            yield low
        elif time.get("value"):
            yield time


def _latest() -> str:
    return (datetime.now(UTC) + LEAD).strftime("%Y%m%d")


def _after(value: str | None, day: str) -> bool:
    """Tell whether a date is after a day, as far as its precision says."""
    digits = _digits(value)
    return len(digits) >= YEAR and digits[:DAY] > day[: len(digits[:DAY])]


def _before(value: str | None, born: str | None) -> bool:
    digits, birth_digits = _digits(value), _digits(born).rstrip("0")
    shared = min(len(digits), len(birth_digits), DAY) // 2 * 2
    return shared >= YEAR and digits[:shared] < birth_digits[:shared]


def _digits(value: str | None) -> str:
    digits = (value or "").partition("+")[0].partition("-")[0].strip()
    return digits if digits.isascii() and digits.isdecimal() else ""


RULES = {"birth-future": birth, "date-future": document, "date-before-birth": body}
