"""Problems in their concern act <-> Condition; the concern itself is kept in an extension."""

from collections.abc import Iterable, Iterator

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code, code_from_concept
from usager_cda.structured import french
from usager_cda.structured.concern import (
    VERIFICATION_CODES,
    concern_ids,
    concern_kind,
    first_code,
    labelled,
    own_status,
    status_said,
    verification_said,
)
from usager_cda.structured.details import CERTAINTY, HEALTH, SEVERITY, STATUS
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, from_to, link_of, said, status, text_at
from usager_cda.tree import XSI_TYPE, Node

CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
CLINICAL_CODES = {
    "active": "Actif",
    "recurrence": "Récurrent",
    "relapse": "Rechute",
    "inactive": "Inactif",
    "remission": "Rémission",
    "resolved": "Résolu",
}
OPEN = ("active", "recurrence", "relapse")
DIAGNOSIS = {"system": "http://snomed.info/sct", "code": "282291009", "display": "interprétation diagnostique"}
PROBLEM = f"{FR_ENTRY}37"
PROBLEM_TEMPLATES = (f"{CCD}28", f"{IHE}1.5.3.1.4.5", PROBLEM)


def read(statement: Statement, reading: Reading, concern: Tree | None = None) -> Iterable[Tree]:
    """Yield the Reference of a Condition."""
    statement.skip("statusCode")
    interval = reading.reader.interval(statement.first("effectiveTime"))
    start, end = (interval.low, interval.high) if interval else (None, None)
    clinical = status_said(STATUS.read(statement, reading), concern, CLINICAL, CLINICAL_CODES)
    if end and first_code(clinical) in OPEN:
        reading.reader.report(
            statement.element, f"The problem ended on {end} and is said to be open; the end is left out"
        )
        end = None
    certainty = CERTAINTY.read(statement, reading)
    health = HEALTH.read(statement, reading)
    yield reading.put(
        "Condition",
        statement,
        extended(
            {"extension": [*reading.link(statement), *([concern] if concern else [])]},
            {"clinicalStatus": clinical},
            {"verificationStatus": verification_said(certainty, VERIFICATION, is_negated=statement.is_negated)},
            {"category": [made] if (made := reading.concept(statement.first("code"))) else None},
            {"severity": SEVERITY.read(statement, reading)},
            {"code": reading.concept(statement.first("value"))},
            {"bodySite": [made] if (made := reading.concept(statement.first("targetSiteCode"))) else None},
            {"subject": reading.subject, "onsetDateTime": start, "abatementDateTime": end},
            reading.people(statement, author="recorder", informant="asserter"),
            {"stage": [{"summary": health}] if health else None, "note": reading.notes(statement)},
        ),
        also=concern_ids(concern),
    )


def build(resource: Tree, writing: Writing) -> Node:
    """Return the observation of one problem."""
    row = writing.row()
    start, end = resource.get("onsetDateTime"), resource.get("abatementDateTime")
    row.tell("Date", french.span({"start": start, "end": end}))
    link, name = link_of(resource), said(resource.get("code"))
    reference = row.point("Problème", name, link)
    is_refuted = first_code(resource.get("verificationStatus")) == "refuted"
    made = writing.statement("observation", PROBLEM_TEMPLATES, negated=is_refuted)
    add(made, *writing.ids_of(resource, most=1), build_code("code", _kind_of_problem(resource)), text_at(reference))
    add(made, status("completed"), from_to(start, end))
    add(made, coded_value(resource.get("code"), writing, row.say("Problème", name, link)))
    add(made, *(writing.coded("targetSiteCode", site) for site in resource.get("bodySite", ())[:1]))
    add(made, *writing.people(resource, "performer"), *writing.people(resource, "author", "recorder"))
    return add(made, *writing.people(resource, "informant", "asserter"), *_details(resource, writing, row))


def coded_value(concept: Tree | None, writing: Writing, reference: Node) -> Node:
    """Return the coded value of a problem; its words are those of the narrative."""
    value = writing.coded("value", concept, reference)
    made = node("value", nullFlavor="UNK") if value is None else value
    made.set(XSI_TYPE, "CD")
    return made


def _kind_of_problem(resource: Tree) -> Code | None:
    categories = (each for each in resource.get("category", ()) if _is_snomed(each))
    return code_from_concept(next(categories, {"coding": [DIAGNOSIS]}))


def _is_snomed(concept: Tree | None) -> bool:
    return any(coding.get("system") == DIAGNOSIS["system"] for coding in (concept or {}).get("coding", ()))


def _details(resource: Tree, writing: Writing, row: Row) -> Iterator[Node | None]:
    key = str(writing.new_id(resource).root)
    health = next((stage.get("summary") for stage in resource.get("stage", ())), None)
    yield SEVERITY.build(resource.get("severity"), writing, row)
    yield STATUS.build(own_status(resource, CLINICAL_CODES), writing, row)
    yield HEALTH.build(health, writing, row)
    yield CERTAINTY.build(labelled(resource.get("verificationStatus"), VERIFICATION_CODES), writing, row, key)
    yield from writing.comments(resource, row)


ENTRIES = (
    concern_kind("39", "2", (PROBLEM, PROBLEM_TEMPLATES[1]), "Condition", read, build),
    Kind(
        template=PROBLEM,
        parents=PROBLEM_TEMPLATES[:2],
        known_by=PROBLEM_TEMPLATES[1:2],
        read=read,
        takes=lambda resource: resource.get("resourceType") == "Condition",
        build=lambda resources, writing: build(resources[0], writing),
        reads_negation=True,
    ),
)
