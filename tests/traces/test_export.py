"""Traces as lines: what a spreadsheet must not run, what a program reads."""

import csv
import json
from io import StringIO

import pytest

from usager_server.traces.export import COLUMNS, guarded, header, lines
from usager_server.traces.record import Trace, instant_of, row_at

ROW = row_at(1_795_000_000_000_000)
TRACE = Trace(
    ROW, 2, 0, "read", "Practitioner/1", "Observation", "o1", "one", '{"query":"=cmd()","patients":["one","two"]}'
)


def test_a_table_has_its_columns_and_no_formula() -> None:
    rows = list(
        csv.reader(StringIO((header("csv") + lines([TRACE], "csv", "b")).removeprefix("\ufeff")), delimiter=";")
    )
    assert tuple(rows[0]) == COLUMNS
    cells = dict(zip(rows[0], rows[1], strict=True))
    assert (cells["acte"], cells["auteur"], cells["objet"]) == ("Lecture", "Practitioner/1", "Observation/o1")
    assert (cells["patients"], cells["recherche"]) == ("one two", "'=cmd()")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_looks_like_a_formula_is_disarmed(text: str) -> None:
    assert guarded(text) == f"'{text}"


def test_lines_are_audit_events() -> None:
    event = json.loads(lines([TRACE], "ndjson", "http://here/fhir"))
    assert event["resourceType"] == "AuditEvent" and event["id"] == f"{ROW:x}"


def test_a_row_number_carries_its_instant() -> None:
    assert instant_of(ROW).timestamp() == 1_795_000_000
    assert row_at(0) == 0
