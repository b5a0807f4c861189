"""The next version of a resource: the one before goes to history in SQL, only changed index rows are touched."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any
from uuid import UUID

from usager_server.repository import Draft
from usager_server.repository.codes import METHOD_NUMBERS, REVIVED
from usager_server.repository.columns import (
    INDEX_TABLES,
    IndexTable,
    Placeholders,
    Shape,
    entry_columns,
    gram_columns,
    sent,
)
from usager_server.repository.creating import GRAM_TYPES, TENANT, insert_grams
from usager_server.repository.guarding import DRAWN, guarded
from usager_server.repository.trace_rows import insert_traces

# `seen` is what the snapshot of this statement shows, `old` the row once locked. When another writer came between, the
# index rows this statement sees are not those of the row it holds: it does nothing, and is run again (`writing.py`).
# $2 type, $3 id, $4 expected version or NULL, $5 instant, $6 method, $7 content.
LOCKED = """
    seen AS MATERIALIZED (
        SELECT r.version FROM t, LATERAL (
            SELECT version FROM resource WHERE tenant = t.tenant AND type = $2 AND id = $3 LIMIT 1
        ) AS r
    ),
    old AS MATERIALIZED (
        SELECT r.* FROM t, LATERAL (
            SELECT row, self, last_updated, tenant, version, type, method, id, content, document FROM resource
            WHERE tenant = t.tenant AND type = $2 AND id = $3 FOR UPDATE
        ) AS r
    ),
    go AS MATERIALIZED (
        SELECT old.* FROM old, seen
        WHERE old.version = seen.version AND ($4::int IS NULL OR old.version = $4)
    ),
    moved AS (
        INSERT INTO history
            (row, self, last_updated, superseded, tenant, version, type, method, id, content, document)
        SELECT row, self, last_updated, $5::timestamptz, tenant, version, type, method, id, content, document FROM go
    )"""

# Scalar subqueries on `go`, here and below, leave the planner nothing but the index, whatever it believes of the sizes.
CHANGED = f"""
    changed AS (
        UPDATE resource
        SET version = (SELECT version + 1 FROM go), last_updated = $5::timestamptz,
            method = $6::smallint + {REVIVED} * (SELECT (document IS NULL)::int FROM go),
            content = $7::uuid, document = {{document}}
        WHERE tenant = (SELECT tenant FROM go) AND type = $2 AND id = $3
        RETURNING true
    )"""  # noqa: S608 - names of our own

# The outermost query runs first and draws `t` before anything else, so the tenant is set when the other parts start.
# Were that ever otherwise, the row would go to history and not change: then 1 / 0 undoes it all.
OUTCOME = """
    SELECT old.version, old.last_updated, old.method, old.document IS NULL AS deleted,
        old.version IS NOT DISTINCT FROM seen.version AS fresh,
        1 / ((SELECT count(*) FROM go) = (SELECT count(*) FROM changed))::int AS checked
    FROM old LEFT JOIN seen ON true"""

FIRST_AFTER_DELETION = 8
FIRST_AFTER_DOCUMENT = 10


def update_arguments(
    draft: Draft, type_number: int, expected_version: int | None, new_values: Sequence[str]
) -> tuple[Shape, list[Any]]:
    """Return the shape of the statement that stores the next version, and its arguments after the tenant."""
    content = None if draft.content is None else UUID(draft.content)
    method = METHOD_NUMBERS[draft.method]
    common = [type_number, draft.id, expected_version, draft.last_updated, method, content, draft.head, draft.tail]
    groups = [[*sent(table.types, entry_columns(table, getattr(draft.index, table.rows)))] for table in INDEX_TABLES]
    groups.append([*sent(GRAM_TYPES, gram_columns(new_values))])
    return tuple(map(bool, groups)), [*common, *chain.from_iterable(groups)]


@lru_cache(maxsize=128)
def update_statement(shape: Shape, traces: int = 0, *, is_guarded: bool = False) -> str:
    """Return the statement that stores the next version of one resource, for this shape of its new index rows.

    Shape   traces: how many arguments the trace of the version takes, at the end; is_guarded: those of `guarding.py`
            come after them.
    """
    places = Placeholders(FIRST_AFTER_DOCUMENT)
    parts = [
        TENANT,
        LOCKED,
        CHANGED.format(document="$8::text || (SELECT version + 1 FROM go) || $9::text"),
    ]
    for table, has_rows in zip(INDEX_TABLES, shape, strict=False):
        parts.append(replace_index_rows(table, places) if has_rows else delete_index_rows(table))
    if shape[-1]:
        parts.append(insert_grams(places, "go"))
    if traces:
        parts.append(insert_traces(places, traces, "go"))
    if not is_guarded:
        return f"WITH {', '.join(parts)} {OUTCOME}"
    parts.append(guarded(places, "go"))
    return f"WITH {', '.join(parts)} {OUTCOME.replace(' AS checked', f' AS checked, {DRAWN} AS apart')}"


@lru_cache(maxsize=3)
def delete_statement(traces: int = 0) -> str:
    """Return the statement that writes a deletion: a version without document, and no index rows."""
    changed = CHANGED.format(document="NULL")
    locked = LOCKED.replace("WHERE old.version", "WHERE old.document IS NOT NULL AND old.version")
    parts = [TENANT, locked, changed, *(delete_index_rows(table) for table in INDEX_TABLES)]
    if traces:
        parts.append(insert_traces(Placeholders(FIRST_AFTER_DELETION), traces, "go"))
    return f"WITH {', '.join(parts)} {OUTCOME}"


def delete_index_rows(table: IndexTable, using: str = "", which: str = "") -> str:
    """Return the part of a statement that removes the index rows of the resource, or some of them."""
    return f"""old_{table.rows} AS (
        DELETE FROM {table.name} AS i {using}
        WHERE i.tenant = (SELECT tenant FROM go) AND i.row = (SELECT row FROM go) {which}
    )"""  # noqa: S608 - names of our own


def replace_index_rows(table: IndexTable, places: Placeholders) -> str:
    """Return the parts of a statement that make the index rows of the resource be the given ones.

    Time    those it has are read once and compared as sets: a third less than to try each of the given ones.
    """
    given, had = f"given_{table.rows}", f"had_{table.rows}"
    same = " AND ".join(f"i.{column} = d.{column}" for column in table.columns)
    gone = f"SELECT {table.names} FROM {had} EXCEPT SELECT {table.names} FROM {given}"  # noqa: S608 - names of our own
    more = f"SELECT {table.names} FROM {given} EXCEPT SELECT {table.names} FROM {had}"  # noqa: S608 - names of our own
    return f"""{given} AS MATERIALIZED (SELECT * FROM {places.unnest(table.types)} AS d({table.names})),
    {had} AS MATERIALIZED (
        SELECT i.* FROM go, LATERAL (
            SELECT {table.names} FROM {table.name} WHERE tenant = go.tenant AND row = go.row OFFSET 0
        ) AS i
    ),
    {delete_index_rows(table, f"USING ({gone}) AS d", f"AND {same}")},
    new_{table.rows} AS (
        INSERT INTO {table.name} (tenant, row, {table.names})
        SELECT go.tenant, go.row, {table.names} FROM go, ({more}) AS d
        ON CONFLICT {table.key} DO NOTHING
    )"""  # noqa: S608 - names of our own
