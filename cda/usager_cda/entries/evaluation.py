"""Evaluations (AGGIR, situation SSIAD ...) <-> Observation: items, criteria and status are its members."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add
from usager_cda.datatypes import Tree
from usager_cda.datatypes.identifiers import build_ii, ii_from_identifier
from usager_cda.entries import observation
from usager_cda.entries.attachment import ATTACHED
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.reasons import TEMPLATES as REFERENCE
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, related
from usager_cda.tree import Node

SURVEY = "survey"
SIMPLE = f"{IHE}1.5.3.1.4.13"
EVALUATION = (f"{CCD}31", f"{IHE}1.5.3.1.1.12.3.6", SIMPLE, f"{FR_ENTRY}25")
ITEM = (f"{CCD}31", SIMPLE, f"{FR_ENTRY}214")
CRITERION = (f"{FR_ENTRY}220",)
STATUS = (SIMPLE, f"{FR_ENTRY}48", f"{FR_ENTRY}217")
STATUS_CODE = "106199-3"
INSIDE = {EVALUATION: ITEM, ITEM: CRITERION}


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of an Observation; what is inside are its members, the files beside it what it is from."""
    members = [reference for inner in statement.related(type_code="COMP") for reference in reading.statement(inner)]
    sources: list[Tree] = []
    for each in statement.related(*REFERENCE, type_code="REFR"):
        _refer(each, reading, sources)
    told = observation.content(statement, reading, SURVEY)
    yield reading.put("Observation", statement, extended(told, {"hasMember": members, "derivedFrom": sources}))


def _refer(reference: Statement, reading: Reading, sources: list[Tree]) -> None:
    """Name the file that an evaluation comes from, once all files are read."""
    reference.skip("statusCode", "effectiveTime", "text")
    words = (reading.concept(reference.first("code")) or {}).get("text")
    find = reading.referred(reference, None)

    def settle() -> None:
        target = find()
        if target is not None:
            sources.append({**target, "display": words} if words else target)
        else:
            reading.reader.report(reference.element, "This reference is kept in the original document only")

    reading.later(settle)


def takes(resource: Tree) -> bool:
    """Say whether a resource is an evaluation, with or without items."""
    return observation.is_observation({**resource, "hasMember": None}, SURVEY)


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the observation of one evaluation."""
    (resource,) = resources
    return _built(resource, writing, EVALUATION)


def _built(resource: Tree, writing: Writing, templates: tuple[str, ...]) -> Node:
    made = observation.build([resource], writing, templates)
    add(made, *_members(resource, writing, INSIDE.get(templates)), *_sources(resource, writing))
    return made


def _members(resource: Tree, writing: Writing, templates: tuple[str, ...] | None) -> Iterator[Node]:
    for rank, reference in enumerate(resource.get("hasMember", ())):
        found = writing.find(reference, resource)
        of_kind = STATUS if observation.code_of(found) == STATUS_CODE else templates
        if found is None or of_kind is None:
            text = "The member is not in the Bundle, or is deeper than the CI-SIS goes; it is left out"
            writing.report(text, f"Observation.hasMember[{rank}]")
            continue
        yield related("COMP", _built(found, writing, of_kind), inverted=False)


def _sources(resource: Tree, writing: Writing) -> Iterator[Node]:
    for rank, reference in enumerate(resource.get("derivedFrom", ())):
        found = writing.find(reference, resource)
        known = (ii_from_identifier(each) for each in (found or {}).get("identifier", ()))
        ii = next((each for each in known if each), None)
        if found is None or ii is None:
            writing.report("The source is not in the Bundle; it is left out", f"Observation.derivedFrom[{rank}]")
            continue
        made = writing.statement("act", REFERENCE)
        words = reference.get("display")
        told = writing.row().say("Pièce jointe", words) if words else None
        yield related("REFR", add(made, build_ii("id", ii), writing.coded("code", ATTACHED, told)), inverted=False)


ENTRIES = (
    Kind(
        template=EVALUATION[-1],
        parents=EVALUATION[:-1],
        known_by=EVALUATION[1:2],
        read=read,
        takes=takes,
        build=build,
    ),
    Kind(template=ITEM[-1], parents=ITEM[:-1], read=read),
    Kind(template=CRITERION[-1], read=read),
    Kind(template=STATUS[-1], parents=STATUS[:-1], read=observation.read),
)
