"""Allergies and hypersensitivities in their concern act <-> AllergyIntolerance, reactions included."""

from collections.abc import Iterable, Iterator

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import build_code, code_from_concept
from usager_cda.datatypes.extensions import filled, value_of
from usager_cda.entries.problem import PROBLEM, PROBLEM_TEMPLATES, coded_value
from usager_cda.structured import french
from usager_cda.structured.concern import (
    VERIFICATION_CODES,
    concern_kind,
    first_code,
    labelled,
    own_status,
    status_said,
    verification_said,
)
from usager_cda.structured.details import ALLERGY_CERTAINTY, CRITICALITY, SEVERITY, STATUS
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, from_to, link_of, related, said, status, text_at
from usager_cda.tree import XSI_TYPE, Node, child, descendant, text_of

CLINICAL = "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
CONDITION_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
SNOMED = "http://snomed.info/sct"
# R5 has the element as a CodeableConcept: the standard name of an R5 element in R4.
TYPE = "http://hl7.org/fhir/5.0/StructureDefinition/extension-AllergyIntolerance.type"
CLINICAL_CODES = {"active": "Actif", "inactive": "Inactif", "resolved": "Résolu"}
CRITICALITY_CODES = {"low": "Bas", "high": "Haut", "unable-to-assess": "Impossible à évaluer"}
CRITICALITIES = "http://hl7.org/fhir/allergy-intolerance-criticality"
# SNOMED code of the kind of reaction -> R4 type, R4 category (JDV "allergies et hypersensibilités").
KINDS: dict[str, tuple[str | None, str | None, str]] = {
    "416098002": ("allergy", "medication", "allergie médicamenteuse"),
    "414285001": ("allergy", "food", "allergie alimentaire"),
    "419199007": ("allergy", None, "allergie à une substance"),
    "426232007": ("allergy", "environment", "allergie environnementale"),
    "609396006": ("intolerance", None, "hypersensibilité non allergique"),
    "59037007": ("intolerance", "medication", "intolérance médicamenteuse"),
    "235719002": ("intolerance", "food", "intolérance alimentaire"),
    "419511003": (None, "medication", "propension à des réactions indésirables à un médicament"),
    "418471000": (None, "food", "propension à des réactions indésirables à un aliment"),
    "420134006": (None, None, "propension à des réactions indésirables"),
}
FOR_TYPES = {
    ("allergy", "medication"): "416098002",
    ("allergy", "food"): "414285001",
    ("allergy", "environment"): "419199007",
    ("intolerance", "medication"): "59037007",
    ("intolerance", "food"): "609396006",
}
SEVERITIES = {
    "255604002": "mild",
    "371923003": "mild",
    "6736007": "moderate",
    "371924009": "moderate",
    "24484000": "severe",
    "442452003": "severe",
}
FROM_SEVERITIES = {"mild": ("255604002", "léger"), "moderate": ("6736007", "modéré"), "severe": ("24484000", "sévère")}
REACTION_SEVERITY = "http://hl7.org/fhir/5.0/StructureDefinition/extension-AllergyIntolerance.reaction.severity"
ALLERGY = f"{FR_ENTRY}41"
ALLERGY_TEMPLATES = (f"{CCD}18", f"{CCD}28", f"{IHE}1.5.3.1.4.5", f"{IHE}1.5.3.1.4.6", ALLERGY)
REACTION_TEMPLATES = (*PROBLEM_TEMPLATES[:2], f"{CCD}54", PROBLEM)


