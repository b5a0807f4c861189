"""A concept of a code system, as plain values."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from usager_server.canonicals import canonical

OUR_WORDS = {"system": canonical("CodeSystem", "label-source"), "code": "usager", "display": "Words of Usager"}
"""Use of a designation that gives the meaning of a code in our words: its source may call it otherwise."""

ENDING = ("dateFin", "retirementDate", "deprecationDate")
STARTING = ("dateValid", "effectiveDate")


@dataclass(frozen=True, slots=True)
class Designation:
    """Another name of a concept. Shape: use is a Coding, or None."""

    value: str
    language: str | None = None
    use: Any = None


@dataclass(frozen=True, slots=True)
class Concept:
    """One code and what is known of it.

    Shape   parents: the codes above it, the nesting one first. properties: (code, name of the value, value), as the
            code system gives them ("valueCode", "I10"). start and end bound the days on which it may be used.
            others: what the same code means at other times.
    """

    code: str
    display: str | None = None
    definition: str | None = None
    designations: tuple[Designation, ...] = ()
    parents: tuple[str, ...] = ()
    properties: tuple[tuple[str, str, Any], ...] = ()
    is_inactive: bool = False
    is_abstract: bool = False
    start: date | None = None
    end: date | None = None
    others: tuple["Concept", ...] = ()

    def on(self, day: date | None) -> "Concept | None":
        """Return what the code means on a day, None when nothing; the concept itself when no day is asked for."""
        if day is None or self.is_valid_on(day):
            return self
        return next((each for each in self.others if each.is_valid_on(day)), None)

    def is_valid_on(self, day: date) -> bool:
        """Tell whether the code could be used that day; the end is the first day on which it could not."""
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)

    def name_in(self, language: str | None) -> str | None:
        """Return the first name in a language ("fr", "fr-FR"), None when there is none or no language is asked for."""
        wanted = _primary(language)
        return next((each.value for each in self.designations if wanted and _primary(each.language) == wanted), None)

    @property
    def is_named_by_us(self) -> bool:
        """Tell whether it has a name of our own words, so that another name is not wrong."""
        return any(each.use == OUR_WORDS for each in self.designations)

    def is_named(self, text: str) -> bool:
        """Tell whether a display is a name of this concept, letter case and spaces aside."""
        names = (self.display, *(each.value for each in self.designations))
        return any(_plain(text) == _plain(name) for name in names if name)


def _primary(language: str | None) -> str:
    return (language or "").partition("-")[0].lower()


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
