"""History: current and superseded versions as one list, newest first, each page read along an index."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import asyncpg

from usager_server.repository import HistoryQuery, Match, Page
from usager_server.repository.reading import stored
from usager_server.repository.running import Runner, under_tenant
from usager_server.repository.search_clauses import Clauses
from usager_server.search.cursor import Cursors, Key
from usager_server.search.lookups import Lookup

COLUMNS = "type, id, version, last_updated, method, document, content, row"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# The versions of one resource are in the order of their numbers; those of several in the order of time.
ONE_RESOURCE = ("version",)
SEVERAL = ("last_updated", "row", "version")


async def history(
    runner: Runner, query: HistoryQuery, numbers: Mapping[str, int], cursors: Cursors, within: Lookup | None = None
) -> Page:
    """Return one page of versions.

    Shape   within: of resources whose current version it finds.
    Order   newest first, and the same for ever: a version keeps its place when it is superseded while someone pages.
    Errors  Invalid (400) on a cursor that is not ours, or was made for another query.
    """
    place = [] if query.cursor is None else cursors.open(query.cursor, _bound_to(runner.tenant, query))
    statement, arguments = history_statement(query, numbers, place, within)
    found = await runner.rows(statement, *arguments)
    names = {number: name for name, number in numbers.items()}
    entries = [Match(stored(names[kind], key, columns)) for kind, key, *columns, _row in found[: query.count]]
    if len(found) <= query.count or not entries:
        return Page(entries)
    return Page(entries, next=cursors.seal(_place(found[query.count - 1], query), _bound_to(runner.tenant, query)))


def history_statement(
    query: HistoryQuery, numbers: Mapping[str, int], place: list[Key], within: Lookup | None = None
) -> tuple[str, list[Any]]:
    """Return the statement of a page, with only the conditions it needs, and its arguments after the tenant.

    Shape   within: what the current versions of the resources must be.
    """
    clauses = Clauses()
    arguments = clauses.arguments
    common = ["tenant = t.tenant", *_conditions(query, numbers, arguments)]
    order = _order(query)
    if place:
        common.append(_after(query, place, arguments))
    limit = _argument(arguments, query.count + 1, "int")
    ordered = f"ORDER BY {', '.join(f'{column} DESC' for column in order)} LIMIT {limit}"
    if within is not None:
        common.append(clauses.test(within, "m.type", "m.row"))
    superseded = list(common)
    if query.at is not None:
        superseded.append(f"superseded > {_argument(arguments, query.at, 'timestamptz')}")
    current = f"(SELECT {COLUMNS} FROM resource AS m WHERE {' AND '.join(common)} {ordered})"  # noqa: S608 - our own names
    past = f"(SELECT {COLUMNS} FROM history AS m WHERE {' AND '.join(superseded)} {ordered})"  # noqa: S608 - our own names
    both = f"SELECT {COLUMNS} FROM ({current} UNION ALL {past}) AS v {ordered}"  # noqa: S608 - our own names
    return under_tenant(both), arguments


def _conditions(query: HistoryQuery, numbers: Mapping[str, int], arguments: list[Any]) -> list[str]:
    conditions = []
    if query.type is not None:
        conditions.append(f"type = {_argument(arguments, numbers[query.type], 'smallint')}")
    if query.id is not None:
        conditions.append(f"id = {_argument(arguments, query.id, 'text')}")
    if query.types:
        types = [numbers[name] for name in query.types if name in numbers]
        conditions.append(f"type = ANY ({_argument(arguments, types, 'smallint[]')})")
    if query.since is not None:
        conditions.append(f"last_updated >= {_argument(arguments, query.since, 'timestamptz')}")
    if query.until is not None:
        conditions.append(f"last_updated < {_argument(arguments, query.until, 'timestamptz')}")
    elif query.at is not None:
        conditions.append(f"last_updated <= {_argument(arguments, query.at, 'timestamptz')}")
    return conditions


def _after(query: HistoryQuery, place: list[Key], arguments: list[Any]) -> str:
    if query.id is not None:
        return f"version < {_argument(arguments, place[0], 'int')}"
    micros, row, version = place
    values = (
        _argument(arguments, EPOCH + int(micros) * MICROSECOND, "timestamptz"),
        _argument(arguments, row, "bigint"),
        _argument(arguments, version, "int"),
    )
    return f"(last_updated, row, version) < ({', '.join(values)})"


def _place(last: asyncpg.Record, query: HistoryQuery) -> list[Key]:
    if query.id is not None:
        return [last["version"]]
    return [(last["last_updated"] - EPOCH) // MICROSECOND, last["row"], last["version"]]


def _order(query: HistoryQuery) -> tuple[str, ...]:
    return SEVERAL if query.id is None else ONE_RESOURCE


def _argument(arguments: list[Any], value: Any, kind: str) -> str:
    arguments.append(value)
    return f"${len(arguments) + 1}::{kind}"


def _bound_to(tenant: int, query: HistoryQuery) -> str:
    parts = (tenant, query.reader, query.type, query.id, sorted(query.types), query.since, query.until, query.at)
    return "history " + blake2b(repr(parts).encode(), digest_size=16).hexdigest()
