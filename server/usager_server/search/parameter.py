"""One search parameter of one resource type, with all that is known of it once its expression is compiled."""

from collections.abc import Sequence
from dataclasses import dataclass

KINDS_WITH_PREFIX = frozenset({"date", "number", "quantity"})


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a composite parameter; type is the search type of what the expression yields."""

    type: str
    expression: str
    leaves: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A search parameter of a resource type.

    Shape   leaves are the FHIR types that the expression yields. answered_by names the parameters whose index rows
            answer this one: itself, or the parts of a union that other parameters index already (combo-code).
            required: every valid resource has a value; single: it has one at most. systems and codes are those of a
            bound `code`. within: the values are those, of the parameter that answers this one, with this system (phone
            is telecom within the system phone). paths are the JSON paths of the values ("code.coding.code"), none when
            the expression is more.
    """

    name: str
    type: str
    resource_type: str
    expression: str
    url: str = ""
    description: str = ""
    targets: Sequence[str] = ()
    components: Sequence[Component] = ()
    leaves: frozenset[str] = frozenset()
    answered_by: Sequence[str] = ()
    required: bool = False
    single: bool = False
    systems: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()
    within: str | None = None
    paths: Sequence[str] = ()

    @property
    def modifiers(self) -> Sequence[str]:
        """The modifiers that may follow the name, :[type] of references apart."""
        return MODIFIERS.get(self.name) or MODIFIERS.get(self.type, ())


MODIFIERS: dict[str, Sequence[str]] = {
    # those of a type, then those of parameters that lie on the resource itself
    "token": ("missing", "not", "text", "in", "not-in", "above", "below", "of-type"),
    "string": ("missing", "exact", "contains"),
    "reference": ("missing", "identifier"),
    "uri": ("missing", "above", "below"),
    "date": ("missing",),
    "number": ("missing",),
    "quantity": ("missing",),
    "_id": ("not",),
    "_lastUpdated": ("missing",),
}
