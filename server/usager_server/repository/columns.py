"""Drafts turned into arrays, a column each: how any number of them travels in one statement."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from usager_server.repository import Draft
from usager_server.repository.codes import METHOD_NUMBERS
from usager_server.repository.grams import grams
from usager_server.search.hashing import reference_hasher
from usager_server.search.index import IndexRows


@dataclass(frozen=True, slots=True)
class IndexTable:
    """An index table: its own columns with their types; `rows` names them in IndexRows.

    Shape   key: the columns of the primary key, where a double of another unique index must not go unheard.
    """

    name: str
    rows: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    key: str = ""

    @property
    def names(self) -> str:
        """The columns as SQL lists them."""
        return ", ".join(self.columns)


INDEX_TABLES = (
    IndexTable("index_token", "tokens", ("head", "tail"), ("int", "bigint"), "(tenant, head, tail, row)"),
    IndexTable("index_reference", "references", ("parameter", "target"), ("bigint", "bigint")),
    IndexTable("index_string", "strings", ("parameter", "value", "spelling"), ("bigint", "text", "int")),
    IndexTable("index_date", "dates", ("parameter", "low", "high"), ("bigint", "bigint", "bigint")),
    IndexTable("index_number", "numbers", ("parameter", "low", "high"), ("bigint", "float8", "float8")),
)

Shape = tuple[bool, ...]
"""For each index table, whether it gets rows; then whether there are grams: one statement text for each shape."""


class Placeholders:
    """Hands out $2, $3, … in the order the arguments come; $1 is the tenant."""

    def __init__(self, first: int = 2) -> None:
        self._numbers: Iterator[int] = count(first)

    def unnest(self, types: Iterable[str]) -> str:
        """Return `unnest` of an array for each type, as `sent` sends it."""
        arrays = (f"${next(self._numbers)}{'' if kind == 'text' else '::text'}::{kind}[]" for kind in types)
        return f"unnest({', '.join(arrays)})"

    def records(self, typed: str) -> str:
        """Return the rows `d` of a JSON text: a list of objects with these members, "name type, ..."."""
        return f"json_to_recordset(${next(self._numbers)}::text::json) AS d({typed})"


def sent(types: Iterable[str], columns: Iterable[list[Any]]) -> Iterator[Any]:
    """Yield the columns as arguments: arrays of anything but texts are written out.

    Time    0.1 µs a number here and 0.05 in the database, against 0.6 in the driver's own encoder (asyncpg 0.32).
    """
    for kind, column in zip(types, columns, strict=False):  # no columns: nothing to send
        yield column if kind == "text" else _written(column)


def _written(column: list[Any]) -> str:
    return f"{{{','.join('NULL' if value is None else str(value) for value in column)}}}"


def resource_columns(drafts: Sequence[Draft], numbers: Mapping[str, int]) -> list[list[Any]]:
    """Return row, self, last_updated, type, method, id, content of each draft, a list each."""
    return [
        [draft.row for draft in drafts],
        [reference_hasher(draft.tenant)(f"{draft.type}/{draft.id}") for draft in drafts],
        [draft.last_updated for draft in drafts],
        [numbers[draft.type] for draft in drafts],
        [METHOD_NUMBERS[draft.method] for draft in drafts],
        [draft.id for draft in drafts],
        [None if draft.content is None else UUID(draft.content) for draft in drafts],
    ]


def index_columns(table: IndexTable, indexes: Sequence[tuple[int, IndexRows]]) -> list[list[Any]]:
    """Return the row numbers, then the columns, of one index table for these resources; nothing when it has no row."""
    if len(indexes) == 1:
        row, index = indexes[0]
        entries = getattr(index, table.rows)
        rows = [row] * len(entries)
    else:
        gathered = [(row, entry) for row, index in indexes for entry in getattr(index, table.rows)]
        rows, entries = [row for row, _ in gathered], [entry for _, entry in gathered]
    return [rows, *entry_columns(table, entries)] if entries else []


def entry_columns(table: IndexTable, entries: list[Any]) -> list[list[Any]]:
    """Return the columns of index entries; nothing when there is none."""
    if not entries:
        return []
    return [list(column) for column in zip(*entries, strict=True)]


def gram_columns(values: Sequence[str]) -> list[list[Any]]:
    """Return the gram and value columns of these values; nothing when there is none."""
    if not values:
        return []
    pairs = [(gram, value) for value in values for gram in grams(value)]
    return [[gram for gram, _ in pairs], [value for _, value in pairs]]
