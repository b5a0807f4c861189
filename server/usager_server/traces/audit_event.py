"""A trace as a FHIR AuditEvent, in the manner of IHE BALP.

Source  FHIR R4 auditevent.html; IHE ITI BALP: profiles, roles of the agents, kinds of entities.
"""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from usager_server.traces.record import Trace

PROFILES: Final = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
TRANSACTION: Final = "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
ENTITY: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
SOURCE_TYPE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"

SHOWS = frozenset(("read", "vread"))
ASKS = frozenset(("search_type", "search_compartment", "search_system"))
PROFILED = {
    "read": "Read",
    "vread": "Read",
    "search_type": "Query",
    "search_system": "Query",
    "create": "Create",
    "update": "Update",
    "patch": "Update",
    "delete": "Delete",
}
WRITES = frozenset(("create", "update", "patch", "delete"))

Resource = dict[str, Any]


def audit_event(trace: Trace, base_url: str) -> Resource:
    """Return the AuditEvent of a trace; base_url is this server, the source of every one of them."""
    kind, told = trace.meaning, trace.told
    event: Resource = {"resourceType": "AuditEvent", "id": audit_event_id(trace), "meta": _meta(trace, told)}
    event["type"] = {"system": kind.system, "code": kind.code}
    subtypes = [{"system": kind.subsystem, "code": kind.subcode}] if kind.subcode else []
    event["subtype"] = [*subtypes, {"system": "urn:usager:traces", "code": trace.kind, "display": kind.title}]
    event |= {"action": kind.action, "recorded": _instant(trace), "outcome": str(trace.outcome)}
    event["agent"] = _agents(trace, told, base_url)
    event["source"] = {
        "observer": {"identifier": {"value": base_url}, "display": "Usager"},
        "type": [{"system": SOURCE_TYPE, "code": "4"}],
    }
    entities = _entities(trace, told)
    return event | ({"entity": entities} if entities else {})


def audit_event_id(trace: Trace) -> str:
    """Return the id under which a trace is read."""
    return f"{trace.row:x}"


def row_of(audit_event_id: str) -> int | None:
    """Return the number of the trace of this id, None when it can be none."""
    try:
        row = int(audit_event_id, 16)
    except ValueError:
        return None
    return row if f"{row:x}" == audit_event_id and 0 < row < 1 << 63 else None


def patients_of(trace: Trace, told: Mapping[str, Any]) -> list[str]:
    """Return the ids of the Patients that the act concerned."""
    return list(told.get("patients") or ([trace.patient] if trace.patient else []))


def _instant(trace: Trace) -> str:
    return trace.recorded.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _meta(trace: Trace, told: Mapping[str, Any]) -> Resource:
    meta: Resource = {"versionId": "1", "lastUpdated": _instant(trace)}
    profile = PROFILED.get(trace.kind)
    if profile is None or trace.outcome or not (trace.id or "query" in told):
        return meta
    alone = "Patient" if len(patients_of(trace, told)) == 1 else ""  # the profiles have one Patient or none
    return meta | {"profile": [f"{PROFILES}{alone}{profile}"]}


def _agents(trace: Trace, told: Mapping[str, Any], base_url: str) -> list[Resource]:
    """Return who took part: the person, the client, this server. Who sends is the source, who receives the destination.

    Source  BALP: what is read comes from the server; a query and what is written come from the client.
    """
    sender, receiver = ("server", "client") if trace.kind in SHOWS else ("client", "server")
    roles = {sender: "110153", receiver: "110152"}
    code = "AUT" if trace.kind in WRITES else "IRCP"
    user: Resource = {"type": _concept(PARTICIPATION, code), "who": who(trace.subject), "requestor": True}
    if session := told.get("session"):
        user["policy"] = [f"urn:usager:session:{session}"]
    address = told.get("address")
    client: Resource = {"type": _concept(DICOM, roles["client"]), "requestor": False}
    client["who"] = {"identifier": {"value": told.get("client") or trace.subject}}
    if address:
        client["network"] = {"address": address, "type": "2"}
    server: Resource = {"type": _concept(DICOM, roles["server"]), "requestor": False}
    server |= {"who": {"identifier": {"value": base_url}}, "network": {"address": base_url, "type": "5"}}
    return [user, client, server] if address else [user, server]


def who(subject: str) -> Resource:
    """Return a subject as a reference, when it is one, or as an identifier."""
    return {"reference": subject} if "/" in subject else {"identifier": {"value": subject}}


def _entities(trace: Trace, told: Mapping[str, Any]) -> list[Resource]:
    entities = [
        {"what": {"reference": f"Patient/{patient}"}, "type": _coding(ENTITY, "1"), "role": _coding(ROLE, "1")}
        for patient in patients_of(trace, told)
    ]
    data = _data(trace, told)
    if data:
        entities.append(data)
    if request := told.get("request"):
        entities.append({"what": {"identifier": {"value": request}}, "type": _coding(TRANSACTION, "XrequestId")})
    return entities


def _data(trace: Trace, told: Mapping[str, Any]) -> Resource | None:
    """Return what was acted on: a query, or a resource, or an account; with what there is to say besides."""
    entity: Resource = {"type": _coding(ENTITY, "2"), "role": _coding(ROLE, "4")}
    if trace.kind in ASKS or (not trace.id and "query" in told):
        entity["role"] = _coding(ROLE, "24")
        entity["description"] = trace.type or "every type"
        entity["query"] = b64encode(f"{trace.type}?{told.get('query', '')}".encode()).decode()
    elif trace.type and trace.id:
        entity["what"] = _what(trace)
    details = [{"type": name, "valueString": _text(value)} for name, value in told.get("detail", {}).items()]
    if "found" in told:
        details.append({"type": "found", "valueString": str(told["found"])})
    if details:
        entity["detail"] = details
    return entity if details or "what" in entity or "query" in entity else None


def _what(trace: Trace) -> Resource:
    if not trace.type[:1].isupper() or trace.type == "Account":  # no resource of ours: an account, a client, a key
        return {"identifier": {"system": f"urn:usager:{trace.type.lower()}", "value": trace.id}}
    version = f"/_history/{trace.version}" if trace.version else ""
    return {"reference": f"{trace.type}/{trace.id}{version}"}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return value if isinstance(value, str) else str(value)


def _coding(system: str, code: str) -> Resource:
    return {"system": system, "code": code}


def _concept(system: str, code: str) -> Resource:
    return {"coding": [_coding(system, code)]}
