"""Stays of the export of a DUI <-> Encounter; how the person came in and left are Observations of it."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import build_code
from usager_cda.datatypes.extensions import filled, value_of
from usager_cda.datatypes.identifiers import build_ii, parse_ii
from usager_cda.datatypes.times import ts_node
from usager_cda.datatypes.values import absent_value, build_value
from usager_cda.entries import observation
from usager_cda.entries.encounter import AGENDA, class_code, class_of, encounter_key, encounter_of
from usager_cda.fhir.parties import party_of
from usager_cda.header import Organization, Party
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, Kind, cisis
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.reasons import TEMPLATES as REFERENCE
from usager_cda.structured.remarks import as_extensions, with_notes
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, component, status, text_at
from usager_cda.tree import Element, Node, child, children, descendant, text_of

STAY, ADMISSION = f"{FR_ENTRY}219", (f"{CCD}21", f"{FR_ENTRY}218")
ENTERED, LEFT = f"{FR_ENTRY}48.6", f"{FR_ENTRY}48.7"
MODES = {ENTERED: cisis("ORG-070", "Modalité d'entrée"), LEFT: cisis("ORG-074", "Modalité de sortie")}
STAY_CODE = cisis("ORG-211", "Séjour")
IN_STRUCTURE = cisis("GEN-351", "Établissement ou service social ou médico-social (ESSMS)")
DAY = len("2026-03-12")
# R5 has these elements: the standard names of R5 elements in R4.
PLANNED = {
    ENTERED: "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedStartDate",
    LEFT: "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate",
}


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the References of the Encounter of a stay and of how it began and ended."""
    statement.skip("id", "code", "statusCode", "effectiveTime")
    stayed = statement.one(ADMISSION[-1])
    if stayed is None:
        reading.reader.report(statement.element, "This stay holds no encounter; it is kept in the original document")
        return
    modes = statement.related(*MODES)
    happened = [each for each in modes if not _is_planned(each, reading)]
    planned = [made for each in modes if each not in happened for made in _planned(each, reading)]
    point = reading.when(stayed.first("effectiveTime"))
    period = {"start": point["effectiveDateTime"]} if "effectiveDateTime" in point else point.get("effectivePeriod")
    left = next((_day(each, reading) for each in happened if LEFT in each.templates), None)
    if left:
        period = {**(period or {}), "end": left}
    is_over = "end" in (period or {}) or any(LEFT in each.templates for each in happened)
    body = extended(
        {"extension": planned, "status": "finished" if is_over else "in-progress"},
        {"class": class_of(stayed, reading), "subject": reading.subject},
        {"period": period, "serviceProvider": _provider(stayed.first("participant"), reading)},
    )
    reference = reading.put("Encounter", stayed, body)
    yield reference
    for each in happened:
        yield reading.put("Observation", each, {**observation.content(each, reading), "encounter": reference})
    for each in statement.related(*REFERENCE):
        _belongs(each, reading, reference)


def _day(mode: Statement, reading: Reading) -> str | None:
    day: str | None = reading.when(mode.first("effectiveTime")).get("effectiveDateTime")
    return day


def _is_planned(mode: Statement, reading: Reading) -> bool:
    """Say whether a stay is to begin or end so: it is after the document, or said to be intended."""
    return mode.mood != "EVN" or _is_after(_day(mode, reading), reading.time)


def _is_after(day: str | None, time: str | None) -> bool:
    return bool(day and time) and (day or "")[:DAY] > (time or "")[:DAY]


def _planned(mode: Statement, reading: Reading) -> list[Tree]:
    """Return what is only planned as extensions: its day, and its words as a note of that day."""
    mode.skip("id", "code", "statusCode", "value")
    day, words = _day(mode, reading), reading.said(mode)
    dated = [{"url": PLANNED[LEFT if LEFT in mode.templates else ENTERED], "valueDateTime": day}] if day else []
    return [*dated, *as_extensions([filled({"time": day, "text": words})] if words else [])]


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
            if target == made.reference and made.type == "Encounter":
                made.resource["partOf"] = stay

    reading.later(settle)


def takes(resource: Tree) -> bool:
    """Say whether a resource is a stay, or how one began or ended."""
    is_mode = resource.get("resourceType") == "Observation" and "encounter" in resource
    return resource.get("resourceType") == "Encounter" or (is_mode and _mode(resource) is not None)


