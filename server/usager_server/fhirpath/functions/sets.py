"""Collections with collections: union, combine, intersect, exclude. Source: FHIRPath N1, 5.3 and 5.4."""

from usager_server.fhirpath.comparing import distinct, key
from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.nodes import Compiled, Frame, Items


@function("union", 1)
def union(frame: Frame, source: Items, other: Compiled) -> Items:
    """Return the items of both, without repetition."""
    return distinct(combine(frame, source, other))


@function("combine", 1)
def combine(frame: Frame, source: Items, other: Compiled) -> Items:
    """Return the items of both."""
    found = source + other(frame)
    frame.run.spend(len(found))
    return found


@function("intersect", 1)
def intersect(frame: Frame, source: Items, other: Compiled) -> Items:
    """Return the items that are in both, without repetition."""
    frame.run.spend(len(source))
    others = {key(item) for item in other(frame)}
    return distinct([item for item in source if key(item) in others])


@function("exclude", 1)
def exclude(frame: Frame, source: Items, other: Compiled) -> Items:
    """Return the items that are not in the other."""
    frame.run.spend(len(source))
    others = {key(item) for item in other(frame)}
    return [item for item in source if key(item) not in others]
