"""What the rooms beside this one declare: kinds of entries (entries/), of sections (sections/), models (models/)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.tree import Node

if TYPE_CHECKING:
    from usager_cda.errors import Finding
    from usager_cda.fhir.resolver import Resolver
    from usager_cda.header import Header
    from usager_cda.structured.reading import Reading
    from usager_cda.structured.statement import Statement
    from usager_cda.structured.writing import Writing

FR_DOCUMENT = "1.2.250.1.213.1.1.1."
FR_SECTION = "1.2.250.1.213.1.1.2."
FR_ENTRY = "1.2.250.1.213.1.1.3."
CCD = "2.16.840.1.113883.10.20.1."
IHE = "1.3.6.1.4.1.19376."
LOINC = "2.16.840.1.113883.6.1"
SNOMED = "2.16.840.1.113883.6.96"
CISIS = "1.2.250.1.213.1.1.4.322"
ABSENT_UNKNOWN = "2.16.840.1.113883.5.1150.1"


@dataclass(frozen=True, slots=True)
class Kind:
    """One template of entry, both ways; a module of entries/ names its own ENTRY (or ENTRIES).

    Shape   read adds the resources of a statement to the reading and returns the References a section should list;
            takes says whether build can write a resource; build returns the clinical statement (one for several
            resources when groups says under which key they stand together). known_by are other templates that
            identify the kind alone, for documents that lack the French one. parents are written before it.
            names_entry when the templates stand on the entry instead, as laboratories have it.
    """

    template: str
    read: Callable[[Statement, Reading], Iterable[Tree]]
    takes: Callable[[Tree], bool] = lambda _: False
    build: Callable[[Sequence[Tree], Writing], Node] | None = None
    parents: tuple[str, ...] = ()
    known_by: tuple[str, ...] = ()
    groups: Callable[[Tree, Resolver], object] = lambda *_: None
    reads_negation: bool = False
    names_entry: bool = False

    @property
    def templates(self) -> tuple[str, ...]:
        """Return the templateIds to write, the most general first."""
        return (*self.parents, self.template)


@dataclass(frozen=True, slots=True)
class Around:
    """A resource that stands for a section as a whole, both ways.

    Shape   read takes the statement of the section, its title and the References of its entries, and returns the
            Reference of the resource, None when there is none to make; spread returns the References that a resource
            stands for, None when it is of another kind.
    """

    read: Callable[[Statement, str | None, Sequence[Tree], Reading], Tree | None]
    spread: Callable[[Tree], Sequence[Tree] | None]


@dataclass(frozen=True, slots=True)
class Section:
    """One template of section; a module of sections/ names its own SECTION.

    Shape   entries are the templates of the kinds it lists, the one to write a resource with first. nothing builds the
            entry that says that nothing is known, for sections that must hold one. link is the typeCode of its
            entries. may_be_silent when a model that asks for the section takes one without an entry. others are the
            codes it may have in place of its own; most how many entries it may hold. around is what stands for
            the section as a whole (a CarePlan).
    """

    template: str
    code: Code
    title: str
    parents: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    needs_entry: bool = False
    nothing: Callable[[Writing], Node] | None = None
    link: str | None = None
    may_be_silent: bool = False
    others: frozenset[str] = frozenset()
    most: int | None = None
    around: Around | None = None

    @property
    def templates(self) -> tuple[str, ...]:
        """Return the templateIds to write, the most general first."""
        return (*self.parents, self.template)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for a section in a model: how many are needed, under which title, what stands inside it."""

    section: str
    least: int = 0
    title: str | None = None
    inside: tuple[Slot, ...] = ()
    narrative_only: bool = False


@dataclass(frozen=True, slots=True)
class Model:
    """One model of document; a module of models/ names its own MODEL.

    Shape   codes are the types it is written for, the first by default; act is the code of its main act when the model
            fixes one; stays are the kinds of encounter it allows, any when there is none; wants_pdf when a copy of the
            document in PDF must be inside, takes_pdf when it may; requirements the IDs that ask for the document;
            setting the practice setting it fixes; asks yields what else is missing in a header and in the resources
            that the sections list; adapts returns one of these, in its Composition, as this model wants it told.
    """

    name: str
    templates: tuple[II, ...]
    codes: tuple[Code, ...]
    slots: tuple[Slot, ...]
    title: str | None = None
    act: Code | None = None
    stays: tuple[str, ...] = ()
    wants_pdf: bool = False
    takes_pdf: bool = True
    requirements: tuple[str, ...] = ()
    setting: Code | None = None
    asks: Callable[[Header, Sequence[Tree], Resolver], Iterable[Finding]] | None = None
    adapts: Callable[[Tree, Tree], Tree] | None = None

    @property
    def profile(self) -> str:
        """Return the canonical by which a Composition asks for this model when its type does not tell."""
        return f"{PROFILES}{self.name}"


PROFILES = "https://usager.example/fhir/StructureDefinition/cda-"


def loinc(code: str, display: str) -> Code:
    """Return a code of LOINC."""
    return Code(code, LOINC, display)


def cisis(code: str, display: str) -> Code:
    """Return a code of the TerminologieCISIS."""
    return Code(code, CISIS, display)
