"""Stays, events and transports of the export of a DUI -> Encounter and Task, what was observed beside. Read only."""

from collections.abc import Iterable, Iterator

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import concept_from_code, parse_code
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.identifiers import parse_ii
from usager_cda.entries import observation, visit
from usager_cda.fhir.assembly import uuid_of
from usager_cda.header import Organization, Party
from usager_cda.structured.kinds import CCD, FR_ENTRY, Kind
from usager_cda.structured.reading import Made, Reading, extended
from usager_cda.structured.reasons import TEMPLATES as REFERENCE
from usager_cda.structured.remarks import as_extensions
from usager_cda.structured.statement import Statement
from usager_cda.tree import Element, attribute, child, children, descendant, text_of

STAY, STAYED = f"{FR_ENTRY}219", f"{FR_ENTRY}218"
EVENT, TRANSPORT, STATUS = f"{FR_ENTRY}215", f"{FR_ENTRY}216", f"{FR_ENTRY}217"
LEFT = f"{FR_ENTRY}48.7"
MODES = (f"{FR_ENTRY}48.6", LEFT)
STATUSES = {"PLANIFIE": "planned", "VALIDE": "planned", "REALISE": "finished", "ANNULE": "cancelled"}


def read_stay(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of the Encounter of a stay: where, since when, how it began; a planned end is a note."""
    statement.skip("id", "code", "statusCode", "effectiveTime")
    stayed = statement.one(STAYED)
    if stayed is None:
        reading.reader.report(statement.element, "This stay holds no encounter; it is kept in the original document")
        return
    modes = statement.related(*MODES)
    planned = [{"text": words} for each in modes if each.mood != "EVN" and (words := _planned(each, reading))]
    point = reading.when(stayed.first("effectiveTime"))
    period = {"start": point["effectiveDateTime"]} if "effectiveDateTime" in point else point.get("effectivePeriod")
    left = [_day(each, reading) for each in modes if each.mood == "EVN" and LEFT in each.templates]
    if left and left[0]:
        period = {**(period or {}), "end": left[0]}
    body = extended(
        {"extension": as_extensions(planned)},
        {
            "status": "finished" if left else "in-progress",
            "class": reading.coding(stayed.first("code")),
            "subject": reading.subject,
        },
        {"period": period, "serviceProvider": _provider(stayed.first("participant"), reading)},
    )
    reference = reading.put("Encounter", stayed, body)
    for each in modes:
        if each.mood == "EVN":
            told = observation.content(each, reading)
            reading.put("Observation", each, {**told, "encounter": reference})
    for each in statement.related(*REFERENCE):
        _belongs(each, reading, reference)
    yield reference


def _day(mode: Statement, reading: Reading) -> str | None:
    day: str | None = reading.when(mode.first("effectiveTime")).get("effectiveDateTime")
    return day


def _planned(mode: Statement, reading: Reading) -> str | None:
    """Return the words of what is only planned: it was not observed."""
    mode.skip("id", "code", "statusCode", "effectiveTime", "value")
    return reading.said(mode)


def _provider(participant: Element | None, reading: Reading) -> Tree | None:
    """Return the Reference of the structure that is responsible for a stay."""
    entity = descendant(participant, "participantRole/scopingEntity")
    ids = tuple(ii for each in children(entity, "id") if (ii := parse_ii(each)).is_known)
    name = text_of(child(entity, "desc"))
    return reading.refer(Party(organization=Organization(ids=ids, name=name))) if ids or name else None


def _belongs(statement: Statement, reading: Reading, stay: Tree) -> None:
    """Make the event that a stay refers to a part of it, once every entry is read."""
    statement.skip("code", "statusCode", "effectiveTime", "text")
    find = reading.referred(statement, None)

    def settle() -> None:
        target = (find() or {}).get("reference")
        for made in reading.made:
            if target == f"urn:uuid:{uuid_of(made.type, made.key)}" and made.type == "Encounter":
                made.resource["partOf"] = stay

    reading.later(settle)


def read_event(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of the Encounter of an event: its kind, its people, its place, its state."""
    inside = statement.related(type_code="COMP")
    kinds = list(_qualifiers(statement.first("code")))
    yield from (found := list(visit.read(statement, reading)))
    event = reading.made[-1].resource
    event["type"] = kinds
    for made in _inside(inside, reading, found[0]):
        codings = made.resource.get("valueCodeableConcept", {}).get("coding") or [{}]
        if made.resource.get("code", {}).get("coding", [{}])[0].get("code") == "106199-3":
            event["status"] = STATUSES.get(codings[0].get("code"), event["status"])


def _inside(statements: Iterable[Statement], reading: Reading, event: Tree) -> list[Made]:
    """Return what was read inside an event; each names the event."""
    before = len(reading.made)
    for statement in statements:
        reading.statement(statement)
    for made in reading.made[before:]:
        if made.type in ("Observation", "Task"):
            made.resource["encounter"] = event
    return reading.made[before:]


def _qualifiers(code: Element | None) -> Iterator[Tree]:
    """Yield what qualifies a code, its name aside."""
    for qualifier in children(code, "qualifier"):
        value = parse_code(child(qualifier, "value"))
        if value is not None and value.code:
            yield concept_from_code(value)


def read_transport(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of the Task of a transport; what was measured of it are Observations that focus on it."""
    code = statement.first("code")
    inside = statement.related(type_code="COMP")
    inputs = [
        {"type": {"text": _name(each)}, "valueCodeableConcept": concept_from_code(value)}
        for each in children(code, "qualifier")
        if (value := parse_code(child(each, "value"))) is not None and value.code
    ]
    kind = reading.coding(code)
    body = extended(
        {"extension": reading.link(statement)},
        {"status": "completed" if statement.mood == "EVN" else "requested", "intent": "order"},
        {"code": filled({"coding": [kind] if kind else None, "text": reading.said(statement)})},
        {
            "for": reading.subject,
            "executionPeriod": reading.when(statement.first("effectiveTime")).get("effectivePeriod"),
        },
        {"input": inputs, "note": reading.notes(statement)},
    )
    reference = reading.put("Task", statement, body)
    before = len(reading.made)
    for measured in inside:
        reading.statement(measured)
    for made in reading.made[before:]:
        made.resource["focus"] = [reference]
    yield reference


def _name(qualifier: Element) -> str:
    name = child(qualifier, "name")
    return attribute(name, "displayName") or attribute(name, "code") or "?"


ENTRIES = (
    Kind(template=STAY, read=read_stay),
    Kind(template=EVENT, parents=(f"{CCD}21",), read=read_event),
    Kind(template=TRANSPORT, read=read_transport),
)
