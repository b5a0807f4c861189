"""Invariants through FHIRPath: those that have no closure of their own, and those of profiles."""

from typing import Any, Protocol

from usager_server.definitions import Definitions
from usager_server.errors import Invalid
from usager_server.fhirpath import Environment, Evaluator, Node, compile
from usager_server.validation.conformance.selection import resolve
from usager_server.validation.walk import Walk


class ExpressionPredicate(Protocol):
    """A predicate that also takes the underscored sibling of a primitive."""

    def __call__(self, value: Any, walk: Walk, extra: Any = None, /) -> bool: ...


def expression_predicate(text: str, kind: str, definitions: Definitions) -> ExpressionPredicate:
    """Return the predicate of a FHIRPath expression on nodes of a type; compiled when first needed.

    Shape   an expression that gives nothing holds (a Reference without `reference` gives nothing for ref-1), and so
            does one that cannot be decided here: only a plain false is a breach.
    """
    evaluator: Evaluator | None = None

    def holds(value: Any, walk: Walk, extra: Any = None, /) -> bool:
        nonlocal evaluator
        if evaluator is None:
            evaluator = compile(text, definitions)
        try:
            return evaluator.truth(Node(value, kind, extra=extra), _environment(walk)) is not False
        except Invalid:
            return True

    return holds


def _environment(walk: Walk) -> Environment:
    return Environment(
        resource=Node(walk.resource, str(walk.resource.get("resourceType"))),
        root_resource=Node(walk.container, str(walk.container.get("resourceType"))),
        seconds=walk.clock.remaining(),
        resolve=lambda reference: resolve(reference, walk),
    )
