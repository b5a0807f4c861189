"""Showing a current version: read and traced by one statement, which those who ask at once share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from usager_server.repository import Stored
from usager_server.repository.connections import Connections
from usager_server.repository.ids import row_numbers
from usager_server.repository.reading import stored
from usager_server.repository.running import TENANT_SET, Runner
from usager_server.repository.search_clauses import Clauses
from usager_server.repository.together import Together
from usager_server.repository.trace_rows import NAMES
from usager_server.search.lookups import Lookup
from usager_server.traces.act import Act
from usager_server.traces.origins import SYSTEM as ORIGINS

MOST_TOGETHER = 32

WANTED = (
    "n int, number smallint, row bigint, kind text, subject text, type text, id text, own text, base text, body text"
)
COLUMNS = "m.version, m.last_updated, m.method, m.document, m.content"


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What part of a tenant's store is looked at: the statement that shows some of it, and its arguments.

    Shape   made once for a tenant, or for a reach and a type; who has the same view is shown things together.
    """

    tenant: int
    statement: str
    arguments: Sequence[Any]


class Wanted(NamedTuple):
    """Which version to show, and the act that its trace tells of."""

    type: str
    number: int
    id: str
    act: Act


Shown = tuple[Stored | None, bool]
"""What was found, and whether its trace is kept."""


class Shows:
    """Shows versions to those who ask at once."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections
        self._together = Together[View, Wanted, Shown](self._shown, most=MOST_TOGETHER)

    async def show(self, view: View, wanted: Wanted) -> Shown:
        """Return the current version if it is within view, and whether its trace is on disk.

        Shape   not traced: what is not there, what was deleted, and what names several Patients or came from elsewhere,
                which Python finds (`traces/patients.py`, `traces/origins.py`): the caller traces these.
        Errors  Unavailable (503), Conflict (409): nothing is known to be traced.
        """
        return await self._together.done(view, wanted)

    async def _shown(self, view: View, together: Sequence[Wanted]) -> list[Shown]:
        rows = [_row(number, wanted) for number, wanted in enumerate(together)]
        runner = Runner(self._connections, view.tenant)
        found = await runner.rows(view.statement, orjson.dumps(rows).decode(), *view.arguments, again=False)
        shown: list[Shown] = [(None, False)] * len(together)
        for number, is_told, *columns in found:
            wanted = together[number]
            shown[number] = stored(wanted.type, wanted.id, columns), bool(is_told)
        return shown


def _row(number: int, wanted: Wanted) -> dict[str, Any]:
    act = wanted.act
    return {
        "n": number,
        "number": wanted.number,
        "row": row_numbers.next(),
        "kind": act.kind,
        "subject": act.origin.subject,
        "type": act.type,
        "id": wanted.id,
        "own": wanted.id if wanted.type == "Patient" else "",
        "base": f"{act.base_url}/Patient",
        "body": act.body(),
    }


def whole_view(tenant: int) -> View:
    """Return the view of all that a tenant has."""
    clauses = Clauses()
    return View(tenant, _statement(clauses.bind(None, "text"), ""), ())


def view_within(tenant: int, within: Lookup) -> View:
    """Return the view of what is within reach, of one type."""
    clauses = Clauses()
    wanted = clauses.bind(None, "text")
    return View(tenant, _statement(wanted, f"WHERE {clauses.test(within, 'm.type', 'm.row')}"), clauses.arguments[1:])


# Which Patient a version is about, when it is one at most: `patients_in` of `traces/patients.py` in one look at the
# text, or in a few when the word stands there more than once. What they do not settle (several Patients, one whose
# address is spelled out, one within) is not told here.
FIRST = """CASE WHEN w.own <> '' THEN 0 ELSE strpos(m.document, '"Patient/') END AS at"""
PATIENT = """
CASE WHEN w.own <> '' THEN w.own WHEN f.at = 0 THEN '' ELSE split_part(substr(m.document, f.at + 9, 65), '"', 1) END
"""
IS_TOLD = """
CASE
    WHEN w.own <> '' THEN starts_with(m.document, '{"resourceType":"Patient","id":"' || w.own || '"') AND (
        m.document NOT LIKE '{"resourceType":"Patient%Patient%'
        OR strpos(m.document, w.base) = 0 AND m.document NOT LIKE '{"resourceType":"Patient%"Patient%')
    WHEN f.at = 0 THEN m.document NOT LIKE '%Patient%'
    WHEN p.patient !~ '^[A-Za-z0-9.-]+$' OR length(p.patient) > 64 THEN false
    ELSE m.document NOT LIKE '%Patient%Patient%'
        OR strpos(m.document, w.base) = 0
        AND strpos(replace(m.document, '"Patient/' || p.patient || '"', ''), '"Patient') = 0
END
"""

# A document that came from elsewhere, whose trace must say so: Python reads it (`traces/origins.py`).
IS_FROM_ELSEWHERE = f"w.type IN ('DocumentReference', 'Composition') AND strpos(m.document, '{ORIGINS}') > 0"


def _statement(wanted: str, tested: str) -> str:
    """Return the statement: what is wanted comes as JSON at its place; tested narrows the row m.

    Order   the trace is drawn from the row that is shown: none without the other. The row is looked up for the tenant
            that was set, and after it: the block names t and ends in LIMIT or OFFSET (ADR 0004).
    """
    block = (
        "SELECT m.type, m.row, m.version, m.last_updated, m.method, m.document, m.content FROM resource AS m"
        " WHERE m.tenant = t.tenant AND m.type = w.number AND m.id = w.id LIMIT 1"
    )
    if tested:
        block = f"SELECT m.* FROM ({block}) AS m {tested} OFFSET 0"  # noqa: S608 - our own text
    return f"""
    WITH shown AS MATERIALIZED (
        SELECT t.tenant, w.n, w.row, w.kind, w.subject, w.type, w.id, w.body, {COLUMNS}, p.patient,
            NOT ({IS_FROM_ELSEWHERE}) AND {IS_TOLD} AS is_told
        FROM {TENANT_SET}, json_to_recordset({wanted}::json) AS w({WANTED}), LATERAL ({block}) AS m,
            LATERAL (SELECT {FIRST} OFFSET 0) AS f, LATERAL (SELECT {PATIENT} AS patient OFFSET 0) AS p
    ),
    noted AS (
        INSERT INTO trace (tenant, {NAMES})
        SELECT s.tenant, s.row, s.version, 0, s.kind, s.subject, s.type, s.id, s.patient, s.body
        FROM shown AS s WHERE s.is_told
    )
    SELECT s.n, s.is_told, s.version, s.last_updated, s.method, s.document, s.content FROM shown AS s
    """  # noqa: S608 - names of our own
