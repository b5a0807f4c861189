"""What is known of FHIR R4, as frozen dataclasses."""

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
            targets are the resource types a Reference may point at (empty: any). attribute: an attribute in XML.
            invariants are those of the element's own place; those of its type stand on the Type.
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
            ones included, as are the invariants. pattern is the regular expression of a primitive.
    """

    name: str
    kind: str
    base: str | None
    abstract: bool = False
    elements: Sequence[Element] = ()
    invariants: Sequence[Invariant] = ()
    pattern: str | None = None


PropertyMap = Mapping[str, tuple[Element, str]]


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
            can be listed; those that are not bound as required are read when first asked for.
            code_systems: url -> code -> parent code or None, for :above and :below, read when first asked for.
            type_numbers: resource type -> smallint used in the store, stable for ever.
            invariants: those of all types and elements, each once.
    """

    version: str
    types: Mapping[str, Type]
    resource_types: frozenset[str]
    search_parameters: Sequence[SearchParameter]
    compartments: Mapping[str, Mapping[str, Sequence[str]]]
    value_sets: Mapping[str, Mapping[str, frozenset[str]]]
    code_systems: Mapping[str, Mapping[str, str | None]]
    type_numbers: Mapping[str, int] = field(default_factory=dict)
    invariants: Sequence[Invariant] = ()
    _property_maps: dict[str, PropertyMap] = field(default_factory=dict, repr=False, compare=False)
    _ancestors: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False, compare=False)

    def property_map(self, type_name: str) -> PropertyMap:
        """Return the JSON properties of a type: each its element and its concrete type.

        Shape   "valueQuantity" -> (the element `value`, "Quantity"); in the order of the specification; without
                resourceType and without the "_" siblings of primitives. Empty for a type that is not known.
        Time    made once per type.
        """
        found = self._property_maps.get(type_name)
        if found is None:
            if type_name not in self.types:  # not kept: it may come from outside
                return {}
            found = self._property_maps[type_name] = self._make_property_map(type_name)
        return found

    def _make_property_map(self, type_name: str) -> PropertyMap:
        return {
            element.name + (kind[0].upper() + kind[1:] if element.choice else ""): (element, kind)
            for element in self.types[type_name].elements
            for kind in element.types
        }

    def ancestors(self, type_name: str) -> Sequence[str]:
        """Return a type and those it derives from, nearest first: ("Age", "Quantity", "Element")."""
        found = self._ancestors.get(type_name)
        if found is None:
            known = self.types.get(type_name)
            if known is None:
                return (type_name,)
            found = self._ancestors[type_name] = (type_name, *(self.ancestors(known.base) if known.base else ()))
        return found

    def is_a(self, type_name: str, ancestor: str) -> bool:
        """Tell whether a type is another, or derives from it."""
        return ancestor in self.ancestors(type_name)
