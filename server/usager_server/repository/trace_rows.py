"""Traces on their way into the database: the texts they travel in, and the parts of a statement that store them."""

from collections.abc import Sequence
from typing import Any

import orjson

from usager_server.repository.columns import Placeholders
from usager_server.repository.ids import row_numbers
from usager_server.traces.event import Event
from usager_server.traces.record import body_of

COLUMNS = {
    "row": "bigint",
    "version": "int",
    "outcome": "smallint",
    "kind": "text",
    "subject": "text",
    "type": "text",
    "id": "text",
    "patient": "text",
    "body": "text",
}
NAMES = ", ".join(COLUMNS)
TYPED = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())


def trace_arguments(events: Sequence[Event]) -> list[str]:
    """Return what `insert_traces` binds: the traces and, when one of them is about several Patients, the others.

    Time    one text costs a tenth of what an array for each column does, here and in the driver.
    """
    rows, others = list[dict[str, Any]](), list[dict[str, Any]]()
    for event in events:
        row = row_numbers.next()
        patient, *more = event.patients or ("",)
        others += [{"row": row, "patient": other} for other in more]
        rows.append(
            {
                "row": row,
                "version": event.version,
                "outcome": event.outcome,
                "kind": event.kind,
                "subject": event.origin.subject,
                "type": event.type,
                "id": event.id,
                "patient": patient,
                "body": body_of(event),
            }
        )
    return [orjson.dumps(part).decode() for part in (rows, others) if part]


def insert_traces(places: Placeholders, arguments: int, source: str = "t") -> str:
    """Return the parts of a statement that store traces; arguments is how many `trace_arguments` gave.

    Shape   source is what holds the tenant: t, which sets it; or go, the row that an update is about to replace: then
            nothing is traced when there is none, and a version that is not given is the one that is made.
    """
    values = [f"d.{name}" for name in COLUMNS]
    if source == "go":
        values[1] = "coalesce(d.version, go.version + 1)"
    noted = f"""noted AS (
        INSERT INTO trace (tenant, {NAMES})
        SELECT {source}.tenant, {", ".join(values)} FROM {source}, {places.records(TYPED)}
    )"""
    if arguments == 1:
        return noted
    return f"""{noted},
    met AS (
        INSERT INTO trace_patient (tenant, row, patient)
        SELECT {source}.tenant, d.row, d.patient FROM {source}, {places.records("row bigint, patient text")}
    )"""
