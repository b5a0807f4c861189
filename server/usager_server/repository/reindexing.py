"""Resources indexed anew, a slice at a time: their index rows alone are written, no version is made.

Order   whoever writes a resource meanwhile is not waited for, and wins: what is locked is left out, and so is what is
        not at the version that was read, which its writer has indexed. A slice is held for the time of a statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from usager_server.repository.columns import INDEX_TABLES, IndexTable, Placeholders, gram_columns, index_columns, sent
from usager_server.repository.creating import GRAM_TYPES, TENANT, insert_grams
from usager_server.repository.ids import row_numbers
from usager_server.repository.running import Runner, under_tenant
from usager_server.search.hashing import Token
from usager_server.search.index import IndexRows

MOST_COUNTED = 5_000_000
"""Resources of a type that are counted beforehand; of more the end is not known."""
SLICE_BYTES = 4_000_000
"""What the documents of a slice may take in the store, compressed; one that takes more comes alone."""

# A plan made for tables that nobody has counted yet would read them whole.
SETTINGS = """
SELECT set_config('app.tenant', $1, true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('enable_seqscan', 'off', true)
"""

SLICE = f"""
SELECT s.row, s.id, s.version, s.document FROM (
    SELECT r.*, sum(r.bytes) OVER (ORDER BY r.row) - r.bytes AS before FROM (
        SELECT row, id, version, document, coalesce(pg_column_size(document), 0) AS bytes FROM resource
        WHERE tenant = t.tenant AND type = $2 AND row > $3 AND row <= $4 ORDER BY row LIMIT $5
    ) AS r
) AS s WHERE s.before < {SLICE_BYTES} ORDER BY s.row
"""  # noqa: S608 - a number of our own

COUNTED = f"""
SELECT count(*) FROM (
    SELECT FROM resource WHERE tenant = t.tenant AND type = $2 AND row <= $3 LIMIT {MOST_COUNTED}
) AS r
"""  # noqa: S608 - a number of our own

# $2 type; then the rows, ids and versions that were read.
HELD = """
go AS MATERIALIZED (
    SELECT r.tenant, r.row FROM t, {given} AS w(id, version), LATERAL (
        SELECT tenant, row FROM resource
        WHERE tenant = t.tenant AND type = $2 AND id = w.id AND version = w.version FOR UPDATE SKIP LOCKED
    ) AS r
)"""

HOLDER = """
SELECT r.id FROM index_token AS i, LATERAL (
    SELECT id FROM resource WHERE tenant = t.tenant AND type = $2 AND row = i.row LIMIT 1
) AS r WHERE i.tenant = t.tenant AND i.head = $3 AND i.tail = $4 LIMIT 1
"""

PROGRESS = """
SELECT type, since, reached, until, total, done, doubles, began, moved, ended FROM reindexing WHERE tenant = t.tenant
"""
BEGUN = """
INSERT INTO reindexing (tenant, type, since, reached, until, total) VALUES ($1::text::int, $2, $3, 0, $4, $5)
ON CONFLICT (tenant, type) DO UPDATE
SET since = excluded.since, reached = 0, until = excluded.until, total = excluded.total, done = 0, doubles = 0,
    began = now(), moved = now(), ended = NULL
"""
ADVANCED = """
UPDATE reindexing SET reached = $3, done = done + $4, doubles = doubles + $5, moved = now()
WHERE tenant = $1::text::int AND type = $2
"""
ENDED = "UPDATE reindexing SET ended = now(), moved = now() WHERE tenant = $1::text::int AND type = $2"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the resources of a type are.

    Shape   since: of the edition; rows up to `until` are looked at; doubles: matricules that another record holds.
    """

    type: int
    since: datetime
    reached: int
    until: int
    total: int
    done: int
    doubles: int
    began: datetime
    moved: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Found:
    """A resource as it was read. Shape: document is None of a deletion, which has no index rows."""

    row: int
    id: str
    version: int
    document: str | None


@dataclass(frozen=True, slots=True)
class Reindexed:
    """A resource that was read, and the index rows that it shall have."""

    found: Found
    index: IndexRows


async def progress(runner: Runner) -> dict[int, Progress]:
    """Return how far each type is that was ever indexed anew, by its number."""
    rows = await runner.rows(under_tenant(PROGRESS))
    return {each.type: each for each in (Progress(*row) for row in rows)}


async def begin(runner: Runner, number: int, since: datetime) -> None:
    """Begin with a type, from its first resource to the last one there is now."""
    async with runner.transaction() as inner:
        until = row_numbers.next()
        (counted,) = await inner.rows(under_tenant(COUNTED), number, until)
        await inner.rows(BEGUN, number, since, until, counted[0])


async def some(runner: Runner, number: int, after: int, until: int, most: int) -> list[Found]:
    """Return the next resources of a type, by their row."""
    return [Found(*row) for row in await runner.rows(under_tenant(SLICE), number, after, until, most)]


async def put(runner: Runner, number: int, resources: Sequence[Reindexed], *, patient: bool = False) -> set[int]:
    """Give these resources the index rows they shall have, inside a transaction; return the rows of those that got it.

    Shape   patient: wait for those who write one just now, for one resource alone: who waits must hold nothing.
    Errors  Conflict (409) when one of them would hold what another holds (`search/holding.py`).
    """
    await runner.rows(SETTINGS)
    arguments: list[object] = [number, [it.found.id for it in resources]]
    arguments += sent(("int",), [[it.found.version for it in resources]])
    indexes = [(it.found.row, it.index) for it in resources]
    for table in INDEX_TABLES:
        types = ("bigint", *table.types)
        arguments += sent(types, index_columns(table, indexes) or [[] for _ in types])
    values = list(dict.fromkeys(value for it in resources for value in it.index.contained))
    arguments += sent(GRAM_TYPES, gram_columns(values) or [[], []])
    return {row for (row,) in await runner.rows(put_statement(patient=patient), *arguments)}


async def holder(runner: Runner, number: int, token: Token) -> str | None:
    """Return the id of the resource that holds what only one may hold, None when none does."""
    found = await runner.row(under_tenant(HOLDER), number, *token)
    return None if found is None else str(found[0])


def put_statement(*, patient: bool) -> str:
    """Return the statement that makes the index rows of some resources what they shall be, and no other change."""
    places = Placeholders(3)
    held = HELD.format(given=places.unnest(("text", "int")))
    parts = [TENANT, held.replace(" SKIP LOCKED", "") if patient else held]
    parts += [_put(table, places) for table in INDEX_TABLES]
    parts.append(insert_grams(places))
    return f"WITH {', '.join(parts)} SELECT row FROM go"  # noqa: S608 - names of our own


async def advance(runner: Runner, number: int, reached: int, done: int, doubles: int = 0) -> None:
    """Note how far the resources of a type are."""
    await runner.rows(ADVANCED, number, reached, done, doubles)


async def end(runner: Runner, number: int) -> None:
    """Note that all the resources of a type are done."""
    await runner.rows(ENDED, number)


def _put(table: IndexTable, places: Placeholders) -> str:
    given, had = f"given_{table.rows}", f"had_{table.rows}"
    columns = f"row, {table.names}"
    same = " AND ".join(f"i.{column} = d.{column}" for column in ("row", *table.columns))
    wanted = f"SELECT {columns} FROM {given} WHERE row IN (SELECT row FROM go)"  # noqa: S608 - names of our own
    gone = f"SELECT {columns} FROM {had} EXCEPT {wanted}"  # noqa: S608 - names of our own
    more = f"{wanted} EXCEPT SELECT {columns} FROM {had}"  # noqa: S608 - names of our own
    return f"""{given} AS MATERIALIZED (SELECT * FROM {places.unnest(("bigint", *table.types))} AS d({columns})),
    {had} AS MATERIALIZED (
        SELECT i.* FROM go, LATERAL (
            SELECT {columns} FROM {table.name} WHERE tenant = go.tenant AND row = go.row OFFSET 0
        ) AS i
    ),
    old_{table.rows} AS (
        DELETE FROM {table.name} AS i USING ({gone}) AS d
        WHERE i.tenant = (SELECT tenant FROM t) AND {same}
    ),
    new_{table.rows} AS (
        INSERT INTO {table.name} (tenant, {columns})
        SELECT t.tenant, {", ".join(f"d.{each}" for each in ("row", *table.columns))} FROM t, ({more}) AS d
        ON CONFLICT {table.key} DO NOTHING
    )"""  # noqa: S608 - names of our own
