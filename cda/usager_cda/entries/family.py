"""Family history: the organizer of one relative <-> FamilyMemberHistory."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add, node, template_ids
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code, concept_from_code
from usager_cda.datatypes.extensions import NARRATIVE_LINK, filled, value_of
from usager_cda.datatypes.identifiers import build_ii, identifier_from_ii, ii_from_identifier, parse_ii
from usager_cda.entries.problem import coded_value
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, component, said, status, text_at
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import Node, attribute, child

ORGANIZER_TEMPLATES = (f"{CCD}23", f"{IHE}1.5.3.1.4.15", f"{FR_ENTRY}59")
OBSERVATION_TEMPLATES = (f"{CCD}22", f"{IHE}1.5.3.1.4.13", f"{IHE}1.5.3.1.4.13.3", f"{FR_ENTRY}51")
SUBJECT_TEMPLATES = (f"{IHE}1.5.3.1.4.15.2", f"{FR_ENTRY}60")
GENDERS = {"M": "male", "F": "female", "UN": "unknown"}
GENDER_CODES = {"male": ("M", "Masculin"), "female": ("F", "Féminin"), "unknown": ("UN", "Inconnu")}
GENDER_SYSTEM = "2.16.840.1.113883.5.1"
KIND = f"{EXTENSIONS}/cda-kind"
SECTION_ID = f"{EXTENSIONS}/cda-id"
DIAGNOSIS = Code("282291009", "2.16.840.1.113883.6.96", "interprétation diagnostique")
FAMILY = Code("FAMMEMB", "2.16.840.1.113883.5.111", "Membre de la famille")


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a FamilyMemberHistory."""
    statement.skip("statusCode", "code")
    subject = child(statement.first("subject"), "relatedSubject")
    person = child(subject, "subject")
    gender = attribute(child(person, "administrativeGenderCode"), "code")
    conditions = [_condition(found, reading) for found in statement.related(*OBSERVATION_TEMPLATES[2:])]
    relation = reading.concept(child(subject, "code")) or concept_from_code(FAMILY)
    body = extended(
        {"status": "completed", "patient": reading.subject},
        {"relationship": relation, "sex": _sex(gender), "condition": [made for made in conditions if made]},
        {"bornDate": reading.reader.time(child(person, "birthTime"))},
        reading.people(statement),
        {"note": reading.notes(statement)},
    )
    yield reading.put("FamilyMemberHistory", statement, body)


def _sex(code: str | None) -> Tree | None:
    fhir = GENDERS.get(code or "")
    return {"coding": [{"system": "http://hl7.org/fhir/administrative-gender", "code": fhir}]} if fhir else None


def _condition(statement: Statement, reading: Reading) -> Tree:
    statement.skip("statusCode")
    kind = reading.concept(statement.first("code"))
    interval = reading.reader.interval(statement.first("effectiveTime"))
    ids = [ii for each in statement.every("id") if (ii := parse_ii(each)).is_known]
    extensions: list[Tree] = [*reading.link(statement)]
    extensions += [{"url": KIND, "valueCodeableConcept": kind}] if kind else []
    extensions += [{"url": SECTION_ID, "valueIdentifier": identifier_from_ii(ii)} for ii in ids[:1]]
    return filled(
        {
            "extension": extensions,
            "code": reading.concept(statement.first("value")) or {"text": "?"},
            "onsetString": interval.low if interval else None,
            "note": reading.notes(statement),
        }
    )


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the organizer of one relative."""
    (resource,) = resources
    row = writing.row()
    relation = resource.get("relationship")
    made = writing.statement("organizer", ORGANIZER_TEMPLATES)
    add(made, *writing.known_ids(resource), status("completed"))
    subject = add(node("subject", typeCode="SBJ"), *template_ids(SUBJECT_TEMPLATES))
    related = add(
        node("relatedSubject", classCode="PRS"), writing.coded("code", relation, row.say("Lien", said(relation)))
    )
    add(made, add(subject, add(related, *_person(resource))))
    add(made, *writing.people(resource, "author"), *writing.people(resource, "informant"))
    for rank, condition in enumerate(resource.get("condition", ())):
        made.append(component(_build_condition(rank, condition, resource, writing, row)))
    return made


def _person(resource: Tree) -> Iterator[Node]:
    codings = (resource.get("sex") or {}).get("coding") or [{}]
    known = GENDER_CODES.get(codings[0].get("code", ""))
    if known:
        gender = build_code("administrativeGenderCode", Code(known[0], GENDER_SYSTEM, known[1]))
        yield add(node("subject"), gender)


def _build_condition(rank: int, condition: Tree, resource: Tree, writing: Writing, row: Row) -> Node:
    made = writing.statement("observation", OBSERVATION_TEMPLATES)
    told = ii_from_identifier(value_of(condition, SECTION_ID, "valueIdentifier") or {})
    kind = value_of(condition, KIND, "valueCodeableConcept") or DIAGNOSIS
    text = said(condition.get("code"))
    reference = row.point("Antécédent", text, value_of(condition, NARRATIVE_LINK, "valueUrl"))
    add(made, build_ii("id", told or writing.new_id(resource, rank)), writing.coded("code", kind), text_at(reference))
    add(made, status("completed"), _onset(condition))
    add(made, coded_value(condition.get("code"), writing, row.say("Antécédent", text)))
    return add(made, *writing.comments(condition, row))


def _onset(condition: Tree) -> Node:
    onset = condition.get("onsetString")
    digits = (onset or "").replace("-", "")
    if len(digits) in (4, 6, 8) and digits.isdigit():
        return add(node("effectiveTime"), node("low", value=digits))
    return node("effectiveTime", nullFlavor="UNK")


ENTRY = Kind(
    template=ORGANIZER_TEMPLATES[-1],
    parents=ORGANIZER_TEMPLATES[:-1],
    known_by=ORGANIZER_TEMPLATES[1:2],
    read=read,
    takes=lambda resource: resource.get("resourceType") == "FamilyMemberHistory",
    build=build,
)
