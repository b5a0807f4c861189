"""The members of a value set, listed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from usager_server.terminology.concept import Concept
from usager_server.terminology.words import WordIndex

System = str


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

    def find(self, text: str) -> Sequence[Member]:
        """Return the members that someone who types this text looks for, the best first; all of them without text."""
        return [self.members[number] for number in self._index.find(text)] if text else self.members

    @cached_property
    def _index(self) -> WordIndex:
        return WordIndex(_names(member) for member in self.members)


def _names(member: Member) -> list[str]:
    concept = member.concept
    names = [member.display or concept.code, *(each.value for each in concept.designations), concept.code]
    names += [each.display for each in concept.others if each.display]
    return [*names, concept.display] if concept.display else names