def read(statement: Statement, reading: Reading, concern: Tree | None = None) -> Iterable[Tree]:
    """Yield the Reference of an AllergyIntolerance."""
    statement.skip("statusCode")
    kind = reading.concept(statement.first("code"))
    known = KINDS.get(first_code(kind), (None, None, ""))
    reactions = [_reaction(found, reading) for found in statement.related(PROBLEM, type_code="MFST")]
    criticality = first_code(CRITICALITY.read(statement, reading))
    yield reading.put(
        "AllergyIntolerance",
        statement,
        extended(
            {"extension": [*reading.link(statement), *([concern] if concern else []), *_type(kind)]},
            {"clinicalStatus": status_said(STATUS.read(statement, reading), concern, CLINICAL, CLINICAL_CODES)},
            {"verificationStatus": _certainty(statement, reading)},
            {"type": known[0], "category": [known[1]] if known[1] else None},
            {"criticality": criticality if criticality in CRITICALITY_CODES else None},
            {"code": _agent(statement, reading), "patient": reading.subject},
            _onset(statement, reading),
            reading.people(statement, author="recorder", informant="asserter"),
            {"note": reading.notes(statement), "reaction": [made for made in reactions if made]},
        ),
    )


def _type(kind: Tree | None) -> list[Tree]:
    return [{"url": TYPE, "valueCodeableConcept": kind}] if kind else []


def _agent(statement: Statement, reading: Reading) -> Tree | None:
    """Return what the person reacts to: the agent, else the value (nothing known)."""
    value = reading.concept(statement.first("value"))
    participant = statement.first("participant")
    entity = descendant(participant, "participantRole/playingEntity")
    agent = reading.concept(child(entity, "code"))
    text = text_of(child(entity, "name"))
    if agent is not None and text and "text" not in agent:
        agent["text"] = text
    return agent or ({"text": text} if text else value)


def _certainty(statement: Statement, reading: Reading) -> Tree | None:
    told = ALLERGY_CERTAINTY.read(statement, reading)
    return verification_said(told, VERIFICATION, is_negated=statement.is_negated)


def _onset(statement: Statement, reading: Reading) -> Tree:
    interval = reading.reader.interval(statement.first("effectiveTime"))
    if interval is None or not (interval.low or interval.high):
        return {}
    if interval.high is None:
        return {"onsetDateTime": interval.low}
    return {"onsetPeriod": filled({"start": interval.low, "end": interval.high})}


def _reaction(statement: Statement, reading: Reading) -> Tree | None:
    """Return one reaction: its manifestation, its beginning, its severity."""
    statement.skip("id", "code", "statusCode")
    words = reading.said(statement)
    manifestation = reading.concept(statement.first("value"))
    interval = reading.reader.interval(statement.first("effectiveTime"))
    severity = SEVERITY.read(statement, reading)
    if manifestation is None and words is None:
        return None
    return filled(
        {
            "extension": [{"url": REACTION_SEVERITY, "valueCodeableConcept": severity}] if severity else None,
            "manifestation": [manifestation or {"text": words}],
            "onset": interval.low if interval else None,
            "severity": SEVERITIES.get(first_code(severity)),
            "note": reading.notes(statement),
        }
    )


def build(resource: Tree, writing: Writing) -> Node:
    """Return the observation of one allergy."""
    row = writing.row()
    start, end = _bounds(resource)
    row.tell("Date", french.span({"start": start, "end": end}))
    kind = kind_of(resource)
    reference = row.point("Type", said(kind), link_of(resource))
    is_refuted = first_code(resource.get("verificationStatus")) == "refuted"
    made = writing.statement("observation", ALLERGY_TEMPLATES, negated=is_refuted)
    add(made, *writing.ids_of(resource, most=1), _plain("code", kind), text_at(reference), status("completed"))
    time = from_to(start, end)
    time.set(XSI_TYPE, "IVL_TS")
    add(made, time, *_value_and_agent(resource, writing, row))
    return add(made, *_details(resource, writing, row))


def kind_of(resource: Tree) -> Tree:
    """Return the kind of reaction in SNOMED CT: as it was read, else as R4's type and category imply."""
    told: Tree | None = value_of(resource, TYPE, "valueCodeableConcept")
    if told:
        return told
    category = next(iter(resource.get("category", ())), None)
    code = FOR_TYPES.get((resource.get("type", "allergy"), category or ""), "419199007")
    return {"coding": [{"system": SNOMED, "code": code, "display": KINDS[code][2]}]}


