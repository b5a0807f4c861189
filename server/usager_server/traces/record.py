"""A trace as it is kept: a few columns to search by, and the text of all the rest, chained as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from usager_server.traces.event import Event, Origin
from usager_server.traces.kinds import KINDS, Kind
from usager_server.traces.origins import From

QUERY_LIMIT = 4_000
NOTHING: Mapping[str, Any] = {}
LAST_ROW = (1 << 63) - 1
BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
OF_OTHERS = frozenset(("patients", "query", "found", "detail"))
"""Members of the body that tell of every Patient whom an act concerned."""
BITS_BELOW_TIME = 22
"""A row number is milliseconds since 2020, then the number of a process and a counter (`repository/ids.py`)."""

UNKNOWN = Kind(
    "unknown",
    "Acte d'une version plus récente",
    "E",
    "http://terminology.hl7.org/CodeSystem/data-absent-reason",
    "unknown",
)


@dataclass(frozen=True, slots=True)
class Trace:
    """One trace as it lies in the store; row is its number, from which its instant is read."""

    row: int
    version: int | None
    outcome: int
    kind: str
    subject: str
    type: str
    id: str
    patient: str
    body: str

    @property
    def recorded(self) -> datetime:
        """When the trace was made, to the millisecond."""
        return instant_of(self.row)

    @property
    def told(self) -> dict[str, Any]:
        """The members of the body (`body_of`)."""
        told: dict[str, Any] = orjson.loads(self.body)
        return told

    def told_of(self, patient: str) -> "Trace":
        """Return what the trace says to who may know of one Patient only: neither others, nor what asked for them."""
        told = self.told
        names_another = self.type == "Patient" and self.id not in ("", patient)
        if not names_another and set(told.get("patients", ())) <= {patient}:
            return self
        kept = {name: value for name, value in told.items() if name not in OF_OTHERS}
        mine = replace(self, patient=patient, body=orjson.dumps(kept).decode())
        return replace(mine, id="", version=None) if names_another else mine

    @property
    def meaning(self) -> Kind:
        """What the kind of act is."""
        return KINDS.get(self.kind, UNKNOWN)


@dataclass(frozen=True, slots=True)
class TraceQuery:
    """Which traces. What is None does not narrow.

    Shape   rows from `first` and before `before`; kinds and outcomes: one of these; subject as it was recorded; origin:
            accesses to documents that came from there.
    """

    first: int = 0
    before: int = LAST_ROW
    rows: Sequence[int] | None = None
    patient: str | None = None
    subject: str | None = None
    type: str | None = None
    id: str | None = None
    version: int | None = None
    kinds: Sequence[str] | None = None
    outcomes: Sequence[int] | None = None
    origin: From | None = None
    count: int = 50


def body_of(event: Event) -> str:
    """Return the body of a trace."""
    return body_text(event.origin, event.patients, event.query, event.found, event.detail)


def body_text(
    origin: Origin,
    patients: Sequence[str] = (),
    query: str = "",
    found: int | None = None,
    detail: Mapping[str, Any] = NOTHING,
) -> str:
    """Return the body of a trace of these parts: what is empty is left out.

    Shape   client, session, organization, address, request, patients when there are several, query, found, detail.
    """
    body: dict[str, Any] = {}
    if origin.client:
        body["client"] = origin.client
    if origin.session:
        body["session"] = origin.session
    if origin.organization:
        body["organization"] = origin.organization
    if origin.address:
        body["address"] = origin.address
    if origin.request_id:
        body["request"] = origin.request_id
    if len(patients) > 1:
        body["patients"] = patients
    if query:
        body["query"] = query[:QUERY_LIMIT]
    if found is not None:
        body["found"] = found
    if detail:
        body["detail"] = detail
    return orjson.dumps(body, default=str).decode()


def instant_of(row: int) -> datetime:
    """Return the instant that a row number carries, to the millisecond."""
    return BEGINNING + timedelta(milliseconds=row >> BITS_BELOW_TIME)


def row_at(microseconds: int) -> int:
    """Return the least row number of an instant, given as microseconds since 1970 UTC."""
    milliseconds = -((BEGINNING.timestamp() * 1_000_000 - microseconds) // 1000)
    return max(0, min(int(milliseconds), (1 << 41) - 1)) << BITS_BELOW_TIME
