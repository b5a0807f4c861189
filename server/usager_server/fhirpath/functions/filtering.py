"""Filtering, projection and subsetting: where, select, repeat, first, skip, ... Source: FHIRPath N1, 5.2 and 5.3."""

from collections.abc import Hashable
from functools import cmp_to_key
from typing import Any

from usager_server.fhirpath.comparing import key, order
from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.nodes import EMPTY, NOTHING, Compiled, Failure, Frame, Items
from usager_server.fhirpath.values import boolean, single, wanted


@function("where", 1)
def where(frame: Frame, source: Items, criteria: Compiled) -> Items:
    """Return the items that meet the criteria."""
    run = frame.run
    run.spend(len(source))
    return [
        item for index, item in enumerate(source) if boolean(criteria(Frame(item, index, frame.total, run))) is True
    ]


@function("select", 1)
def select(frame: Frame, source: Items, projection: Compiled) -> Items:
    """Return what the projection makes of each item, in one collection."""
    run = frame.run
    found: Items = []
    for index, item in enumerate(source):
        found += projection(Frame(item, index, frame.total, run))
        run.spend(1)
    run.spend(len(found))
    return found


@function("repeat", 1)
def repeat(frame: Frame, source: Items, projection: Compiled) -> Items:
    """Return what the projection makes of the items, then of its results, until nothing new comes."""
    run = frame.run
    found: Items = []
    seen: set[Hashable] = set()
    wave = source
    while wave:
        run.spend(len(wave))
        produced = [new for index, item in enumerate(wave) for new in projection(Frame(item, index, frame.total, run))]
        wave = []
        for item in produced:
            mark = key(item)
            if mark not in seen:
                seen.add(mark)
                wave.append(item)
        found += wave
    return found


@function("aggregate", 1, 2)
def aggregate(frame: Frame, source: Items, step: Compiled, start: Compiled | None = None) -> Items:
    """Return $total after the step was taken for each item."""
    run = frame.run
    total = start(frame) if start else EMPTY
    for index, item in enumerate(source):
        total = step(Frame(item, index, total, run))
        run.spend(1 + len(total))
    return total


@function("iif", 2, 3)
def iif(frame: Frame, source: Items, criterion: Compiled, then: Compiled, otherwise: Compiled | None = None) -> Items:
    """Return one of two results; the other is not evaluated."""
    if len(source) > 1:
        raise Failure(f"iif() works on one item, not {len(source)}")
    inner = Frame(source[0] if source else NOTHING, frame.index, frame.total, frame.run)
    if wanted(criterion(inner), bool, "a Boolean") is True:
        return then(inner)
    return otherwise(inner) if otherwise else EMPTY


@function("single")
def single_(frame: Frame, source: Items) -> Items:
    """Return the one item."""
    if len(source) > 1:
        raise Failure(f"one item was expected here, not {len(source)}")
    return source


@function("first")
def first(frame: Frame, source: Items) -> Items:
    """Return the first item."""
    return source[:1]


@function("last")
def last(frame: Frame, source: Items) -> Items:
    """Return the last item."""
    return source[-1:]


@function("tail")
def tail(frame: Frame, source: Items) -> Items:
    """Return all items but the first."""
    return source[1:]


@function("skip", 1)
def skip(frame: Frame, source: Items, number: Compiled) -> Items:
    """Return all items but the first so many."""
    return source[max(0, _number(number(frame))) :]


@function("take", 1)
def take(frame: Frame, source: Items, number: Compiled) -> Items:
    """Return the first so many items."""
    return source[: max(0, _number(number(frame)))]


def _number(items: Items) -> int:
    found = wanted(items, int, "an Integer")
    if found is None:
        raise Failure("an Integer was expected here, not nothing")
    return int(found)


@function("sort", 0, 100)
def sort(frame: Frame, source: Items, *keys: Compiled) -> Items:
    """Return the items in order: of themselves, or of what the keys make of them (a minus before a key turns it)."""
    run = frame.run
    run.spend(len(source) * 10)
    marked = [(item, [single(at(Frame(item, None, EMPTY, run))) for at in keys] or [single([item])]) for item in source]
    turned = [getattr(at, "descending", False) for at in keys] or [False]

    def compare(one: tuple[Any, list[Any]], other: tuple[Any, list[Any]]) -> int:
        for left, right, descending in zip(one[1], other[1], turned, strict=True):
            if left is None or right is None:  # what has no key comes first, either way
                found = (left is not None) - (right is not None)
            else:
                found = (order(left, right) or 0) * (-1 if descending else 1)
            if found:
                return found
        return 0

    return [item for item, _ in sorted(marked, key=cmp_to_key(compare))]
