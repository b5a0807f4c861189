"""Reports of laboratories and of rapid tests <-> DiagnosticReport; its results, and the Device they were made with."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.identifiers import II, build_ii, parse_ii
from usager_cda.datatypes.names import parse_name
from usager_cda.datatypes.nulls import nothing
from usager_cda.datatypes.places import parse_address
from usager_cda.datatypes.quantities import parse_range
from usager_cda.datatypes.telecoms import parse_telecom
from usager_cda.datatypes.values import build_value, type_of
from usager_cda.entries.observation import FROM_STATUSES as FROM_RESULT_STATUSES
from usager_cda.entries.observation import content, is_observation
from usager_cda.fhir.participations import participation_extension
from usager_cda.header import Participation, Party
from usager_cda.structured import french
from usager_cda.structured.kinds import FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.remarks import as_extensions, with_notes
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, effective_time, link_of, related, said, status
from usager_cda.tree import XSI_TYPE, Element, Node, attribute, child, children, descendant

REPORT, RESULT = f"{FR_ENTRY}21", f"{FR_ENTRY}80"
SAMPLING = (f"{FR_ENTRY}77", f"{IHE}1.3.1.2")
REPORT_PARENT, RESULT_PARENT = f"{IHE}1.3.1", f"{IHE}1.3.1.6"
LABORATORY = {"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "LAB", "display": "Laboratory"}
STATUSES = {"completed": "final", "active": "preliminary", "aborted": "cancelled"}
FROM_STATUSES = {"preliminary": "active", "partial": "active", "registered": "active", "cancelled": "aborted"}
VALIDATES = "AUTHEN"
# Leads to the earlier result that a laboratory prints beside the one of the day.
SEQUEL = "http://hl7.org/fhir/StructureDefinition/observation-sequelTo"
# Who issues a UDI <-> the root under which a CDA writes it.
ISSUERS = {
    "2.51.1.1": "http://hl7.org/fhir/NamingSystem/gs1-di",
    "1.0.15961.10.816": "http://hl7.org/fhir/NamingSystem/hibcc",
    "2.16.840.1.113883.6.18.1.34": "http://hl7.org/fhir/NamingSystem/iccbba-other-di",
}
ROOTS = {issuer: root for root, issuer in ISSUERS.items()}


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a DiagnosticReport."""
    device, validated = _read_device(statement, reading), read_validation(statement, reading)
    notes = reading.notes(statement)
    specimens = [reference for inner in statement.related(*SAMPLING) for reference in reading.statement(inner)]
    before = len(reading.made)
    results = [reference for inner in statement.related(type_code="COMP") for reference in reading.statement(inner)]
    for made in reading.made[before:]:
        if device is not None and made.type == "Observation":
            made.resource["device"] = device
    state = attribute(statement.first("statusCode"), "code") or ""
    body = extended(
        {"extension": [*reading.link(statement), *as_extensions(notes)]},
        validated,
        {"status": STATUSES.get(state, "unknown"), "category": [{"coding": [LABORATORY]}]},
        {"code": reading.concept(statement.first("code")) or nothing("UNK"), "subject": reading.subject},
        reading.when(statement.first("effectiveTime")),
        reading.people(statement, performer="performer"),
        {"specimen": specimens, "result": results},
    )
    yield reading.put("DiagnosticReport", statement, body)


def read_validation(statement: Statement, reading: Reading) -> Tree:
    """Return who validated results, and when: resultsInterpreter, in full as extensions."""
    made: Tree = {}
    for participant in statement.every("participant"):
        role = child(participant, "participantRole")
        if attribute(participant, "typeCode") != VALIDATES or role is None:
            continue
        party = Party(
            ids=tuple(ii for each in children(role, "id") if (ii := parse_ii(each)).is_known),
            addresses=tuple(map(parse_address, children(role, "addr"))),
            telecoms=tuple(map(parse_telecom, children(role, "telecom"))),
            name=parse_name(descendant(role, "playingEntity/name")),
        )
        reference = reading.refer(party)
        if reference is None:
            reading.reader.report(participant, "This participant names nobody; it is kept in the original document")
            continue
        moment = reading.reader.interval(child(participant, "time"))
        part = Participation("authenticator", party, time=(moment.high or moment.low) if moment else None)
        made.setdefault("extension", []).append(participation_extension(part, reading.refer))
        made.setdefault("resultsInterpreter", []).append(reference)
    return made


