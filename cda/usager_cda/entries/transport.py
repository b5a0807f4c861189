"""Transports of the export of a DUI <-> Task of their event; what was measured of them are Observations beside."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import build_code, code_from_concept, concept_from_code, parse_code
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.identifiers import build_ii, identifier_from_ii, ii_from_identifier, parse_ii
from usager_cda.entries import observation
from usager_cda.structured import french
from usager_cda.structured.kinds import FR_ENTRY, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, effective_time, link_of, related, said, status, text_at
from usager_cda.systems import V3
from usager_cda.tree import Element, Node, attribute, child, children

TRANSPORT = f"{FR_ENTRY}216"
DRIVEN = {"coding": [{"system": f"{V3}ParticipationType", "code": "RCV"}], "text": "Personne transportée"}


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the References of the Task of a transport and of what was measured of it, which focuses on it."""
    statement.skip("statusCode")
    code = statement.first("code")
    inside = statement.related(type_code="COMP")
    kind = reading.coding(code)
    body = extended(
        {"extension": reading.link(statement)},
        {"status": "completed" if statement.mood == "EVN" else "requested", "intent": "order"},
        {"code": filled({"coding": [kind] if kind else None, "text": reading.said(statement)})},
        {"for": reading.subject},
        {"executionPeriod": reading.when(statement.first("effectiveTime")).get("effectivePeriod")},
        {"input": [*_qualifiers(code), *_driven(statement, reading)], "note": reading.notes(statement)},
    )
    reference = reading.put("Task", statement, body)
    yield reference
    before = len(reading.made)
    yield from (told for each in inside for told in reading.statement(each))
    for made in reading.made[before:]:
        made.resource["focus"] = [reference]


def _qualifiers(code: Element | None) -> Iterator[Tree]:
    for qualifier in children(code, "qualifier"):
        value, name = parse_code(child(qualifier, "value")), parse_code(child(qualifier, "name"))
        if value is not None and value.code:
            label = (name.display or name.code if name else None) or "?"
            kind = {**(concept_from_code(name) if name and name.code else {}), "text": label}
            yield {"type": kind, "valueCodeableConcept": concept_from_code(value)}


def _driven(statement: Statement, reading: Reading) -> Iterator[Tree]:
    """Yield who was driven, by number: the document says no more of them there."""
    for participant in statement.every("participant"):
        role = child(participant, "participantRole")
        ids = [ii for each in children(role, "id") if (ii := parse_ii(each)).is_known]
        if attribute(participant, "typeCode") != "RCV" or not ids:
            reading.reader.report(participant, "This participant is kept in the original document only", "information")
            continue
        yield from ({"type": DRIVEN, "valueIdentifier": identifier_from_ii(ii)} for ii in ids)


def is_measure(resource: Tree, task: Tree, writing: Writing) -> bool:
    """Say whether a resource is what was measured of a transport."""
    return any(writing.find(focus, resource) is task for focus in resource.get("focus", ()))


def build(task: Tree, measures: Sequence[Tree], writing: Writing) -> Node:
    """Return the act of one transport with its measures."""
    row = writing.row()
    row.tell("Date", french.span(task.get("executionPeriod")))
    kind = task.get("code") or {}
    made = writing.statement("act", (TRANSPORT,), mood="EVN" if task.get("status") == "completed" else "INT")
    code = build_code("code", code_from_concept({name: held for name, held in kind.items() if name != "text"}))
    reference = row.point("Transport", said(kind), link_of(task))
    for each in task.get("input", ()):
        if code is not None and "valueCodeableConcept" in each:
            row.tell((each.get("type") or {}).get("text") or "Précision", said(each["valueCodeableConcept"]))
            code.append(_qualifier(each))
    add(made, *writing.ids_of(task, most=1), code, text_at(reference), status("completed"))
    add(made, effective_time({"effectivePeriod": task.get("executionPeriod")}, null="NA"))
    for each in task.get("input", ()):
        driven = ii_from_identifier(each.get("valueIdentifier") or {})
        if driven is not None:
            row.tell("Personne transportée", driven.extension)
            role = add(node("participantRole", classCode="ROL"), build_ii("id", driven))
            made.append(add(node("participant", typeCode="RCV"), role))
    for each in measures:
        measured = observation.build([each], writing, observation.SIMPLE)
        made.append(related("COMP", measured, inverted=False))
    return add(made, *writing.comments(task, row))


def _qualifier(told: Tree) -> Node:
    kind = told.get("type") or {}
    named = code_from_concept({"coding": kind.get("coding", [])}) if kind.get("coding") else None
    value = build_code("value", code_from_concept(told["valueCodeableConcept"]))
    return add(node("qualifier"), build_code("name", named), value)


ENTRY = Kind(template=TRANSPORT, read=read)
