"""Questions to an edition of the COG: what a code named on a day, what became of it, whether two are one place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from usager_server.birthplaces.edition import COMMUNE, Edition, Event, Period
from usager_server.requirements import fulfils

UNKNOWN = Period("99999", "INCONNU", "INCONNU")
"""The place that nobody knows. It is for a person to choose, never to be filled in."""

WELL_FORMED = re.compile(r"(?:0[1-9]|[1-8]\d|9[0-5]|2[AB])\d{3}|9[78]\d{3}|99\d{3}", re.ASCII)
MOST_STEPS = 2_000
"""Periods that are walked to see whether two codes are one place; the largest family has under 300."""


class Standing(StrEnum):
    """What is known of a code."""

    known = "known"
    well_formed = "well-formed"
    malformed = "malformed"


@dataclass(frozen=True, slots=True)
class Change:
    """One step in the life of a place: from one period to another."""

    event: Event
    before: Period
    after: Period


class Gazetteer:
    """An edition, found by code. Time: made once, about 50 ms for the whole COG."""

    def __init__(self, edition: Edition) -> None:
        self.edition = edition
        self._by_code: dict[str, list[int]] = {}
        for number, period in enumerate(edition.periods):
            self._by_code.setdefault(period.code, []).append(number)
        self._from: dict[int, list[Event]] = {}
        self._to: dict[int, list[Event]] = {}
        for event in edition.events:
            self._from.setdefault(event.before, []).append(event)
            self._to.setdefault(event.after, []).append(event)

    def periods(self, code: str) -> Sequence[Period]:
        """Return all that a code has named, the oldest first; communes before their parts."""
        if code == UNKNOWN.code:
            return [UNKNOWN]
        found = [self.edition.periods[number] for number in self._by_code.get(code, ())]
        return sorted(found, key=lambda period: (period.kind != COMMUNE, period.start))

    @fulfils("SC.INS.02")
    def on(self, code: str, day: str) -> Period | None:
        """Return what a code named on a day (YYYY-MM-DD), None when it named nothing that day."""
        return next((period for period in self.periods(code) if period.holds(day)), None)

    def nearest(self, code: str, day: str) -> Period | None:
        """Return what a code named on a day, else at the time nearest to it; None when it is not known."""
        found = self.on(code, day)
        if found is not None:
            return found
        return min(self.periods(code), key=lambda period: _distance(period, day), default=None)

    def successors(self, period: Period) -> Sequence[Change]:
        """Return what took the place of a period, the oldest change first."""
        return [self._change(event) for event in self._from.get(self._number(period), ())]

    def origins(self, period: Period) -> Sequence[Change]:
        """Return what a period took the place of, the oldest change first."""
        return [self._change(event) for event in self._to.get(self._number(period), ())]

    def _number(self, period: Period) -> int:
        at = self.edition.periods
        return next((number for number in self._by_code.get(period.code, ()) if at[number] == period), -1)

    def _change(self, event: Event) -> Change:
        at = self.edition.periods
        return Change(event, at[event.before], at[event.after])

    def are_one_place(self, code: str, other: str) -> bool:
        """Say whether the events lead from one code to the other, forwards only: a renamed, moved or merged commune.

        Two communes that were merged into a third are not one place. A district of Paris, Lyon or Marseille and its
        city are: births bear either code.
        """
        return code == other or self._leads(code, other) or self._leads(other, code)

    def _leads(self, code: str, other: str) -> bool:
        waiting = list(self._by_code.get(code, ()))
        seen = set(waiting)
        while waiting and len(seen) < MOST_STEPS:
            number = waiting.pop()
            period = self.edition.periods[number]
            if other in (period.code, period.parent):
                return True
            for event in self._from.get(number, ()):
                if event.after not in seen:
                    seen.add(event.after)
                    waiting.append(event.after)
        return False

    def standing(self, code: str) -> Standing:
        """Return whether a code is known, could be one that INSi knows and we do not, or is none."""
        if code in self._by_code or code == UNKNOWN.code:
            return Standing.known
        return Standing.well_formed if WELL_FORMED.fullmatch(code) else Standing.malformed

    def codes(self) -> Iterator[str]:
        """Yield every code, in order."""
        return iter(self._by_code)


def _distance(period: Period, day: str) -> tuple[int, str]:
    """Return what sorts periods by how far they are from a day: the years between, those before it first."""
    edge = period.end if period.end and period.end <= day else period.start
    return (abs(int(edge[:4] or 1943) - int(day[:4])), edge)
