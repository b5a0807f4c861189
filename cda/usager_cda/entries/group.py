"""Organizers (vital signs, evaluations, results) <-> an Observation whose hasMember lists the others."""

from collections.abc import Iterable, Sequence
from functools import partial

from usager_cda.datatypes import Tree
from usager_cda.datatypes.nulls import nothing
from usager_cda.entries.observation import is_observation
from usager_cda.structured import registry
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, component, effective_time, status
from usager_cda.tree import Element, add, attribute

CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
STATUSES = {"active": "preliminary", "aborted": "cancelled"}
FROM_STATUSES = {"preliminary": "active", "cancelled": "aborted"}


def read(statement: Statement, reading: Reading, category: str) -> Iterable[Tree]:
    """Yield the Reference of the group; its members are added on their own."""
    code = attribute(statement.first("statusCode"), "code") or ""
    members = [reference for inner in statement.related() for reference in reading.statement(inner)]
    body = extended(
        {"status": STATUSES.get(code, "final")},
        {"category": [{"coding": [{"system": CATEGORIES, "code": category}]}]},
        {"code": reading.concept(statement.first("code")) or nothing("UNK"), "subject": reading.subject},
        reading.when(statement.first("effectiveTime")),
        reading.people(statement, performer="performer"),
        {"hasMember": members},
    )
    yield reading.put("Observation", statement, body)


def build(resources: Sequence[Tree], writing: Writing, templates: tuple[str, ...], member: str) -> Element:
    """Return the organizer of one group."""
    (resource,) = resources
    made = writing.statement("organizer", templates)
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", resource.get("code")))
    add(made, status(FROM_STATUSES.get(resource.get("status", ""), "completed")), effective_time(resource))
    add(made, *writing.people(resource, "performer", "performer"), *writing.people(resource, "author"))
    kind = registry.kinds()[member]
    for rank, reference in enumerate(resource.get("hasMember", ())):
        found = writing.find(reference, resource)
        if found is None or kind.build is None or not (kind.takes(found) or is_observation(found)):
            text = "A member of the group is not in the Bundle, or is no plain Observation; it is left out"
            writing.report(text, f"Observation.hasMember[{rank}]")
            continue
        made.append(component(kind.build([found], writing)))
    return made


def is_group(resource: Tree, category: str) -> bool:
    """Say whether a resource groups Observations of a category."""
    listed = (coding.get("code") for each in resource.get("category", ()) for coding in each.get("coding", ()))
    return resource.get("resourceType") == "Observation" and bool(resource.get("hasMember")) and category in listed


def _kind(number: str, parents: tuple[str, ...], member: str, category: str, known_by: tuple[str, ...] = ()) -> Kind:
    template = f"{FR_ENTRY}{number}"
    return Kind(
        template=template,
        parents=parents,
        known_by=known_by,
        read=partial(read, category=category),
        takes=partial(is_group, category=category),
        build=partial(build, templates=(*parents, template), member=f"{FR_ENTRY}{member}"),
    )


ENTRIES = (
    _kind("49", (f"{CCD}32", f"{CCD}35", f"{IHE}1.5.3.1.4.13.1"), "50", "vital-signs", (f"{IHE}1.5.3.1.4.13.1",)),
    _kind("95", (f"{CCD}32", f"{IHE}1.5.3.1.1.12.3.7"), "25", "survey", (f"{IHE}1.5.3.1.1.12.3.7",)),
    _kind("208", (), "209", "laboratory"),
)