def _mode(resource: Tree) -> str | None:
    """Return the template of how a stay began or ended."""
    told = observation.code_of(resource)
    return next((template for template, code in MODES.items() if code.code == told), None)


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the organizer of one stay."""
    stay = encounter_of(resources, writing)
    modes = [(template, each) for each in resources if (template := _mode(each))]
    has_left = any(template == LEFT for template, _ in modes)
    row = writing.row()
    made = writing.statement("organizer", (STAY,))
    add(made, build_ii("id", writing.new_id("stay", stay)), build_code("code", STAY_CODE))
    add(made, status("completed"), node("effectiveTime", nullFlavor="NA"))
    add(made, component(_admission(stay, writing, row, has_left=has_left)))
    for template, mode in modes:
        templates = (*observation.SIMPLE, template)
        made.append(component(observation.build([_with_value(mode)], writing, templates, "CE")))
    add(made, *(component(each) for each in _plans(stay, writing, row)))
    return add(made, *(component(each) for each in _events(stay, writing)))


def _with_value(mode: Tree) -> Tree:
    """Return how a stay began or ended with the reason why it has no value: the CI-SIS asks for one."""
    has_value = "dataAbsentReason" in mode or any(name.startswith("value") for name in mode)
    return mode if has_value else {**mode, **absent_value("NA", "CE")}


def _admission(stay: Tree, writing: Writing, row: Row, *, has_left: bool) -> Node:
    """Return the encounter of a stay: since when, where."""
    period = stay.get("period") or {}
    kind = class_code(stay, IN_STRUCTURE, writing)
    row.tell("Séjour", kind.display)
    row.tell("Période", french.span(period))
    made = writing.statement("encounter", ADMISSION)
    add(made, *writing.ids_of(stay, most=1), build_code("code", kind))
    if has_left or "end" not in period:
        when = ts_node("effectiveTime", period.get("start"), "UNK")
    else:
        when = add(node("effectiveTime"), ts_node("low", period.get("start"), "UNK"), ts_node("high", period["end"]))
    return add(made, when, _responsible(stay, writing, row))


def _responsible(stay: Tree, writing: Writing, row: Row) -> Node | None:
    party = party_of(writing.resolver, stay.get("serviceProvider"), stay)
    structure = party.organization if party else None
    if structure is None:
        return None
    row.tell("Structure responsable", structure.name)
    entity = add(
        node("scopingEntity", classCode="ENT", determinerCode="INSTANCE"),
        *(build_ii("id", ii) for ii in structure.ids[:1]),
        node("desc", structure.name) if structure.name else None,
    )
    return add(node("participant", typeCode="RESP"), add(node("participantRole", classCode="ROL"), entity))


def _plans(stay: Tree, writing: Writing, row: Row) -> Iterator[Node]:
    """Yield how a stay is planned to begin or to end; other notes of it have no entry to stand in."""
    notes = with_notes(stay).get("note", [])
    for template, url in PLANNED.items():
        day = value_of(stay, url, "valueDateTime")
        if day is None:
            continue
        of_day = next((note for note in notes if note.get("time") == day), None)
        notes = [note for note in notes if note is not of_day]
        words = (of_day or {}).get("text") or f"{MODES[template].display} prévue le {french.day(day)}"
        if _is_after(day, writing.time):
            yield _plan(template, day, words, stay, writing, row)
            continue
        # The rules of the CI-SIS refuse an intention: only its date tells it from what has happened.
        row.tell("Prévu", words)
        text = "A plan that is not after the date of the document stands in the narrative only"
        writing.report(text, f"Encounter.extension({url})")
    for note in notes:
        row.tell("Commentaire", note.get("text"))
        writing.report("A comment on a stay stands in the narrative only", "Encounter.extension(note)", "information")


def _plan(template: str, day: str, words: str, stay: Tree, writing: Writing, row: Row) -> Node:
    row.tell("Date prévue", french.day(day))
    made = writing.statement("observation", (*observation.SIMPLE, template))
    add(made, build_ii("id", writing.new_id(template, stay)), build_code("code", MODES[template]))
    add(
        made,
        text_at(row.say(MODES[template].display or "Prévu", words)),
        status("completed"),
        ts_node("effectiveTime", day),
    )
    return add(made, build_value(absent_value("NA", "CE")))


def _events(stay: Tree, writing: Writing) -> Iterator[Node]:
    """Yield the references to the events of a stay."""
    for event in writing.resolver.every("Encounter"):
        if writing.find(event.get("partOf"), event) is stay:
            made = writing.statement("act", REFERENCE)
            yield add(made, *writing.ids_of(event, most=1), build_code("code", AGENDA))


ENTRY = Kind(template=STAY, read=read, takes=takes, build=build, groups=encounter_key)
