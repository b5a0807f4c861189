"""The trace of a version as a FHIR Provenance: who made it, for whom, with what, when.

Source  FHIR R4 provenance.html.
"""

from typing import Any, Final

from usager_server.traces.audit_event import who
from usager_server.traces.record import Trace

PARTICIPANT: Final = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
ACTIVITY: Final = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
ACTIVITIES = {"create": "CREATE", "update": "UPDATE", "patch": "UPDATE", "delete": "DELETE"}
PREFIX: Final = "trace-"


def is_of_version(trace: Trace) -> bool:
    """Say whether a trace is that of a version that was made."""
    return trace.kind in ACTIVITIES and trace.version is not None and not trace.outcome


def provenance_id(trace: Trace) -> str:
    """Return the id of the Provenance of a trace."""
    return f"{PREFIX}{trace.row:x}"


def provenance(trace: Trace) -> dict[str, Any]:
    """Return the Provenance of the version whose trace this is."""
    told = trace.told
    recorded = trace.recorded.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    author: dict[str, Any] = {"type": _concept(PARTICIPANT, "author"), "who": who(trace.subject)}
    if organization := told.get("organization"):
        author["onBehalfOf"] = {"reference": f"Organization/{organization}"}
    agents = [author]
    if client := told.get("client"):
        agents.append({"type": _concept(PARTICIPANT, "assembler"), "who": {"identifier": {"value": client}}})
    return {
        "resourceType": "Provenance",
        "id": provenance_id(trace),
        "meta": {"versionId": "1", "lastUpdated": recorded},
        "target": [{"reference": f"{trace.type}/{trace.id}/_history/{trace.version}"}],
        "recorded": recorded,
        "activity": _concept(ACTIVITY, ACTIVITIES[trace.kind]),
        "agent": agents,
    }


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
