"""Traces on their way into the database: the columns they travel in, and the part of a statement that stores them."""

from collections.abc import Sequence
from typing import Any

from usager_server.jsontext import build_json
from usager_server.repository.columns import Placeholders, sent
from usager_server.repository.ids import row_numbers
from usager_server.traces.event import Event

QUERY_LIMIT = 4_000

COLUMNS = {
    "row": "bigint",
    "at": "timestamptz",
    "version": "int",
    "found": "int",
    "outcome": "smallint",
    "kind": "text",
    "subject": "text",
    "client": "text",
    "session": "text",
    "address": "text",
    "request": "text",
    "type": "text",
    "id": "text",
    "patients": "text",
    "query": "text",
    "detail": "text",
}
NAMES = ", ".join(COLUMNS)
TYPES = tuple(COLUMNS.values())
MET_TYPES = ("bigint", "text")


def trace_arguments(events: Sequence[Event]) -> list[Any]:
    """Return what `insert_traces` binds, in its order. Each event gets its row number here."""
    rows = [row_numbers.next() for _ in events]
    values = [_values(row, event) for row, event in zip(rows, events, strict=True)]
    met = [(row, patient) for row, event in zip(rows, events, strict=True) for patient in event.patients]
    columns = [list(column) for column in zip(*values, strict=True)]
    return [*sent(TYPES, columns), *sent(MET_TYPES, [[row for row, _ in met], [patient for _, patient in met]])]


def insert_traces(places: Placeholders, source: str = "t") -> str:
    """Return the parts of a statement that store traces.

    Shape   source is what holds the tenant: t, which sets it; or go, the row that an update is about to replace: then
            nothing is traced when there is none, and a version that is not given is the one that is made.
    """
    values = [f"d.{name}" for name in COLUMNS]
    if source == "go":
        values[2] = "coalesce(d.version, go.version + 1)"
    return f"""noted AS (
        INSERT INTO trace (tenant, {NAMES})
        SELECT {source}.tenant, {", ".join(values)} FROM {source}, {places.unnest(TYPES)} AS d({NAMES})
    ),
    met AS (
        INSERT INTO trace_patient (tenant, row, patient)
        SELECT {source}.tenant, d.row, d.patient FROM {source}, {places.unnest(MET_TYPES)} AS d(row, patient)
    )"""  # noqa: S608 - names of our own


def _values(row: int, event: Event) -> tuple[Any, ...]:
    origin = event.origin
    return (
        row,
        event.at,
        event.version,
        event.found,
        event.outcome,
        event.kind,
        origin.subject,
        origin.client,
        origin.session,
        origin.address,
        origin.request_id,
        event.type,
        event.id,
        ",".join(event.patients),
        event.query[:QUERY_LIMIT],
        build_json(dict(event.detail)).decode() if event.detail else "",
    )
