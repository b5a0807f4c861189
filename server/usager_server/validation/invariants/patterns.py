"""The few sentences most invariants are made of, as closures on the raw node."""

from collections.abc import Iterable
from typing import Any

from usager_server.validation.walk import Predicate, Walk

Node = dict[str, Any]


def has(node: Node, name: str) -> bool:
    """Tell whether a property stands, be it only by its extension."""
    return name in node or "_" + name in node


def some(*names: str) -> Predicate:
    """Hold when one of the properties, at least, stands."""
    known = {*names, *("_" + name for name in names)}

    def holds(node: Node, walk: Walk) -> bool:
        return not known.isdisjoint(node)

    return holds


def one_of(*names: str) -> Predicate:
    """Hold when exactly one of the properties stands."""

    def holds(node: Node, walk: Walk) -> bool:
        return sum(has(node, name) for name in names) == 1

    return holds


def at_most_one(*names: str) -> Predicate:
    """Hold when no two of the properties stand."""

    def holds(node: Node, walk: Walk) -> bool:
        return sum(has(node, name) for name in names) < 2

    return holds


def needs(name: str, *others: str) -> Predicate:
    """Hold when the property comes with one, at least, of the others."""
    accompanied = some(*others)

    def holds(node: Node, walk: Walk) -> bool:
        return name not in node or accompanied(node, walk)

    return holds


def either(*predicates: Predicate) -> Predicate:
    """Hold when one of them holds."""

    def holds(node: Node, walk: Walk) -> bool:
        return any(predicate(node, walk) for predicate in predicates)

    return holds


def both(*predicates: Predicate) -> Predicate:
    """Hold when all of them hold."""

    def holds(node: Node, walk: Walk) -> bool:
        return all(predicate(node, walk) for predicate in predicates)

    return holds


def absent(*names: str) -> Predicate:
    """Hold when none of the properties stands."""
    known = {*names, *("_" + name for name in names)}

    def holds(node: Node, walk: Walk) -> bool:
        return known.isdisjoint(node)

    return holds


def says(name: str, *values: Any) -> Predicate:
    """Hold when the property has one of the values."""

    def holds(node: Node, walk: Walk) -> bool:
        return node.get(name) in values

    return holds


def each(name: str, predicate: Predicate) -> Predicate:
    """Hold when the predicate holds for every item of the property."""

    def holds(node: Node, walk: Walk) -> bool:
        return all(predicate(item, walk) for item in node.get(name, ()))

    return holds


def coded(concept: Any, system: str, *codes: str) -> bool:
    """Tell whether a CodeableConcept bears one of the codes of a system."""
    codings: Iterable[Node] = concept.get("coding", ()) if type(concept) is dict else ()
    return any(coding.get("system") == system and coding.get("code") in codes for coding in codings)


def distinct(values: Iterable[Any]) -> bool:
    """Tell whether no value comes twice."""
    listed = list(values)
    return len(listed) == len(set(listed))
