"""Reading traces: one by its number, or a page of those that match, newest first."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from usager_server.repository.running import Runner, under_tenant
from usager_server.traces.origins import DETAIL, detail_name
from usager_server.traces.record import Trace, TraceQuery

COLUMNS = "row, version, outcome, kind, subject, type, id, patient, body"

# As the index has it, which holds these alone.
FROM_ELSEWHERE = f"strpos(c.body, '\"{DETAIL}') > 0"

READ = under_tenant(f"SELECT {COLUMNS} FROM trace WHERE tenant = t.tenant AND row = $2")


async def read_trace(runner: Runner, row: int) -> Trace | None:
    """Return one trace, or None."""
    found = await runner.row(READ, row)
    return None if found is None else Trace(*found)


async def find_traces(runner: Runner, query: TraceQuery) -> list[Trace]:
    """Return up to query.count traces. Order: newest first. Errors: TooCostly (403) when it takes too long."""
    statement, arguments = _statement(query)
    return [Trace(*found) for found in await runner.rows(statement, *arguments)]


async def all_traces(runner: Runner, query: TraceQuery) -> AsyncIterator[list[Trace]]:
    """Yield all that match, query.count at a time. Order: newest first."""
    while found := await find_traces(runner, query):
        yield found
        if len(found) < query.count:
            return
        query = replace(query, before=found[-1].row)


def _statement(query: TraceQuery) -> tuple[str, list[Any]]:
    arguments: list[Any] = []

    def bound(value: Any, kind: str) -> str:
        arguments.append(value)
        return f"${len(arguments) + 1}::{kind}"

    conditions = [f"c.row >= {bound(query.first, 'bigint')}", f"c.row < {bound(query.before, 'bigint')}"]
    if query.rows is not None:
        conditions.append(f"c.row = ANY ({bound(list(query.rows), 'bigint[]')})")
    for column in ("subject", "type", "id"):
        if (value := getattr(query, column)) is not None:
            conditions.append(f"c.{column} = {bound(value, 'text')}")
    if query.version is not None:
        conditions.append(f"c.version = {bound(query.version, 'int')}")
    if query.kinds is not None:
        conditions.append(f"c.kind = ANY ({bound(list(query.kinds), 'text[]')})")
    if query.outcomes is not None:
        conditions.append(f"c.outcome = ANY ({bound(list(query.outcomes), 'smallint[]')})")
    if query.origin is not None:
        # Quotes of a text within the body are escaped: only a name of its detail can stand so.
        named = bound(f'"{detail_name(query.origin)}":', "text")
        conditions += [FROM_ELSEWHERE, f"strpos(c.body, {named}) > 0"]
    limit = f"ORDER BY row DESC LIMIT {bound(query.count, 'int')}"
    columns = ", ".join(f"c.{name}" for name in COLUMNS.split(", "))
    tested = " AND ".join(["c.tenant = t.tenant", *conditions])
    if query.patient is None:
        return under_tenant(f"SELECT {columns} FROM trace AS c WHERE {tested} {limit}"), arguments
    patient = bound(query.patient, "text")
    first = f"SELECT {columns} FROM trace AS c WHERE {tested} AND c.patient = {patient} {limit}"
    bounds = " AND ".join(conditions[:2]).replace("c.row", "m.row")
    further = (
        f"SELECT {columns} FROM trace_patient AS m JOIN trace AS c ON c.tenant = m.tenant AND c.row = m.row"
        f" WHERE m.tenant = t.tenant AND m.patient = {patient} AND {bounds} AND {tested} ORDER BY m.row DESC"
        f" LIMIT {bound(query.count, 'int')}"
    )
    return under_tenant(f"SELECT * FROM (({first}) UNION ALL ({further})) AS both_of {limit}"), arguments
