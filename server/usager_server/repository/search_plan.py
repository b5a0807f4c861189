"""A SearchQuery as the store needs it: types by number, conditions as lookups, sort keys as orders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from usager_server.repository.search_orders import (
    CodeOrder,
    ColumnOrder,
    Direction,
    DocumentOrder,
    IndexOrder,
    Order,
)
from usager_server.search.dates import CLASSES
from usager_server.search.hashing import parameter_hash, token_hash
from usager_server.search.lookups import AllOf, Lookup, OfTypes, intersection
from usager_server.search.meaning import Meaning
from usager_server.search.names import INTERVAL
from usager_server.search.parameter import Parameter
from usager_server.search.query import Condition, SearchQuery, Sort

SORTED_CODES = 40
"""A list of codes up to so long is sorted by walking it code by code."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a query comes down to. last: the direction of row, which decides between equals."""

    types: tuple[str, ...]
    lookups: tuple[Lookup, ...]
    orders: tuple[Order, ...]
    last: Direction


def plan(meaning: Meaning, query: SearchQuery) -> Plan:
    """Return the plan of a query. Errors: Invalid (400) when a compartment does not hold the types asked for."""
    types = tuple(query.types) or _every_type(meaning, query)
    lookups = _merged(meaning, query.conditions, types)
    if query.compartment is not None:
        lookups.insert(0, meaning.compartment(query.compartment, types))
    lookups[:0] = _reach(meaning, types)
    orders = tuple(_order(meaning, sort, types) for sort in query.sort)
    return Plan(types, tuple(lookups), orders, orders[-1].direction if orders else "DESC")


def _reach(meaning: Meaning, types: Sequence[str]) -> list[Lookup]:
    """Return what holds for all that the reader may search.

    Shape   a condition on the type is wrapped: alone, it would pass for one that holds for whatever is searched.
    """
    reach = meaning.reach(types)
    parts = () if reach is None else reach.lookups if isinstance(reach, AllOf) else (reach,)
    return [AllOf((one,)) if isinstance(one, OfTypes) else one for one in parts]


def _merged(meaning: Meaning, conditions: Sequence[Condition], types: Sequence[str]) -> list[Lookup]:
    """Return the lookups, two ranges of a parameter that has one value (ge this, lt that) made one."""
    lookups: list[Lookup] = []
    of_parameter: dict[str, int] = {}
    for condition in conditions:
        found = meaning.lookup(condition, types)
        position = of_parameter.get(condition.parameter)
        if position is not None and (both := intersection(lookups[position], found)) is not None:
            lookups[position] = both
            continue
        if condition.chain is None and _is_single(meaning, condition, types):
            of_parameter[condition.parameter] = len(lookups)
        lookups.append(found)
    return lookups


def _is_single(meaning: Meaning, condition: Condition, types: Sequence[str]) -> bool:
    found = [meaning.registry.parameter(kind, condition.parameter) for kind in types]
    return condition.reverse is None and all(one is not None and one.single for one in found)


def _every_type(meaning: Meaning, query: SearchQuery) -> tuple[str, ...]:
    if query.compartment is not None:
        return tuple(meaning.compartment_types(query.compartment[0]))
    return tuple(sorted(meaning.registry.definitions.resource_types))


def _order(meaning: Meaning, sort: Sort, types: Sequence[str]) -> Order:
    direction: Direction = "DESC" if sort.descending else "ASC"
    if sort.parameter == "_lastUpdated":
        return ColumnOrder("last_updated", direction)
    if sort.parameter == "_id":
        return ColumnOrder("id", direction)
    parameters = [one for kind in types if (one := meaning.registry.parameter(kind, sort.parameter)) is not None]
    order = replace(_order_of(meaning, parameters), direction=direction)
    return replace(order, single=all(one.single for one in parameters)) if isinstance(order, IndexOrder) else order


def _order_of(meaning: Meaning, parameters: Sequence[Parameter]) -> Order:
    match parameters[0].type:
        case "date":
            return IndexOrder("index_date", _legs(meaning, parameters, [suffix for suffix, _ in CLASSES]))
        case "number" | "quantity":
            return IndexOrder("index_number", _legs(meaning, parameters, ["", INTERVAL]))
        case "string" | "uri":
            return IndexOrder("index_string", _legs(meaning, parameters, [""]))
    codes = sorted({code for one in parameters for code in _codes(one)})
    if codes and len(codes) <= SORTED_CODES:
        return CodeOrder(tuple(_tokens(meaning, parameters, code) for code in codes))
    return DocumentOrder(tuple(f"lax $.{path}" for one in parameters for path in one.paths))


def _legs(meaning: Meaning, parameters: Sequence[Parameter], suffixes: Sequence[str]) -> tuple[tuple[int, int], ...]:
    numbers = meaning.registry.definitions.type_numbers
    return tuple(
        (numbers[one.resource_type], parameter_hash(one.resource_type, name + suffix))
        for one in parameters
        for name in one.answered_by
        for suffix in suffixes
    )


def _codes(parameter: Parameter) -> Iterable[str]:
    """Return the codes that a parameter can have, when they are listed somewhere."""
    if parameter.leaves == {"boolean"}:
        return ("false", "true")
    return parameter.codes if parameter.leaves == {"code"} else ()


def _tokens(meaning: Meaning, parameters: Sequence[Parameter], code: str) -> tuple[tuple[int, int, int], ...]:
    numbers = meaning.registry.definitions.type_numbers
    return tuple(
        (numbers[one.resource_type], *token_hash(meaning.tenant, one.resource_type, name, "", code.casefold()))
        for one in parameters
        for name in one.answered_by
    )
