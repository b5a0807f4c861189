"""One edition of the code officiel géographique as plain values, and the compact file it is kept in.

Source  INSEE, Code officiel géographique, Licence Ouverte.
"""

import gzip
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

FIRST_LINE = "cog 1"
LARGEST_BYTES = 64 * 1024 * 1024
"""Of the text of an edition: ten times the whole of INSEE."""

COMMUNE, ASSOCIATED, DELEGATED, DISTRICT = "COM", "COMA", "COMD", "ARM"
OVERSEAS, COUNTRY = "COMER", "PAYS"
KINDS = (COMMUNE, ASSOCIATED, DELEGATED, DISTRICT, OVERSEAS, COUNTRY)


class EditionError(ValueError):
    """A file that is no edition; the message says what is wrong and on which line."""


class Period(NamedTuple):
    """A code that named a place for some time: codes are used again, so that the code alone names nothing.

    Shape   kind as INSEE calls it (TYPECOM), or COMER, PAYS. start is the first day, end the first day that is out;
            each empty when it is not bounded (1943 or before; still so). is_rough: a bound is known to some years only,
            and the period is then given the longest time it may have had. parent: the code of the commune it is a part
            of, or of the territory.
    """

    code: str
    kind: str
    label: str
    start: str = ""
    end: str = ""
    is_rough: bool = False
    parent: str = ""

    def holds(self, day: str) -> bool:
        """Say whether a day (YYYY-MM-DD) is in the period."""
        return self.start <= day and (not self.end or day < self.end)


class Event(NamedTuple):
    """What became of a place: a period that ended or changed, and one that took its place.

    Shape   before and after are places in Edition.periods. what is one of the words of `WHAT`.
    """

    day: str
    what: str
    before: int
    after: int


RENAMED, MERGED, SPLIT, MOVED, KEPT_APART = "renamed", "merged", "split", "moved", "delegated"
WHAT = {
    RENAMED: "changement de nom",
    MERGED: "fusion",
    SPLIT: "rétablissement",
    MOVED: "changement de code",
    KEPT_APART: "commune déléguée ou associée",
}
"""The kinds of events, and what a French reader is told."""


@dataclass(frozen=True, slots=True)
class Edition:
    """All periods and events. Shape: name says which edition ("2026"), source where it is from and on what terms."""

    name: str
    source: str
    periods: Sequence[Period]
    events: Sequence[Event]


def edition_bytes(edition: Edition) -> bytes:
    """Return the file of an edition: a gzip of lines of fields between tabs. The same edition gives the same bytes."""
    return gzip.compress("\n".join(_lines(edition)).encode(), mtime=0)


def _lines(edition: Edition) -> Iterator[str]:
    yield "\t".join((FIRST_LINE, edition.name, edition.source))
    for period in edition.periods:
        rough = "~" if period.is_rough else ""
        yield "\t".join((period.code, period.kind, period.label, period.start, period.end, rough, period.parent))
    yield ""
    for day, what, before, after in edition.events:
        yield f"{day}\t{what}\t{before}\t{after}"


def read_edition(data: bytes) -> Edition:
    """Return the edition of a file. Time: about 60 ms for the whole COG. Errors: EditionError."""
    lines = _text(data).split("\n")
    head = lines[0].split("\t")
    if len(head) != 3 or head[0] != FIRST_LINE:
        raise EditionError("line 1: this is no edition of the COG")
    try:
        middle = lines.index("", 1)
        periods = [_period(line) for line in lines[1:middle]]
        events = [_event(line, len(periods)) for line in lines[middle + 1 :]]
    except ValueError as error:
        raise EditionError(f"the file is damaged: {error}") from error
    return Edition(head[1], head[2], periods, events)


def _text(data: bytes) -> str:
    try:
        with gzip.GzipFile(fileobj=BytesIO(data)) as file:
            text = file.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, ValueError) as error:
        raise EditionError(f"the file is damaged: {error}") from error
    if len(text) > LARGEST_BYTES:
        raise EditionError(f"the file holds over {LARGEST_BYTES} bytes")
    return text.decode()


def _period(line: str) -> Period:
    code, kind, label, start, end, rough, parent = line.split("\t")
    return Period(code, kind, label, start, end, bool(rough), parent)


def _event(line: str, most: int) -> Event:
    day, what, before, after = line.split("\t")
    event = Event(day, what, int(before), int(after))
    if what not in WHAT or not (0 <= event.before < most and 0 <= event.after < most):
        raise ValueError(f"an event that is none: {line[:80]!r}")
    return event


def joined(periods: Iterable[Period]) -> tuple[list[Period], list[int]]:
    """Return periods sorted by code and time, those that go on under one name made one, and the new place of each.

    A commune that takes in another goes on: it is the same place, and no event of its own.
    """
    listed = list(periods)
    order = sorted(
        range(len(listed)), key=lambda number: (listed[number].code, listed[number].kind, listed[number].start)
    )
    made: list[Period] = []
    places = [0] * len(listed)
    for number in order:
        period = listed[number]
        last = made[-1] if made else None
        if last and last.end and (last.code, last.kind, last.label, last.end) == (*period[:3], period.start):
            made[-1] = last._replace(end=period.end, is_rough=last.is_rough or period.is_rough, parent=period.parent)
        else:
            made.append(period)
        places[number] = len(made) - 1
    return made, places
