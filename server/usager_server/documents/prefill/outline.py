"""The outline of a document: its sections in order, and beside each the searches of the record that fill it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from usager_server.documents.prefill.draft import Draft
    from usager_server.documents.prefill.setting import Setting

Tree = dict[str, Any]

LOINC = "2.16.840.1.113883.6.1"
COMPLEMENTARY = "1.2.250.1.213.1.1.4.12"
LISTED_MOST = 100
"""Resources that one search may bring into a section."""

LOOKUPS_MOST = 4
"""Searches outside the record that an outline may ask for."""


def whatever(_resource: Tree) -> bool:
    """Keep every match."""
    return True


def nothing(_setting: "Setting") -> Sequence[str]:
    """Look nothing up."""
    return ()


@dataclass(frozen=True, slots=True)
class Group:
    """The Observation under which a model wants those of a section to stand. Shape: system is an OID."""

    category: str
    system: str
    code: str
    display: str


@dataclass(frozen=True, slots=True)
class Fill:
    """One search of the record whose matches a section lists.

    Shape   search is a search in the compartment of the patient, as in an address: "Condition" or
            "Observation?category=survey&_sort=-date". keeps says what else a match must be. codes names a value set of
            the documents: Observations of these codes only. one_of_each keeps the latest of each code. group: the
            matches stand under one Observation. Those without criteria are read together, whatever their number.
    """

    search: str
    keeps: Callable[[Tree], bool] = whatever
    codes: str | None = None
    panels: tuple[str, ...] = ()
    one_of_each: bool = False
    group: Group | None = None
    most: int = LISTED_MOST

    @property
    def type(self) -> str:
        """Return the type that is searched."""
        return self.search.partition("?")[0]

    @property
    def is_plain(self) -> bool:
        """Say whether it has no criteria."""
        return self.search == self.type and self.codes is None


@dataclass(frozen=True, slots=True)
class Part:
    """A section. Shape: code is a CodeableConcept, None when nothing names it; in_words: told, not listed."""

    title: str
    fills: tuple[Fill, ...] = ()
    code: Tree | None = None
    parts: tuple["Part", ...] = ()
    in_words: bool = False

    def all_fills(self) -> Iterator[Fill]:
        """Yield the fills of this section and of those inside it."""
        yield from self.fills
        for part in self.parts:
            yield from part.all_fills()


@dataclass(frozen=True, eq=False)
class Outline:
    """How one type of document is prefilled; a module of `documents/outlines/` names its own OUTLINE (or OUTLINES).

    Shape   code is its type in `system` (an OID), others those it may have too. An N3 names its model, whose sections
            stand in the model's order, and fills them by section code; an N1 lists its sections. is_kept_up: there is
            one such document of a person, and each new one is its next version. reads: fills that no section lists;
            looks_up: searches outside the record (a vaccine, a laboratory), LOOKUPS_MOST at most; completes adds what
            the model needs besides, once the sections are filled.
    """

    name: str
    code: str
    title: str | None = None
    system: str = LOINC
    others: tuple[str, ...] = ()
    model: str | None = None
    fills: Mapping[str, tuple[Fill, ...]] = field(default_factory=dict)
    sections: tuple[Part, ...] = ()
    is_kept_up: bool = False
    reads: tuple[Fill, ...] = ()
    looks_up: Callable[["Setting"], Sequence[str]] = nothing
    completes: Callable[["Draft"], None] | None = None

    @cached_property
    def parts(self) -> Sequence[Part]:
        """Return the sections."""
        if self.model is None:
            return self.sections
        from usager_server.documents.prefill.models import parts_of_model  # with it comes all of usager_cda

        return parts_of_model(self.model, self.fills)

    @cached_property
    def searches(self) -> Sequence[Fill]:
        """Return all the searches, each once."""
        return list(dict.fromkeys([*(fill for part in self.parts for fill in part.all_fills()), *self.reads]))
