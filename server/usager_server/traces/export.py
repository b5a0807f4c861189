"""Traces as lines of text: NDJSON of AuditEvents for programs, CSV for a person with a spreadsheet."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Literal

import orjson

from usager_server.traces.audit_event import audit_event, audit_event_id, patients_of
from usager_server.traces.record import LAST_ROW, Trace, TraceQuery, instant_of

Form = Literal["ndjson", "csv"]
MEDIA_TYPES: Mapping[Form, str] = {"ndjson": "application/fhir+ndjson", "csv": "text/csv; charset=utf-8"}
FORMS = tuple(MEDIA_TYPES)
COLUMNS = (
    "date",
    "acte",
    "action",
    "issue",
    "auteur",
    "logiciel",
    "session",
    "adresse",
    "patients",
    "objet",
    "version",
    "recherche",
    "nombre",
    "precisions",
    "requete",
    "trace",
)
OUTCOMES = {0: "réussite", 4: "refus", 8: "échec", 12: "échec majeur"}
# What a spreadsheet would take for a formula: OWASP, CSV injection.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def header(form: Form) -> str:
    """Return what comes before the first trace: for a spreadsheet, the mark of UTF-8 and the names of the columns."""
    return "" if form == "ndjson" else "\ufeff" + _row(COLUMNS)


def lines(traces: Sequence[Trace], form: Form, base_url: str) -> str:
    """Return traces as text, a line each."""
    if form == "ndjson":
        return "".join(f"{orjson.dumps(audit_event(trace, base_url)).decode()}\n" for trace in traces)
    return "".join(_row(_cells(trace)) for trace in traces)


def asked(query: TraceQuery, form: Form) -> dict[str, str]:
    """Return what an extraction was asked for, for the trace that it leaves."""
    told: dict[str, str] = {"format": form}
    if query.first:
        told["start"] = instant_of(query.first).isoformat()
    if query.before < LAST_ROW:
        told["end"] = instant_of(query.before).isoformat()
    told |= {"origin": query.origin} if query.origin else {}
    return told | ({"agent": query.subject} if query.subject else {})


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _row(cells: Sequence[str]) -> str:
    written = StringIO()
    csv.writer(written, delimiter=";", lineterminator="\r\n").writerow(map(guarded, cells))
    return written.getvalue()


def _cells(trace: Trace) -> Sequence[str]:
    told, kind = trace.told, trace.meaning
    detail = told.get("detail")
    return (
        trace.recorded.isoformat(timespec="milliseconds"),
        kind.title,
        kind.action,
        OUTCOMES.get(trace.outcome, str(trace.outcome)),
        trace.subject,
        told.get("client", ""),
        told.get("session", ""),
        told.get("address", ""),
        " ".join(patients_of(trace, told)),
        f"{trace.type}/{trace.id}" if trace.id else trace.type,
        "" if trace.version is None else str(trace.version),
        told.get("query", ""),
        str(told.get("found", "")),
        orjson.dumps(detail).decode() if detail else "",
        told.get("request", ""),
        audit_event_id(trace),
    )
