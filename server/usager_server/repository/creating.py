"""Storing new resources: any number of them, with all their index rows, in one statement."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from usager_server.repository import Draft
from usager_server.repository.columns import (
    INDEX_TABLES,
    IndexTable,
    Placeholders,
    Shape,
    gram_columns,
    index_columns,
    resource_columns,
    sent,
)
from usager_server.repository.guarding import DRAWN, guarded
from usager_server.repository.trace_rows import insert_traces

TENANT = "t AS MATERIALIZED (SELECT set_config('app.tenant', $1, true)::int AS tenant)"
RESOURCE_TYPES = ("bigint", "bigint", "timestamptz", "smallint", "smallint", "text", "uuid", "text")
GRAM_TYPES = ("bigint", "text")


def create_arguments(
    drafts: Sequence[Draft], numbers: Mapping[str, int], new_values: Sequence[str]
) -> tuple[Shape, list[Any]]:
    """Return the shape of the statement that stores these drafts, and its arguments after the tenant."""
    documents = [f"{draft.head}1{draft.tail}" for draft in drafts]
    arguments: list[Any] = [*sent(RESOURCE_TYPES, [*resource_columns(drafts, numbers), documents])]
    indexes = [(draft.row, draft.index) for draft in drafts]
    groups = [[*sent(("bigint", *table.types), index_columns(table, indexes))] for table in INDEX_TABLES]
    groups.append([*sent(GRAM_TYPES, gram_columns(new_values))])
    return tuple(map(bool, groups)), [*arguments, *chain.from_iterable(groups)]


@lru_cache(maxsize=128)
def create_statement(shape: Shape, traces: int = 0, *, is_guarded: bool = False) -> str:
    """Return the statement that stores drafts of this shape at version 1.

    Shape   traces: how many arguments their traces take; is_guarded: those of `guarding.py` come after them.
    Order   every INSERT draws the tenant from the row that set it, so none can run before it is set (ADR 0004).
    """
    places = Placeholders()
    made = f"""made AS (
            INSERT INTO resource (row, self, last_updated, tenant, version, type, method, id, content, document)
            SELECT d.row, d.self, d.last_updated, t.tenant, 1, d.type, d.method, d.id, d.content, d.document
            FROM t, {places.unnest(RESOURCE_TYPES)} AS d(row, self, last_updated, type, method, id, content, document)
        )"""  # noqa: S608 - names of our own
    parts = [TENANT, made]
    parts += [insert_index_rows(table, places) for table, wanted in zip(INDEX_TABLES, shape, strict=False) if wanted]
    if shape[-1]:
        parts.append(insert_grams(places))
    if traces:
        parts.append(insert_traces(places, traces))
    if is_guarded:
        parts.append(guarded(places))
    return f"WITH {', '.join(parts)} SELECT {DRAWN if is_guarded else ''} FROM t"  # noqa: S608 - names of our own


def insert_index_rows(table: IndexTable, places: Placeholders) -> str:
    """Return the part of a statement that adds rows to an index table."""
    return f"""new_{table.rows} AS (
        INSERT INTO {table.name} (tenant, row, {table.names})
        SELECT t.tenant, d.row, {table.names}
        FROM t, {places.unnest(("bigint", *table.types))} AS d(row, {table.names})
    )"""  # noqa: S608 - names of our own


def insert_grams(places: Placeholders, source: str = "t") -> str:
    """Return the part of a statement that adds the grams not stored yet. A double is harmless."""
    return f"""new_grams AS (
        INSERT INTO gram (tenant, gram, value)
        SELECT {source}.tenant, d.gram, d.value
        FROM {source} CROSS JOIN {places.unnest(GRAM_TYPES)} AS d(gram, value)
        LEFT JOIN LATERAL (
            SELECT true AS stored FROM gram AS g
            WHERE g.tenant = {source}.tenant AND g.gram = d.gram AND g.value = d.value LIMIT 1
        ) AS g ON true
        WHERE g.stored IS NULL
    )"""  # noqa: S608 - names of our own
