"""Visits, past or to come <-> Encounter."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import value_of
from usager_cda.entries.encounter import class_of
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.places import PLACE, build_place, read_place
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.remarks import as_extensions, with_notes
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, effective_time, link_of, said, text_at
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import Node

VISIT = f"{FR_ENTRY}58"
PARENTS = (f"{CCD}25", f"{IHE}1.5.3.1.4.14")
MOOD = f"{EXTENSIONS}/cda-mood"
STATUSES = {"EVN": "finished"}


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of an Encounter."""
    statement.skip("statusCode")
    mood = statement.mood
    when = reading.when(statement.first("effectiveTime"), "")
    point = when.get("DateTime")
    place = read_place(statement.every("participant"), reading)
    body = extended(
        {"extension": [*reading.link(statement), {"url": MOOD, "valueCode": mood}]},
        {"extension": as_extensions(reading.notes(statement))},
        {"contained": [place] if place else None},
        {"status": STATUSES.get(mood, "planned")},
        {"class": class_of(statement, reading)},
        {"priority": reading.concept(statement.first("priorityCode")), "subject": reading.subject},
        reading.people(statement),
        {"period": {"start": point, "end": point} if point else when.get("Period")},
        {"location": [{"location": PLACE}] if place else None},
    )
    parts = [
        {part["url"]: part for part in each["extension"]} for each in body.get("extension", ()) if "extension" in each
    ]
    told = [part["party"]["valueReference"] for part in parts if part.get("role", {}).get("valueCode") == "performer"]
    body["participant"] = [{"individual": reference} for reference in told]
    yield reading.put("Encounter", statement, body)


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the encounter of one visit."""
    (resource,) = resources
    planned = "ARQ" if resource.get("status") == "planned" else "EVN"
    code = writing.coded("code", {"coding": [resource.get("class") or {}]})
    return statement_of(resource, writing, writing.row(), (*PARENTS, VISIT), code, planned)


def statement_of(
    resource: Tree, writing: Writing, row: Row, templates: Sequence[str], code: Node | None, mood: str
) -> Node:
    """Return the encounter of a visit or an event; mood is its mood unless it says another."""
    made = writing.statement("encounter", templates, mood=value_of(resource, MOOD, "valueCode") or mood)
    label = None if code is None else code.get("displayName") or code.get("code")
    period = resource.get("period") or {}
    row.tell("Date", french.span(period))
    reference = row.point("Rencontre", label, link_of(resource))
    add(made, *writing.ids_of(resource, most=1), code, text_at(reference))
    point = period.get("start") if period.get("start") == period.get("end") else None
    when = {"effectiveDateTime": point} if point else {"effectivePeriod": period}
    add(made, effective_time(when if period else {}, null="UNK"))
    row.tell("Priorité", said(resource.get("priority")))
    add(made, writing.coded("priorityCode", resource.get("priority")), *writing.people(resource, "performer"))
    add(made, *writing.people(resource, "author"), *writing.people(resource, "informant"))
    return add(made, *_location(resource, writing, row), *writing.comments(with_notes(resource), row))


def _location(resource: Tree, writing: Writing, row: Row) -> Iterator[Node]:
    for each in resource.get("location", ())[:1]:
        place = writing.find(each.get("location"), resource)
        if place is not None:
            yield from build_place(place, writing, row)


ENTRY = Kind(
    template=VISIT,
    parents=PARENTS,
    known_by=PARENTS[1:],
    read=read,
    takes=lambda resource: resource.get("resourceType") == "Encounter",
    build=build,
)