def _read_device(statement: Statement, reading: Reading) -> Tree | None:
    """Return the Reference of the device of a test, known by its UDI or by what the narrative says of it."""
    role = None
    for participant in statement.every("participant"):
        if role is None and attribute(participant, "typeCode") == "DEV":
            role = child(participant, "participantRole")
        elif attribute(participant, "typeCode") != VALIDATES:
            text = "This participant is kept in the original document only"
            reading.reader.report(participant, text, "information")
    if role is None:
        return None
    udis = [ii for each in children(role, "id") if (ii := parse_ii(each)).is_known and ii.root in ISSUERS]
    carriers = [{"issuer": ISSUERS[str(ii.root)], "carrierHRF": ii.extension} for ii in udis if ii.extension]
    kind = reading.concept(descendant(role, "playingDevice/code"))
    return reading.put("Device", Statement(role), filled({"udiCarrier": carriers, "type": kind}))


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the act of one report, its results inside."""
    (resource,) = resources
    if resource.get("specimen"):
        writing.report("The specimen is left out: it is read only", "DiagnosticReport.specimen")
    results = list(_results(resource, writing))
    row = writing.row()
    row.tell("Rapport", said(resource.get("code")))
    row.tell("Date", french.span(resource.get("effectivePeriod")))
    relations = [related("COMP", _built(result, writing)) for result in results]
    made = writing.statement("act", ())
    add(made, *writing.known_ids(resource), writing.coded("code", resource.get("code")))
    add(made, status(FROM_STATUSES.get(resource.get("status", ""), "completed")))
    add(made, effective_time(resource) if resource.get("effectivePeriod") else None)
    add(made, *writing.people(resource, "performer", "performer"), *writing.people(resource, "author"))
    add(made, *writing.people(resource, "informant"), *_participants(results, writing), *relations)
    return add(made, *writing.comments(with_notes(resource), writing.row(), inverted=None))


def _results(resource: Tree, writing: Writing) -> Iterator[Tree]:
    for rank, reference in enumerate(resource.get("result", ())):
        found = writing.find(reference, resource)
        if found is not None and is_observation(found):
            yield found
        else:
            text = "The result is not in the Bundle, or is no plain Observation; it is left out"
            writing.report(text, f"DiagnosticReport.result[{rank}]")


def _participants(results: Sequence[Tree], writing: Writing) -> Iterator[Node]:
    """Yield the device of the results as a participant."""
    devices = {id(found): found for each in results if (found := writing.find(each.get("device"), each))}
    for device in devices.values():
        row = writing.row()
        carriers = [each for each in device.get("udiCarrier", ()) if each.get("carrierHRF")]
        udis = [II(root, each["carrierHRF"]) for each in carriers if (root := ROOTS.get(each.get("issuer")))]
        for udi in udis:
            row.tell("Code UDI du dispositif", udi.extension)
        words = said(device.get("type"))
        reference = row.say("Dispositif", words) if words else None
        code = writing.coded("code", device["type"], reference) if words else None
        playing = add(node("playingDevice", classCode="DEV", determinerCode="INSTANCE"), code)
        role = add(node("participantRole", classCode="MANU"), *(build_ii("id", udi) for udi in udis))
        yield add(node("participant", typeCode="DEV"), add(role, playing if words else None))


def read_result(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of the Observation of one result."""
    ranges = [made for each in statement.every("referenceRange") if (made := _range(each, reading))]
    earlier = [
        {"url": SEQUEL, "valueReference": reading.put("Observation", each, content(each, reading, "laboratory"))}
        for each in statement.related(type_code="REFR")
    ]
    told = content(statement, reading, "laboratory")
    yield reading.put("Observation", statement, extended(told, {"extension": earlier, "referenceRange": ranges}))


def _range(element: Element, reading: Reading) -> Tree:
    """Return what a result is compared with: bounds, and words when there are."""
    found = child(element, "observationRange")
    value, kind = child(found, "value"), reading.coding(child(found, "interpretationCode"))
    if value is not None and type_of(value) != "IVL_PQ":
        reading.reader.report(value, "A reference of this type is kept in the original document only", "information")
        value = None
    try:
        bounds = parse_range(value) if value is not None else {}
    except ValueError as error:
        reading.reader.report(element, f"{error}; the reference is left out")
        bounds = {}
    return filled(
        {**bounds, "type": {"coding": [kind]} if kind else None, "text": reading.words_at(child(found, "text"))}
    )


def _built(resource: Tree, writing: Writing) -> Node:
    """Return the observation of one result."""
    row = writing.row()
    made = writing.statement("observation", (RESULT_PARENT, RESULT))
    code = resource.get("code") or {}
    add(
        made,
        *writing.known_ids(resource),
        writing.coded("code", code, row.say("Examen", said(code), link_of(resource))),
    )
    add(made, status(FROM_RESULT_STATUSES.get(resource.get("status", ""), "completed")))
    add(made, effective_time(resource, null="UNK"), _value(resource, writing, row))
    add(made, *(writing.coded("interpretationCode", each) for each in resource.get("interpretation", ())))
    row.tell("Date", french.day(resource.get("effectiveDateTime")))
    method = resource.get("method")
    add(made, writing.coded("methodCode", method, row.say("Méthode", said(method))) if method else None)
    add(made, *writing.people(resource, "performer", "performer"), *writing.people(resource, "author"))
    return add(made, *writing.people(resource, "informant"), *writing.comments(resource, row, inverted=None))


def _value(resource: Tree, writing: Writing, row: Row) -> Node | None:
    concept = resource.get("valueCodeableConcept")
    if concept is None:
        row.tell("Résultat", french.value(resource))
        return build_value(resource)
    made = writing.coded("value", concept, row.say("Résultat", said(concept)))
    if made is not None:
        made.set(XSI_TYPE, "CD")
    return made


ENTRIES = (
    Kind(
        template=REPORT,
        parents=(REPORT_PARENT,),
        known_by=(REPORT_PARENT,),
        read=read,
        takes=lambda resource: resource.get("resourceType") == "DiagnosticReport",
        build=build,
        names_entry=True,
    ),
    Kind(template=RESULT, parents=(RESULT_PARENT,), known_by=(RESULT_PARENT,), read=read_result),
)
