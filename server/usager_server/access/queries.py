"""What a query names is authorised before any SQL: a predicate is data, since a count tells what it found."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from usager_server.access.reach import Reach
from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import Condition, Include, SearchQuery


def refuse_ungranted(reach: Reach, query: SearchQuery, registry: SearchRegistry) -> SearchQuery:
    """Return the query on the types that the reader may search.

    Shape   a compartment searched as a whole is narrowed to the types that may be; a type that was named is not left
            out but refused.
    Errors  Forbidden (403), naming the type: of the search, a chain, a _has, an _include or a _revinclude.
    """
    types = tuple(query.types)
    if not types and query.compartment is not None:
        kind = query.compartment[0]
        held = {name for name, by in registry.definitions.compartments.get(kind, {}).items() if by}
        types = tuple(sorted({kind, *held} & set(reach.every("s"))))
    for name in types:
        reach.require(name, "s")
    for condition in query.conditions:
        for named in _looked_at(condition):
            _require_some(reach, named)
    for include in query.includes:
        _check_include(reach, include)
    return replace(query, types=types)


def _looked_at(condition: Condition) -> Iterator[Sequence[str]]:
    """Yield the types that a condition looks at beside those searched: of each step, any of these."""
    if condition.chain is None:
        return
    yield (condition.reverse[0],) if condition.reverse is not None else condition.chain.types
    yield from _looked_at(condition.chain)


def _require_some(reach: Reach, types: Sequence[str]) -> None:
    """Refuse a step that leads to types none of which may be searched; those that may not be are not looked at."""
    if not any(reach.permits(name, "s") for name in types):
        reach.require(types[0], "s")


def _check_include(reach: Reach, include: Include) -> None:
    if include.reverse:
        reach.require(include.source, "rs")
    elif include.target is not None:
        reach.require(include.target, "r")
