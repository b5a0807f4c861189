"""Organizers (vital signs, evaluations, results) <-> an Observation whose hasMember lists the others."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from usager_cda.building import add
from usager_cda.datatypes import Tree
from usager_cda.datatypes.nulls import nothing
from usager_cda.entries import blood_pressure
from usager_cda.entries.observation import code_of, is_observation
from usager_cda.fhir.resolver import Resolver
from usager_cda.structured import french, registry
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, component, effective_time, said, status
from usager_cda.tree import Node, attribute

CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
STATUSES = {"active": "preliminary", "aborted": "cancelled"}
VITAL_SIGNS = "vital-signs"
SIGNS = {"coding": [{"system": "http://loinc.org", "code": "85353-1", "display": "Signes vitaux"}]}
FROM_STATUSES = {"preliminary": "active", "cancelled": "aborted"}


def read(statement: Statement, reading: Reading, category: str) -> Iterable[Tree]:
    """Yield the Reference of the group; its members are added on their own."""
    code = attribute(statement.first("statusCode"), "code") or ""
    members = list(_read_members(statement.related(), reading, category))
    body = extended(
        {"status": STATUSES.get(code, "final")},
        {"category": [{"coding": [{"system": CATEGORIES, "code": category}]}]},
        {"code": reading.concept(statement.first("code")) or nothing("UNK"), "subject": reading.subject},
        reading.when(statement.first("effectiveTime")),
        reading.people(statement, performer="performer"),
        {"hasMember": members},
    )
    yield reading.put("Observation", statement, body)


def _read_members(inside: Sequence[Statement], reading: Reading, category: str) -> Iterator[Tree]:
    """Yield the References of the members; the two measures of a blood pressure are one, in the place of the first."""
    pair = blood_pressure.pair_in(inside) if category == VITAL_SIGNS else None
    for inner in inside:
        if pair is None or inner not in pair:
            yield from reading.statement(inner)
        elif inner is next(each for each in inside if each in pair):
            yield blood_pressure.read_pair(*pair, reading)


def build(resources: Sequence[Tree], writing: Writing, templates: tuple[str, ...], member: str) -> Node:
    """Return the organizer of one group."""
    resource = resources[0] if is_grouped(resources[0]) else _around(resources)
    made = writing.statement("organizer", templates)
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", resource.get("code")))
    add(made, status(FROM_STATUSES.get(resource.get("status", ""), "completed")), effective_time(resource))
    add(made, *writing.people(resource, "performer", "performer"), *writing.people(resource, "author"))
    members = _members(resources, writing)
    row = writing.row()
    if code_of(resource) != SIGNS["coding"][0]["code"]:
        row.tell("Observation", said(resource.get("code")))
    if not any(_moment(each) == _moment(resource) for each in members if each):
        row.tell("Date", _moment(resource))
    kind = registry.kinds()[member]
    for rank, found in enumerate(members):
        if found is None or kind.build is None or not (kind.takes(found) or is_observation(found)):
            text = "A member of the group is not in the Bundle, or is no plain Observation; it is left out"
            writing.report(text, f"Observation.hasMember[{rank}]")
            continue
        parts = blood_pressure.parts_of(found) if blood_pressure.is_panel(found) else [found]
        add(made, *(component(kind.build([part], writing)) for part in parts))
    return made


def _moment(resource: Tree) -> str | None:
    return french.moment(resource, "effective")


def _members(resources: Sequence[Tree], writing: Writing) -> list[Tree | None]:
    group = resources[0]
    if not is_grouped(group):
        return list(resources)
    return [writing.find(reference, group) for reference in group["hasMember"]]


def is_grouped(resource: Tree) -> bool:
    """Say whether an Observation lists others."""
    return bool(resource.get("hasMember"))


def _around(resources: Sequence[Tree]) -> Tree:
    """Return the group of vital signs that stand alone in a section: the CI-SIS has them in one only."""
    when = {name: held for name, held in resources[0].items() if name.startswith("effective")}
    return {"resourceType": "Observation", "id": str(resources[0].get("id")), "code": SIGNS, **when}


def alone(resource: Tree, _: Resolver) -> object:
    """Return what the vital signs that stand alone share: their moment."""
    moment = resource.get("effectiveDateTime") or str(resource.get("effectivePeriod"))
    return id(resource) if is_grouped(resource) else f"alone at {moment}"


def _is_sign(resource: Tree) -> bool:
    return is_group(resource, VITAL_SIGNS) or is_observation(resource, VITAL_SIGNS)


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
    replace(
        _kind("49", (f"{CCD}32", f"{CCD}35", f"{IHE}1.5.3.1.4.13.1"), "50", VITAL_SIGNS, (f"{IHE}1.5.3.1.4.13.1",)),
        takes=_is_sign,
        groups=alone,
    ),
    _kind("95", (f"{CCD}32", f"{IHE}1.5.3.1.1.12.3.7"), "25", "survey", (f"{IHE}1.5.3.1.1.12.3.7",)),
    _kind("208", (), "209", "laboratory"),
)