def _plain(tag: str, concept: Tree) -> Node | None:
    return build_code(tag, code_from_concept({"coding": concept["coding"]} if concept.get("coding") else concept))


def _bounds(resource: Tree) -> tuple[str | None, str | None]:
    period = resource.get("onsetPeriod") or {}
    return resource.get("onsetDateTime") or period.get("start"), period.get("end")


def _value_and_agent(resource: Tree, writing: Writing, row: Row) -> Iterator[Node]:
    code = resource.get("code") or {}
    reference = row.say("Agent responsable", said(code))
    if any(coding.get("system") == ABSENT for coding in code.get("coding", ())):
        yield coded_value(code, writing, reference)
        return
    value = add(node("value"), add(node("originalText"), row.say("Agent responsable", said(code))))
    value.set(XSI_TYPE, "CD")
    yield value
    yield from writing.people(resource, "author", "recorder")
    yield from writing.people(resource, "informant", "asserter")
    entity = add(node("playingEntity", classCode="MMAT"), writing.coded("code", code, reference), _name(code))
    yield add(node("participant", typeCode="CSM"), add(node("participantRole", classCode="MANU"), entity))


def _name(code: Tree) -> Node | None:
    text = said(code)
    return node("name", text) if text else None


def _details(resource: Tree, writing: Writing, row: Row) -> Iterator[Node | None]:
    key = str(writing.new_id(resource).root)
    certainty = labelled(resource.get("verificationStatus"), VERIFICATION_CODES)
    for coding in (certainty or {}).get("coding", ()):
        coding["system"] = CONDITION_VERIFICATION
    criticality = resource.get("criticality")
    yield STATUS.build(own_status(resource, CLINICAL_CODES), writing, row)
    yield CRITICALITY.build(_criticality(criticality), writing, row, key)
    yield ALLERGY_CERTAINTY.build(certainty, writing, row, key)
    for rank, reaction in enumerate(resource.get("reaction", ())):
        yield related("MFST", _build_reaction(reaction, writing, row, f"{key}/{rank}"))
    yield from writing.comments(resource, row)


def _criticality(code: str | None) -> Tree | None:
    if code not in CRITICALITY_CODES:
        return None
    return {"coding": [{"system": CRITICALITIES, "code": code, "display": CRITICALITY_CODES[code]}]}


def _build_reaction(reaction: Tree, writing: Writing, row: Row, key: str) -> Node:
    manifestation: Tree = next(iter(reaction.get("manifestation", ())), {})
    reference = row.say("Réaction", said(manifestation))
    made = writing.statement("observation", REACTION_TEMPLATES)
    symptom = {"system": SNOMED, "code": "418799008", "display": "symptôme rapporté par le patient ou le répondant"}
    add(made, node("id", root=writing.new_id("reaction", key).root), _plain("code", {"coding": [symptom]}))
    add(made, text_at(reference), status("completed"), from_to(reaction.get("onset"), None))
    value = coded_value(manifestation, writing, row.say("Réaction", said(manifestation)))
    return add(made, value, SEVERITY.build(_severity(reaction), writing, row), *writing.comments(reaction, row))


def _severity(reaction: Tree) -> Tree | None:
    told: Tree | None = value_of(reaction, REACTION_SEVERITY, "valueCodeableConcept")
    known = FROM_SEVERITIES.get(reaction.get("severity", ""))
    if told or known is None:
        return told
    return {"coding": [{"system": SNOMED, "code": known[0], "display": known[1]}]}


ENTRIES = (
    concern_kind("40", "3", (ALLERGY, ALLERGY_TEMPLATES[3]), "AllergyIntolerance", read, build),
    Kind(
        template=ALLERGY,
        parents=ALLERGY_TEMPLATES[:-1],
        known_by=ALLERGY_TEMPLATES[3:4],
        read=read,
        reads_negation=True,
    ),
)
