"""From the invariants of a type to the predicates that decide them."""

from collections.abc import Iterable, Sequence

from usager_server.definitions import Definitions, Invariant
from usager_server.validation.invariants.bundles import BUNDLES
from usager_server.validation.invariants.datatypes import DATATYPES, extension_holds
from usager_server.validation.invariants.definitional import ELEMENTS
from usager_server.validation.invariants.expressions import expression_predicate
from usager_server.validation.invariants.resources import RESOURCES
from usager_server.validation.walk import Predicate

# Decided by the checkers themselves: objects.py, references.py, narrative.py.
ELSEWHERE = frozenset({"ele-1", "ref-1", "txt-1", "txt-2"})

NATIVE = {**DATATYPES, **RESOURCES, **BUNDLES, **ELEMENTS}

Rule = tuple[Predicate, Invariant]


class Rules:
    """Finds the predicate of an invariant: a closure when there is one, else its FHIRPath expression."""

    def __init__(self, definitions: Definitions, severities: frozenset[str]) -> None:
        self._definitions = definitions
        self._severities = severities

    def of(self, place: str, kind: str, invariants: Iterable[Invariant]) -> Sequence[Rule]:
        """Return the rules of a type, or of an element of that type; those decided elsewhere left out.

        Shape   place is the path of the type or element, which tells apart the invariants that share a key.
        """
        return [
            (self._predicate(place, kind, invariant), invariant)
            for invariant in invariants
            if invariant.severity in self._severities and invariant.key not in ELSEWHERE
        ]

    def _predicate(self, place: str, kind: str, invariant: Invariant) -> Predicate:
        if invariant.key == "ext-1":
            names = (name for name in self._definitions.property_map("Extension") if name.startswith("value"))
            return extension_holds(frozenset(part for name in names for part in (name, "_" + name)))
        native = NATIVE.get(f"{place}:{invariant.key}") or NATIVE.get(invariant.key)
        return native or expression_predicate(invariant.expression, kind, self._definitions)
