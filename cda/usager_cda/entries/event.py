"""Events of the export of a DUI <-> Encounter: its kind, people, place and state; what was observed is beside."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import build_code, code_from_concept, concept_from_code, parse_code
from usager_cda.datatypes.extensions import put_extension, value_of
from usager_cda.entries import observation, transport, visit
from usager_cda.entries.encounter import AGENDA, class_code, encounter_key, encounter_of
from usager_cda.structured.kinds import CCD, FR_ENTRY, Kind
from usager_cda.structured.reading import Made, Reading
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, related, said
from usager_cda.systems import EXTENSIONS, url_of
from usager_cda.tree import Element, Node, child, children

EVENT = (f"{CCD}21", f"{FR_ENTRY}215")
STATUS = (*observation.SIMPLE, f"{FR_ENTRY}217")
STATUS_CODE = "106199-3"
STATUSES = {"PLANIFIE": "planned", "VALIDE": "planned", "REALISE": "finished", "ANNULE": "cancelled"}
STATES = {"planned": ("PLANIFIE", "Planifié"), "finished": ("REALISE", "Réalisé"), "cancelled": ("ANNULE", "Annulé")}
STATE_SYSTEM = "1.2.250.1.213.3.3.250"
# The name of a qualifier, beside its value.
NAME = f"{EXTENSIONS}/cda-qualifier-name"


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the References of the Encounter of an event, of what was observed of it and of its transports."""
    inside = statement.related(type_code="COMP")
    kinds = list(_qualifiers(statement.first("code")))
    (reference,) = visit.read(statement, reading)
    yield reference
    event = reading.made[-1].resource
    event["type"] = kinds
    before = len(reading.made)
    yield from (told for each in inside for told in reading.statement(each))
    for made in reading.made[before:]:
        if made.type in ("Observation", "Task"):
            made.resource["encounter"] = reference
        state = _state(made)
        event["status"] = STATUSES.get(state, event["status"])


def _state(made: Made) -> str:
    """Return what a status says; nothing for anything else."""
    codings = made.resource.get("valueCodeableConcept", {}).get("coding") or [{}]
    return str(codings[0].get("code")) if observation.code_of(made.resource) == STATUS_CODE else ""


def _qualifiers(code: Element | None) -> Iterator[Tree]:
    """Yield what qualifies the code of an event, each with what it is called."""
    for qualifier in children(code, "qualifier"):
        value, name = parse_code(child(qualifier, "value")), parse_code(child(qualifier, "name"))
        if value is not None and value.code:
            made = concept_from_code(value)
            put_extension(made, NAME, valueCodeableConcept=concept_from_code(name) if name and name.code else None)
            yield made


def takes(resource: Tree) -> bool:
    """Say whether a resource is an event, or was observed of one."""
    is_inside = resource.get("resourceType") in ("Observation", "Task") and "encounter" in resource
    return resource.get("resourceType") == "Encounter" or is_inside


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the encounter of one event."""
    event = encounter_of(resources, writing)
    kind = class_code(event, AGENDA, writing)
    row, code = writing.row(), build_code("code", kind)
    for each in event.get("type", ()):
        row.tell("Nature", said(each))
        name = build_code("name", code_from_concept(value_of(each, NAME, "valueCodeableConcept")))
        if code is not None:
            code.append(add(node("qualifier"), name, build_code("value", code_from_concept(each))))
    made = visit.statement_of(event, writing, row, EVENT, code, "EVN")
    tasks = [each for each in resources if each.get("resourceType") == "Task"]
    measures = {id(each): task for each in resources for task in tasks if transport.is_measure(each, task, writing)}
    for each in resources:
        if each.get("resourceType") == "Task":
            measured = [other for other in resources if measures.get(id(other)) is each]
            add(made, _inside(transport.build(each, measured, writing)))
        elif each.get("resourceType") == "Observation" and id(each) not in measures:
            templates = STATUS if observation.code_of(each) == STATUS_CODE else observation.SIMPLE
            add(made, _inside(observation.build([each], writing, templates)))
    if event.get("status") in STATES and not any(observation.code_of(each) == STATUS_CODE for each in resources):
        add(made, _inside(observation.build([_told_state(event, writing)], writing, STATUS)))
    return made


def _inside(statement: Node) -> Node:
    return related("COMP", statement, inverted=False)


def _told_state(event: Tree, writing: Writing) -> Tree:
    """Return the Observation of the state of an event that only its status tells."""
    code, label = STATES[event["status"]]
    value = {"coding": [{"system": url_of(STATE_SYSTEM), "code": code, "display": label}]}
    kind = {"coding": [{"system": "http://loinc.org", "code": STATUS_CODE, "display": "Statut"}]}
    key = writing.new_id("state", event).root
    return {"resourceType": "Observation", "id": key, "code": kind, "valueCodeableConcept": value}


ENTRY = Kind(template=EVENT[-1], parents=EVENT[:-1], read=read, takes=takes, build=build, groups=encounter_key)
