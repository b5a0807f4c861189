"""The members of a value set, listed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import compress, filterfalse
from typing import overload

from usager_server.terminology.concept import Concept
from usager_server.terminology.words import WordIndex

System = str
Spans = Sequence[tuple[int, int]]
"""First days, and the first on which it was no more; days by their ordinal."""
ALWAYS = BEGINNING, NEVER = 0, date.max.toordinal() + 1


@dataclass(frozen=True, slots=True)
class Member:
    """One code of a value set. Shape: display as the value set says it, else as the code system does."""

    system: str
    concept: Concept
    display: str | None
    version: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Return (system, code)."""
        return self.system, self.concept.code

    def on(self, day: date) -> "Member | None":
        """Return the member as its code means that day; None when it means nothing then."""
        concept = self.concept.on(day)
        if concept is None or concept is self.concept:
            return None if concept is None else self
        return replace(self, concept=concept, display=concept.display)


class Found(Sequence[Member]):
    """Members by their places: of thousands that a letter finds, those of a page alone are looked at."""

    def __init__(self, members: Sequence[Member], numbers: Sequence[int]) -> None:
        self._members, self._numbers = members, numbers

    def __len__(self) -> int:
        """Return how many were found."""
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> Member: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Member]: ...
    def __getitem__(self, at: int | slice) -> Member | Sequence[Member]:
        """Return one, or a page."""
        if isinstance(at, slice):
            return [self._members[number] for number in self._numbers[at]]
        return self._members[self._numbers[at]]


class Expansion:
    """Every member of a value set.

    Shape   fragments: the code systems of which a part only is known here, so that members may be missing; is_whole
            says that there are none, and that the value set itself is.
    """

    def __init__(
        self, members: Iterable[Member], fragments: Iterable[System] = (), *, is_partial: bool = False
    ) -> None:
        self.by_key: Mapping[tuple[str, str], Member] = {member.key: member for member in members}
        self.members: Sequence[Member] = list(self.by_key.values())
        self.fragments = tuple(dict.fromkeys(fragments))
        self.is_whole = not self.fragments and not is_partial

    def find(self, text: str, day: date | None = None) -> Sequence[Member]:
        """Return the members that someone who types this text looks for, the best first; all of them without text.

        Shape   with a day, only those whose code means something then.
        """
        numbers = self._index.find(text) if text else range(len(self.members))
        if day is not None:
            numbers = self._in_use(numbers, day)
        return Found(self.members, numbers)

    def _in_use(self, numbers: Sequence[int], day: date) -> Sequence[int]:
        """Return those in use on a day. Time: a microsecond for each that was not always, and little for the others."""
        at = day.toordinal()
        varying = compress(numbers, map(self._varies.__getitem__, numbers))
        gone = {each for each in varying if not _holds(self._spans[each], at)}
        return list(filterfalse(gone.__contains__, numbers))

    @cached_property
    def _spans(self) -> Mapping[int, Spans]:
        """Return the days on which each member that was not always in use was, under any of its meanings."""
        concepts = enumerate(member.concept for member in self.members)
        spans = {number: [_span(each) for each in (concept, *concept.others)] for number, concept in concepts}
        return {number: found for number, found in spans.items() if ALWAYS not in found}

    @cached_property
    def _varies(self) -> bytes:
        return bytes(number in self._spans for number in range(len(self.members)))

    @cached_property
    def _index(self) -> WordIndex:
        return WordIndex(_names(member) for member in self.members)


def _holds(spans: Spans, day: int) -> bool:
    for start, end in spans:  # noqa: SIM110 - any() takes five times as long
        if start <= day < end:
            return True
    return False


def _span(concept: Concept) -> tuple[int, int]:
    return concept.start.toordinal() if concept.start else BEGINNING, concept.end.toordinal() if concept.end else NEVER


def _names(member: Member) -> list[str]:
    concept = member.concept
    names = [member.display or concept.code, *(each.value for each in concept.designations), concept.code]
    names += [each.display for each in concept.others if each.display]
    return [*names, concept.display] if concept.display else names
