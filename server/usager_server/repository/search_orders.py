"""The orders of a search: by row (time of creation), by a column of the resource, along an index table, by a few codes.

An order gives each row a key of one or more columns, never NULL: a row without value has the last key there is. Its
direction is the one asked for; a page may be read backwards (`Wanted.backwards`), which changes no key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from usager_server.repository.search_clauses import TENANT, Clauses, resource_at
from usager_server.search.words import LAST

Direction = Literal["ASC", "DESC"]

OPPOSITE: dict[Direction, Direction] = {"ASC": "DESC", "DESC": "ASC"}
AFTER: dict[Direction, str] = {"ASC": ">", "DESC": "<"}

_LAST: dict[tuple[str, Direction], Any] = {
    ("bigint", "ASC"): 2**63 - 1,
    ("bigint", "DESC"): -(2**63),
    ("int", "ASC"): 2**31 - 1,
    ("int", "DESC"): -(2**31),
    ("float8", "ASC"): float("inf"),
    ("float8", "DESC"): float("-inf"),
    ("text", "ASC"): LAST * 3,
    ("text", "DESC"): "",
}


@dataclass(frozen=True, slots=True)
class ColumnOrder:
    """By a column of the resource itself: last_updated or id. Every resource has one."""

    column: Literal["last_updated", "id"]
    direction: Direction = "ASC"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The SQL types of the key."""
        return ("timestamptz",) if self.column == "last_updated" else ("text",)


@dataclass(frozen=True, slots=True)
class IndexOrder:
    """Along an index table: the least value of a resource when ascending, its greatest when descending.

    Shape   single: a resource has one value at most, so that there is nothing to compare.
    """

    table: Literal["index_string", "index_date", "index_number"]
    legs: tuple[tuple[int, int], ...]
    direction: Direction = "ASC"
    single: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that make the key."""
        return ("value",) if self.table == "index_string" else ("low", "high")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The SQL types of the key."""
        return {
            "index_string": ("text",),
            "index_date": ("bigint", "bigint"),
            "index_number": ("float8", "float8"),
        }[self.table]


@dataclass(frozen=True, slots=True)
class CodeOrder:
    """By a code out of a short list: each place has its tokens (type, head, tail), the first place first."""

    places: tuple[tuple[tuple[int, int, int], ...], ...]
    direction: Direction = "ASC"
    kinds: tuple[str, ...] = field(default=("int",), init=False)


@dataclass(frozen=True, slots=True)
class DocumentOrder:
    """By text inside the document, for what no index holds in order (open codes, identifiers, references)."""

    paths: tuple[str, ...]
    direction: Direction = "ASC"
    kinds: tuple[str, ...] = field(default=("text",), init=False)


Order: TypeAlias = ColumnOrder | IndexOrder | CodeOrder | DocumentOrder


