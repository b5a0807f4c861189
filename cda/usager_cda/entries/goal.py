"""Goals of a care plan (an order whose mood is GOL) <-> Goal."""

from usager_cda.building import add
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import extension_of
from usager_cda.datatypes.nulls import nothing
from usager_cda.datatypes.values import build_value
from usager_cda.structured import french
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, effective_time, link_of, said, status, text_at
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import Node, attribute

GOAL = "GOL"
STATUSES = {"completed": "completed", "aborted": "cancelled", "cancelled": "cancelled", "suspended": "on-hold"}
FROM_STATUSES = {"completed": "completed", "cancelled": "aborted", "rejected": "aborted", "on-hold": "suspended"}
# The moment as the document has it: R4 has the days alone.
MOMENT = f"{EXTENSIONS}/cda-effective-time"
DAY = len("2026-03-12")
# What R4 has as a measure to reach; a value of another type is kept as its words.
DETAILS = ("Quantity", "Range", "CodeableConcept", "String", "Boolean", "Integer", "Ratio")


def read(statement: Statement, reading: Reading) -> Tree:
    """Return the Reference of a Goal."""
    state = attribute(statement.first("statusCode"), "code") or "active"
    code = reading.concept(statement.first("code")) or nothing("UNK")
    moment = reading.when(statement.first("effectiveTime"), "value")
    target = _target(code, reading.value(statement), moment, statement, reading)
    body = extended(
        {"extension": [*reading.link(statement), *([{"url": MOMENT, **moment}] if moment else [])]},
        {"lifecycleStatus": STATUSES.get(state, "active"), "description": code, "subject": reading.subject},
        {"startDate": _day(moment.get("valuePeriod", {}).get("start"))},
        reading.people(statement, author="expressedBy"),
        {"target": [target] if target else None, "note": reading.notes(statement)},
    )
    return reading.put("Goal", statement, body)


def _day(moment: str | None) -> str | None:
    return moment[:DAY] if moment else None


def _target(code: Tree, told: Tree, moment: Tree, statement: Statement, reading: Reading) -> Tree:
    """Return what is to be reached, and when."""
    due = _day(moment.get("valueDateTime") or moment.get("valuePeriod", {}).get("end"))
    made: Tree = {"dueDate": due} if due else {}
    for name, held in told.items():
        if name.removeprefix("value") in DETAILS:
            made |= {"measure": code, name.replace("value", "detail"): held}
        elif name != "dataAbsentReason":
            text = "A value of this type is kept in the original document only"
            reading.reader.report(statement.element, text, "information")
    return made


def build(resource: Tree, writing: Writing, templates: tuple[str, ...]) -> Node:
    """Return the observation of one Goal."""
    row = writing.row()
    code = resource.get("description") or {}
    target: Tree = next(iter(resource.get("target", ())), {})
    moment = extension_of(resource, MOMENT) or _moment(resource, target)
    row.tell("Échéance", french.day(moment.get("valueDateTime")) or french.span(moment.get("valuePeriod")))
    told = {name.replace("detail", "value"): held for name, held in target.items() if name.startswith("detail")}
    row.tell("À atteindre", french.value(told))
    made = writing.statement("observation", templates, mood=GOAL)
    words = row.say("Objectif", said(code)) if code.get("text") else None
    reference = row.point("Objectif", said(code), link_of(resource))
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", code, words), text_at(reference))
    add(made, status(FROM_STATUSES.get(resource.get("lifecycleStatus", ""), "active")))
    add(made, effective_time(moment, "value", null="UNK"), build_value(told))
    add(made, *writing.people(resource, "performer"), *writing.people(resource, "author", "expressedBy"))
    return add(made, *writing.people(resource, "informant"), *writing.comments(resource, row))


def _moment(resource: Tree, target: Tree) -> Tree:
    start, due = resource.get("startDate"), target.get("dueDate")
    if start:
        return {"valuePeriod": {"start": start, **({"end": due} if due else {})}}
    return {"valueDateTime": due} if due else {}
