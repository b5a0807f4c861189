"""Adverse effects of medicines <-> AdverseEvent; the medicine and the reactions are resources of their own."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code
from usager_cda.datatypes.extensions import filled
from usager_cda.entries.allergy import REACTION_TEMPLATES, SEVERITIES
from usager_cda.entries.problem import PROBLEM, coded_value
from usager_cda.entries.problem import read as read_problem
from usager_cda.entries.treatment import TREATMENT
from usager_cda.structured import french, registry
from usager_cda.structured.details import CAUSALITY, GRAVITY, OUTCOME
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, SNOMED, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.remarks import as_extensions, with_notes
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, from_to, link_of, related, said, status, text_at
from usager_cda.tree import XSI_TYPE, Node

EFFECT = f"{FR_ENTRY}210"
TEMPLATES = (f"{CCD}18", f"{CCD}28", f"{IHE}1.5.3.1.4.5", EFFECT)
SEVERITY_SYSTEM = "http://terminology.hl7.org/CodeSystem/adverse-event-severity"
OUTCOME_SYSTEM = "http://terminology.hl7.org/CodeSystem/adverse-event-outcome"
OUTCOMES = {"1352007006": "resolved", "370996005": "resolved", "419099009": "fatal", "359748005": "ongoing"}
SYMPTOM = Code("418799008", SNOMED, "symptôme rapporté par le patient ou le répondant")


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of an AdverseEvent."""
    statement.skip("statusCode", "value")
    causality = CAUSALITY.read(statement, reading)
    medicines = [link for found in statement.related(TREATMENT) for link in reading.statement(found)]
    reactions = [
        link for found in statement.related(PROBLEM, type_code="MFST") for link in read_problem(found, reading)
    ]
    interval = reading.reader.interval(statement.first("effectiveTime"))
    assessed = [{"assessment": causality}] if causality else None
    body = extended(
        {"extension": [*reading.link(statement), *as_extensions(reading.notes(statement))]},
        {"actuality": "actual", "event": reading.concept(statement.first("code")), "subject": reading.subject},
        {"date": interval.low if interval else None, "resultingCondition": reactions},
        {"severity": _bound(GRAVITY.read(statement, reading), SEVERITY_SYSTEM, SEVERITIES, None)},
        {"outcome": _bound(OUTCOME.read(statement, reading), OUTCOME_SYSTEM, OUTCOMES, "unknown")},
        reading.people(statement, author="recorder"),
        {"suspectEntity": [filled({"instance": link, "causality": assessed}) for link in medicines]},
    )
    yield reading.put("AdverseEvent", statement, body)


def _bound(concept: Tree | None, system: str, known: dict[str, str], otherwise: str | None) -> Tree | None:
    """Return a concept with the code R4 requires (severity and outcome are bound to HL7's lists) after its own."""
    if concept is None:
        return None
    codings = concept.get("coding", [])
    code = next((known[each["code"]] for each in codings if each.get("code") in known), otherwise)
    return {**concept, "coding": [*codings, {"system": system, "code": code}]} if code else {"text": said(concept)}


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the observation of one adverse effect."""
    (resource,) = resources
    row = writing.row()
    event = resource.get("event") or {}
    row.tell("Date", french.day(resource.get("date")))
    made = writing.statement("observation", TEMPLATES)
    reference = row.point("Effet indésirable", said(event), link_of(resource))
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", event), text_at(reference), status("completed"))
    time = from_to(resource.get("date"), None)
    time.set(XSI_TYPE, "IVL_TS")
    value = add(
        node("value"), add(node("originalText"), row.point("Effet indésirable", said(event), link_of(resource)))
    )
    value.set(XSI_TYPE, "CD")
    add(made, time, value, *writing.people(resource, "author", "recorder"))
    add(made, *_medicines(resource, writing), *_reactions(resource, writing, row))
    key = str(writing.new_id(resource).root)
    causality = next((each["assessment"] for each in _causalities(resource) if each.get("assessment")), None)
    add(made, CAUSALITY.build(causality, writing, row, key))
    add(made, GRAVITY.build(_own(resource.get("severity"), SEVERITY_SYSTEM), writing, row, key))
    add(made, OUTCOME.build(_own(resource.get("outcome"), OUTCOME_SYSTEM), writing, row, key))
    return add(made, *writing.comments(with_notes(resource), row))


def _causalities(resource: Tree) -> Iterator[Tree]:
    for entity in resource.get("suspectEntity", ()):
        yield from entity.get("causality", ())


def _own(concept: Tree | None, system: str) -> Tree | None:
    """Return a concept without the code that R4 alone requires, unless it has no other."""
    codings = (concept or {}).get("coding", [])
    own = [coding for coding in codings if coding.get("system") != system]
    return {**(concept or {}), "coding": own or codings} if concept else None


def _medicines(resource: Tree, writing: Writing) -> Iterator[Node]:
    kind = registry.kinds()[TREATMENT]
    for entity in resource.get("suspectEntity", ()):
        found = writing.find(entity.get("instance"), resource)
        if found is not None and kind.build is not None and kind.takes(found):
            yield related("COMP", kind.build([found], writing))


def _reactions(resource: Tree, writing: Writing, row: Row) -> Iterator[Node]:
    for reference in resource.get("resultingCondition", ()):
        found = writing.find(reference, resource)
        if found is None:
            continue
        code = found.get("code") or {}
        made = writing.statement("observation", REACTION_TEMPLATES)
        told = row.point("Réaction", said(code), link_of(found))
        add(made, *writing.ids_of(found, most=1), build_code("code", SYMPTOM), text_at(told), status("completed"))
        add(made, from_to(found.get("onsetDateTime"), found.get("abatementDateTime")))
        add(made, coded_value(code, writing, row.say("Réaction", said(code), link_of(found))))
        yield related("MFST", made)


ENTRY = Kind(
    template=EFFECT,
    parents=TEMPLATES[:-1],
    read=read,
    takes=lambda resource: resource.get("resourceType") == "AdverseEvent",
    build=build,
)
