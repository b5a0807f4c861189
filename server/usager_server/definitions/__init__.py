"""The official R4 definitions as plain values, read once from compact data files (`scripts/build_definitions.py`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Invariant:
    """A constraint of a type or an element; severity error or warning."""

    key: str
    severity: str
    human: str
    expression: str


@dataclass(frozen=True, slots=True)
class Element:
    """One child of a type.

    Shape   name is the JSON name, without [x]; types are FHIR type codes ("string", "Reference", "Quantity"), or the
            dotted path of a nested type ("Patient.contact") for a backbone or a contentReference; several only when
            choice. max None means *. binding is the canonical of a *required* value set.
            targets are the resource types a Reference may point at (empty: any).
    """

    name: str
    types: Sequence[str]
    min: int = 0
    max: int | None = 1
    choice: bool = False
    summary: bool = False
    modifier: bool = False
    attribute: bool = False
    binding: str | None = None
    targets: Sequence[str] = ()
    invariants: Sequence[Invariant] = ()


@dataclass(frozen=True, slots=True)
class Type:
    """A resource, datatype, primitive or nested backbone type.

    Shape   kind is resource, complex, primitive or backbone; elements are in the order of the specification, inherited
            ones included. pattern is the regular expression of a primitive.
    """

    name: str
    kind: str
    base: str | None
    abstract: bool = False
    elements: Sequence[Element] = ()
    invariants: Sequence[Invariant] = ()
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class SearchParameter:
    """A search parameter of one or several types. bases as published ("Resource", "DomainResource" included)."""

    code: str
    type: str
    bases: Sequence[str]
    expression: str
    url: str
    targets: Sequence[str] = ()
    components: Sequence[tuple[str, str]] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class Definitions:
    """Everything known of R4.

    Shape   types by name (nested ones by dotted path); resource_types excludes the abstract ones.
            compartments: compartment type -> resource type -> search parameters ("{def}" = the resource itself).
            value_sets: canonical without version -> system -> codes, for the required bindings and the small sets that
            can be listed. code_systems: url -> code -> parent code or None, for :above and :below.
            type_numbers: resource type -> smallint used in the store, stable for ever.
    """

    version: str
    types: Mapping[str, Type]
    resource_types: frozenset[str]
    search_parameters: Sequence[SearchParameter]
    compartments: Mapping[str, Mapping[str, Sequence[str]]]
    value_sets: Mapping[str, Mapping[str, frozenset[str]]]
    code_systems: Mapping[str, Mapping[str, str | None]]
    type_numbers: Mapping[str, int] = field(default_factory=dict)


def load() -> Definitions:
    """Return the R4 definitions. Time: under 150 ms; call it once, at start-up."""
    raise NotImplementedError
