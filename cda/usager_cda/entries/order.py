"""Examinations and follow-ups asked for <-> ServiceRequest; what is to be reached <-> Goal."""

from collections.abc import Iterable, Sequence

from usager_cda.building import add
from usager_cda.datatypes import Tree
from usager_cda.datatypes.values import build_value
from usager_cda.entries import goal
from usager_cda.entries.procedure import is_observation_request
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.reasons import build_reasons, read_reasons
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, effective_time, link_of, said, status, text_at
from usager_cda.tree import Node, attribute

ORDER = f"{FR_ENTRY}27"
PARENTS = (f"{CCD}25", f"{IHE}1.5.3.1.1.20.3.1")
EVALUATION = {"system": "http://snomed.info/sct", "code": "386053000", "display": "procédure d'évaluation"}
INTENTS = {"INT": "plan", "PRP": "proposal", "RQO": "order", "PRMS": "directive"}
# The CI-SIS knows no other: what is ordered is intended.
MOODS = {"proposal": "PRP"}
STATUSES = {"completed": "completed", "aborted": "revoked", "cancelled": "revoked", "suspended": "on-hold"}
FROM_STATUSES = {"completed": "completed", "revoked": "aborted", "on-hold": "suspended"}


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a ServiceRequest, or of a Goal."""
    if statement.mood == goal.GOAL:
        yield goal.read(statement, reading)
        return
    state = attribute(statement.first("statusCode"), "code") or "active"
    body = extended(
        {"extension": reading.link(statement), "status": STATUSES.get(state, "active")},
        {"intent": INTENTS.get(statement.mood, "plan"), "category": [{"coding": [EVALUATION]}]},
        {"code": reading.concept(statement.first("code")), "orderDetail": _details(statement, reading)},
        {"subject": reading.subject},
        reading.when(statement.first("effectiveTime"), "occurrence"),
        reading.people(statement, author="requester"),
        read_reasons(statement, reading),
        {"note": reading.notes(statement)},
    )
    yield reading.put("ServiceRequest", statement, body)


def _details(statement: Statement, reading: Reading) -> list[Tree]:
    """Return what is asked for, in words or as a code: the code of an order may only say that it is one."""
    told = reading.value(statement)
    if "valueString" in told:
        return [{"text": told["valueString"]}]
    concept = told.get("valueCodeableConcept")
    if told and concept is None:
        text = "A value of this type is kept in the original document only"
        reading.reader.report(statement.element, text, "information")
    return [concept] if concept else []


def takes(resource: Tree) -> bool:
    """Say whether a resource asks for an examination or a follow-up, or is a goal."""
    if resource.get("resourceType") == "Goal":
        return True
    return resource.get("resourceType") == "ServiceRequest" and is_observation_request(resource)


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the observation of one request or goal."""
    (resource,) = resources
    if resource["resourceType"] == "Goal":
        return goal.build(resource, writing, (*PARENTS, ORDER))
    row = writing.row()
    code = resource.get("code")
    row.tell("Date", french.day(resource.get("occurrenceDateTime")) or french.span(resource.get("occurrencePeriod")))
    mood = MOODS.get(resource.get("intent", ""), "INT")
    made = writing.statement("observation", (*PARENTS, ORDER), mood=mood)
    reference = row.point("Examen ou suivi", said(code), link_of(resource))
    words = row.say("Examen ou suivi", said(code)) if (code or {}).get("text") else None
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", code, words), text_at(reference))
    add(made, status(FROM_STATUSES.get(resource.get("status", ""), "active")))
    add(made, effective_time(resource, "occurrence", null="UNK"), _value(resource, row))
    add(made, *writing.people(resource, "performer"))
    add(made, *writing.people(resource, "author", "requester"), *writing.people(resource, "informant"))
    return add(made, *build_reasons(resource, writing, row), *writing.comments(resource, row))


def _value(resource: Tree, row: Row) -> Node | None:
    """Return what is asked for: the first detail, its words alone or its code."""
    detail = next(iter(resource.get("orderDetail", ())), None)
    if detail is None:
        return None
    row.tell("Demande", said(detail))
    return build_value(
        {"valueCodeableConcept": detail} if detail.get("coding") else {"valueString": detail.get("text")}
    )


ENTRY = Kind(template=ORDER, parents=PARENTS, known_by=PARENTS[1:], read=read, takes=takes, build=build)
