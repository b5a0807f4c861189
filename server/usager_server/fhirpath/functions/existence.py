"""Existence: empty, exists, all, count, ... Source: FHIRPath N1, 5.1."""

from collections.abc import Callable
from typing import Any

from usager_server.fhirpath.comparing import distinct, key
from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.nodes import EMPTY, FALSE, TRUE, Compiled, Failure, Frame, Items
from usager_server.fhirpath.values import boolean, value_of


@function("empty")
def empty(frame: Frame, source: Items) -> Items:
    """Tell whether there is no item."""
    return FALSE if source else TRUE


@function("exists", 0, 1)
def exists(frame: Frame, source: Items, criteria: Compiled | None = None) -> Items:
    """Tell whether there is an item, or one that meets the criteria."""
    if criteria is None:
        return TRUE if source else FALSE
    run = frame.run
    run.spend(len(source))
    for index, item in enumerate(source):
        if boolean(criteria(Frame(item, index, frame.total, run))) is True:
            return TRUE
    return FALSE


@function("all", 1)
def all_(frame: Frame, source: Items, criteria: Compiled) -> Items:
    """Tell whether every item meets the criteria."""
    run = frame.run
    run.spend(len(source))
    for index, item in enumerate(source):
        if boolean(criteria(Frame(item, index, frame.total, run))) is not True:
            return FALSE
    return TRUE


@function("not")
def not_(frame: Frame, source: Items) -> Items:
    """Return the opposite of a Boolean."""
    value = boolean(source)
    return EMPTY if value is None else FALSE if value else TRUE


def _quantified(wanted: bool, combine: Callable[[Any], bool]) -> Callable[[Frame, Items], Items]:
    def judge(frame: Frame, source: Items) -> Items:
        values = [value_of(item) for item in source]
        if not all(isinstance(value, bool) for value in values):
            raise Failure("only Booleans were expected here")
        return TRUE if combine(value is wanted for value in values) else FALSE

    return judge


function("allTrue")(_quantified(True, all))
function("anyTrue")(_quantified(True, any))
function("allFalse")(_quantified(False, all))
function("anyFalse")(_quantified(False, any))


@function("subsetOf", 1)
def subset_of(frame: Frame, source: Items, other: Compiled) -> Items:
    """Tell whether every item is among the others."""
    return TRUE if {key(item) for item in source} <= {key(item) for item in other(frame)} else FALSE


@function("supersetOf", 1)
def superset_of(frame: Frame, source: Items, other: Compiled) -> Items:
    """Tell whether every other item is among these."""
    return TRUE if {key(item) for item in source} >= {key(item) for item in other(frame)} else FALSE


@function("count")
def count(frame: Frame, source: Items) -> Items:
    """Return the number of items."""
    return [len(source)]


@function("distinct")
def distinct_(frame: Frame, source: Items) -> Items:
    """Return the items without repetition."""
    frame.run.spend(len(source))
    return distinct(source)


@function("isDistinct")
def is_distinct(frame: Frame, source: Items) -> Items:
    """Tell whether no item is there twice."""
    frame.run.spend(len(source))
    return TRUE if len(distinct(source)) == len(source) else FALSE
