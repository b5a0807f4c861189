"""Typed steps -> closures that walk raw JSON: built once per parameter, run on every write."""

from collections.abc import Callable, Sequence
from typing import Any

from usager_server.search.paths import At, Branch, Child, Equals, PointsAt, Step
from usager_server.search.references import type_of
from usager_server.search.rows import Rows, Writer

Getter = Callable[[Any, dict[str, Any]], list[Any]]
"""Takes a focus and the resource, and returns the values at the end of a branch."""


def walker(steps: Sequence[Step], write: Writer, base_url: str | None) -> Writer:
    """Return what walks down from a value and writes each value at the end; the first step is taken from the value."""
    then = write
    after: Step | None = None
    for step in reversed(steps):
        then, after = _walk(step, then, base_url, indexed=isinstance(after, At)), step
    return then


def root_walker(branch: Branch, write: Writer, base_url: str | None) -> tuple[str, Writer]:
    """Return the key of the resource that a branch starts from, and what walks on from the value held there."""
    first = branch.steps[0]
    if not isinstance(first, Child):
        raise TypeError(f"a branch starts with a property, not with {first}")
    indexed = len(branch.steps) > 1 and isinstance(branch.steps[1], At)
    then = walker(branch.steps[1:], write, base_url)
    return first.key, _each(then) if first.many and not indexed else then


def _walk(step: Step, then: Writer, base_url: str | None, *, indexed: bool) -> Writer:
    match step:
        case Child(key, many):
            return _child(key, _each(then) if many and not indexed else then)
        case At(index):
            return _at(index, then)
        case Equals(key, value):
            return _equals(key, value, then)
        case PointsAt(kind):
            return _points_at(kind, then, base_url)


def _each(then: Writer) -> Writer:
    def each(value: Any, rows: Rows) -> None:
        for item in value:
            if item is not None:
                then(item, rows)

    return each


def _child(key: str, then: Writer) -> Writer:
    def child(value: Any, rows: Rows) -> None:
        found = value.get(key)
        if found is not None:
            then(found, rows)

    return child


def _at(index: int, then: Writer) -> Writer:
    def at(value: Any, rows: Rows) -> None:
        if isinstance(value, list):
            if index < len(value) and value[index] is not None:
                then(value[index], rows)
        elif index == 0:
            then(value, rows)

    return at


def _equals(key: str, wanted: Any, then: Writer) -> Writer:
    def equals(value: Any, rows: Rows) -> None:
        if value.get(key) == wanted:
            then(value, rows)

    return equals


def _points_at(kind: str, then: Writer, base_url: str | None) -> Writer:
    def points_at(value: Any, rows: Rows) -> None:
        if type_of(value, rows.resource, base_url) == kind:
            then(value, rows)

    return points_at


def getter(branch: Branch, base_url: str | None) -> Getter:
    """Return what lists the values at the end of a branch (for the components of composites)."""
    lists = [_list(step, base_url) for step in branch.steps]

    def get(focus: Any, resource: dict[str, Any]) -> list[Any]:
        values = [resource if branch.from_root else focus]
        for step in lists:
            values = step(values, resource)
        return values

    return get


def _list(step: Step, base_url: str | None) -> Callable[[list[Any], dict[str, Any]], list[Any]]:
    match step:
        case Child(key, True):
            return lambda values, _: [x for value in values for x in value.get(key, ()) if x is not None]
        case Child(key):
            return lambda values, _: [x for value in values if (x := value.get(key)) is not None]
        case At(index):
            return lambda values, _: values[index : index + 1]
        case Equals(key, wanted):
            return lambda values, _: [value for value in values if value.get(key) == wanted]
        case PointsAt(kind):
            return lambda values, resource: [v for v in values if type_of(v, resource, base_url) == kind]