def missing_key(order: Order) -> tuple[Any, ...]:
    """Return the key of a row without value: after every other."""
    return tuple(_LAST.get((kind, order.direction)) for kind in order.kinds)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of an order is wanted: at most `limit` rows after `place` (its key, then its row; empty: the start).

    Shape   last is the direction of row, which decides between equals. backwards: read from the end.
    """

    orders: tuple[Order, ...]
    limit: int
    place: tuple[Any, ...] = ()
    last: Direction = "DESC"
    backwards: bool = False

    @property
    def kinds(self) -> list[str]:
        """The SQL types of the key columns and of row."""
        return [kind for order in self.orders for kind in order.kinds] + ["bigint"]

    @property
    def names(self) -> list[str]:
        """The names of the key columns, k1, k2, ..., and of row."""
        return [f"k{number}" for number in range(1, len(self.kinds))] + ["row"]

    @property
    def ways(self) -> list[Direction]:
        """The directions in which the key columns and row are read."""
        asked = [order.direction for order in self.orders for _ in order.kinds] + [self.last]
        return [OPPOSITE[way] for way in asked] if self.backwards else asked

    def ordered(self, prefix: str) -> str:
        """Return the ORDER BY list, each column behind a prefix."""
        return ", ".join(f"{prefix}{name} {way}" for name, way in zip(self.names, self.ways, strict=True))


def key_block(clauses: Clauses, order: Order, kind: str, row: str) -> str:
    """Return a SELECT of the key of one row, its columns named key1, key2; no row when it has no value."""
    match order:
        case ColumnOrder(column):
            return resource_at(f"x.{column} AS key1", kind, row, "x")
        case IndexOrder(table, legs):
            return _index_key(clauses, order, table, [parameter for _, parameter in legs], row)
        case CodeOrder(places):
            return _code_key(clauses, places, order.direction, row)
        case DocumentOrder(paths):
            found = f"unnest({clauses.bind(list(paths), 'text[]')}) AS l(path)"
            least = "min" if order.direction == "ASC" else "max"
            return (
                f"SELECT {least}((v.v #>> '{{}}') COLLATE \"C\") AS key1"
                f" FROM ({resource_at('x.document', kind, row, 'x')}) AS x, {found},"
                " LATERAL jsonb_path_query(x.document::jsonb, l.path::jsonpath) AS v(v)"
            )


def _index_key(clauses: Clauses, order: IndexOrder, table: str, parameters: list[int], row: str) -> str:
    names = ", ".join(f"x.{column} AS key{number}" for number, column in enumerate(order.columns, 1))
    ordered = ", ".join(f"x.{column} {order.direction}" for column in order.columns)
    block = f"SELECT parameter, {', '.join(order.columns)} FROM {table} WHERE {TENANT} AND row = {row} OFFSET 0"
    where = f"x.parameter = ANY ({clauses.bind(parameters, 'bigint[]')})"
    return f"SELECT {names} FROM ({block}) AS x WHERE {where} ORDER BY {ordered} LIMIT 1"


def _code_key(
    clauses: Clauses, places: Sequence[Sequence[tuple[int, int, int]]], direction: Direction, row: str
) -> str:
    tokens = [(place, head, tail) for place, legs in enumerate(places) for _, head, tail in legs]
    columns = [list(column) for column in zip(*tokens, strict=True)]
    bound = [clauses.bind(column, kind) for column, kind in zip(columns, ("int[]", "int[]", "bigint[]"), strict=True)]
    where = f"x.{TENANT} AND x.head = l.head AND x.tail = l.tail AND x.row = {row}"
    probe = f"SELECT 1 FROM index_token AS x WHERE {where} LIMIT 1"
    return (
        f"SELECT l.place AS key1 FROM unnest({', '.join(bound)}) AS l(place, head, tail), LATERAL ({probe}) AS o"
        f" ORDER BY l.place {direction} LIMIT 1"
    )


def after(
    clauses: Clauses, names: Sequence[str], kinds: Sequence[str], ways: Sequence[Direction], place: Sequence[Any]
) -> str:
    """Return the condition that a row comes after a place, in the order of these columns.

    Shape   one row comparison, which an index can use, when all columns go the same way.
    """
    if len(set(ways)) == 1:
        values = ", ".join(clauses.bind(value, kind) for value, kind in zip(place, kinds, strict=True))
        return f"({', '.join(names)}) {AFTER[ways[0]]} ({values})"
    first, rest = clauses.bind(place[0], kinds[0]), ""
    if len(names) > 1:
        rest = f" OR ({names[0]} = {first} AND {after(clauses, names[1:], kinds[1:], ways[1:], place[1:])})"
    return f"({names[0]} {AFTER[ways[0]]} {first}{rest})"


def before(one: Sequence[Any], other: Sequence[Any], ways: Sequence[Direction]) -> bool:
    """Tell whether a key comes before another, read in these directions."""
    for mine, theirs, way in zip(one, other, ways, strict=False):
        if mine != theirs:
            return bool(mine < theirs) if way == "ASC" else bool(mine > theirs)
    return False
