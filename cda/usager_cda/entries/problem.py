"""Problems in their concern act <-> Condition; the concern itself is kept in an extension."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code, code_from_concept
from usager_cda.datatypes.extensions import extension_of, filled, put_extension, value_of
from usager_cda.datatypes.identifiers import II, build_ii, identifier_from_ii, ii_from_identifier, parse_ii
from usager_cda.datatypes.times import period_from_interval
from usager_cda.fhir.resolver import Resolver
from usager_cda.structured import french
from usager_cda.structured.details import CERTAINTY, HEALTH, SEVERITY, STATUS
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, from_to, link_of, related, said, status, text_at
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import XSI_TYPE, Element, add, attribute, node

CONCERN = f"{EXTENSIONS}/cda-concern"
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
VERIFICATION_CODES = {"confirmed": "Confirmé", "unconfirmed": "Non confirmé", "refuted": "Réfuté"}
OPEN = ("active", "recurrence", "relapse")
# What the status of a concern says of a problem that has no status of its own.
BY_CONCERN = {"completed": "resolved", "aborted": "inactive", "suspended": "inactive"}
DIAGNOSIS = {"system": "http://snomed.info/sct", "code": "282291009", "display": "interprétation diagnostique"}
PROBLEM = f"{FR_ENTRY}37"
PROBLEM_TEMPLATES = (f"{CCD}28", f"{IHE}1.5.3.1.4.5", PROBLEM)


def read_concern(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the References of the problems of a concern."""
    concern = concern_of(statement, reading)
    for problem in statement.related(PROBLEM, PROBLEM_TEMPLATES[1]):
        yield from read(problem, reading, concern)


def concern_ids(concern: Tree | None) -> list[II]:
    """Return the id of a concern: treatments name problems by it too."""
    ii = ii_from_identifier(value_of(concern or {}, "identifier", "valueIdentifier") or {})
    return [ii] if ii else []


def concern_of(statement: Statement, reading: Reading) -> Tree:
    """Return the extension that keeps a concern act: its id, its status, its period."""
    statement.skip("code")
    made: Tree = {}
    ids = [ii for each in statement.every("id") if (ii := parse_ii(each)).is_known]
    put_extension(made, "identifier", valueIdentifier=identifier_from_ii(ids[0]) if ids else None)
    put_extension(made, "status", valueCode=attribute(statement.first("statusCode"), "code"))
    interval = reading.reader.interval(statement.first("effectiveTime"))
    dated = interval is not None and (interval.low or interval.high)
    put_extension(made, "period", valuePeriod=period_from_interval(interval) if interval and dated else None)
    return {"url": CONCERN, **made}


def read(statement: Statement, reading: Reading, concern: Tree | None = None) -> Iterable[Tree]:
    """Yield the Reference of a Condition."""
    statement.skip("statusCode")
    interval = reading.reader.interval(statement.first("effectiveTime"))
    start, end = (interval.low, interval.high) if interval else (None, None)
    clinical = status_said(STATUS.read(statement, reading), concern, CLINICAL, CLINICAL_CODES)
    if end and _code(clinical) in OPEN:
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
            {"verificationStatus": _verification(certainty, is_negated=statement.is_negated)},
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


def status_said(said_so: Tree | None, concern: Tree | None, system: str, known: dict[str, str]) -> Tree:
    """Return a clinicalStatus: as the statement says, else as its concern implies."""
    code = _code(said_so)
    if code not in known:
        return {"coding": [{"system": system, "code": implied_by(concern)}]}
    coding = {**said_so["coding"][0], "system": system} if said_so else {}
    return filled({"coding": [coding], "text": (said_so or {}).get("text")})


def implied_by(concern: Tree | None) -> str:
    """Return the clinical status that the status of a concern implies."""
    return BY_CONCERN.get(value_of(concern or {}, "status", "valueCode") or "", "active")


def _verification(certainty: Tree | None, *, is_negated: bool) -> Tree | None:
    if is_negated:
        return {"coding": [{"system": VERIFICATION, "code": "refuted"}]}
    if _code(certainty) not in VERIFICATION_CODES:
        return None
    coding = {**(certainty or {})["coding"][0], "system": VERIFICATION}
    return filled({"coding": [coding], "text": (certainty or {}).get("text")})


def _code(concept: Tree | None) -> str:
    codings = (concept or {}).get("coding") or [{}]
    return codings[0].get("code") or ""


def build_concern(resources: Sequence[Tree], writing: Writing) -> Element:
    """Return the concern act around the problems of one concern."""
    problems = [related("SUBJ", build(resource, writing), inverted=False) for resource in resources]
    return concern_act(resources[0], f"{IHE}1.5.3.1.4.5.2", f"{FR_ENTRY}39", problems, writing)


def concern_act(resource: Tree, parent: str, template: str, inside: list[Element], writing: Writing) -> Element:
    """Return a concern act, as its extension keeps it, else as the state of its first resource implies."""
    concern = extension_of(resource, CONCERN) or {}
    made = writing.statement("act", (f"{CCD}27", f"{IHE}1.5.3.1.4.5.1", parent, template))
    ii = ii_from_identifier(value_of(concern, "identifier", "valueIdentifier") or {})
    period = value_of(concern, "period", "valuePeriod") or {}
    code = value_of(concern, "status", "valueCode")
    start, end = period.get("start"), period.get("end")
    if code is None:
        start, end = resource.get("onsetDateTime"), resource.get("abatementDateTime")
        code = "completed" if end else "active"
    is_over = code in ("completed", "aborted")
    add(made, build_ii("id", ii or writing.new_id("concern", resource)), node("code", nullFlavor="NA"), status(code))
    interval = from_to(start, end if is_over else None)
    if is_over and not end:
        interval.append(node("high", nullFlavor="UNK"))
    return add(made, interval, *inside)


def concern_key(resource: Tree, _: Resolver) -> str | None:
    """Return what resources of one concern act share; None for one that stands alone."""
    concern = extension_of(resource, CONCERN) or {}
    identifier = value_of(concern, "identifier", "valueIdentifier") or {}
    return f"{identifier.get('system')}|{identifier.get('value')}" if identifier else None


def build(resource: Tree, writing: Writing) -> Element:
    """Return the observation of one problem."""
    row = writing.row()
    start, end = resource.get("onsetDateTime"), resource.get("abatementDateTime")
    row.tell("Date", french.span({"start": start, "end": end}))
    link, name = link_of(resource), said(resource.get("code"))
    reference = row.point("Problème", name, link)
    is_refuted = _code(resource.get("verificationStatus")) == "refuted"
    made = writing.statement("observation", PROBLEM_TEMPLATES, negated=is_refuted)
    add(made, *writing.ids_of(resource, most=1), build_code("code", _kind_of_problem(resource)), text_at(reference))
    add(made, status("completed"), from_to(start, end))
    add(made, coded_value(resource.get("code"), writing, row.say("Problème", name, link)))
    add(made, *(writing.coded("targetSiteCode", site) for site in resource.get("bodySite", ())[:1]))
    add(made, *writing.people(resource, "performer"), *writing.people(resource, "author", "recorder"))
    return add(made, *writing.people(resource, "informant", "asserter"), *_details(resource, writing, row))


def coded_value(concept: Tree | None, writing: Writing, reference: Element) -> Element:
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


def _details(resource: Tree, writing: Writing, row: Row) -> Iterator[Element | None]:
    key = str(writing.new_id(resource).root)
    health = next((stage.get("summary") for stage in resource.get("stage", ())), None)
    yield SEVERITY.build(resource.get("severity"), writing, row)
    yield STATUS.build(own_status(resource, CLINICAL_CODES), writing, row)
    yield HEALTH.build(health, writing, row)
    yield CERTAINTY.build(labelled(resource.get("verificationStatus"), VERIFICATION_CODES), writing, row, key)
    yield from writing.comments(resource, row)


def own_status(resource: Tree, labels: dict[str, str]) -> Tree | None:
    """Return the clinical status of a resource, labelled; None when it is only what its concern implies."""
    concept, concern = resource.get("clinicalStatus"), extension_of(resource, CONCERN)
    is_bare = concept is not None and not concept.get("text") and "display" not in concept["coding"][0]
    if is_bare and concern is not None and _code(concept) == implied_by(concern):
        return None
    return labelled(concept, labels)


def labelled(concept: Tree | None, labels: dict[str, str]) -> Tree | None:
    """Return a status with its French label; None when the CI-SIS does not know it."""
    code = _code(concept)
    if code not in labels:
        return None
    coding = {"display": labels[code], **(concept or {})["coding"][0]}
    return filled({"coding": [coding], "text": (concept or {}).get("text")})


ENTRIES = (
    Kind(
        template=f"{FR_ENTRY}39",
        parents=(f"{CCD}27", f"{IHE}1.5.3.1.4.5.1", f"{IHE}1.5.3.1.4.5.2"),
        known_by=(f"{IHE}1.5.3.1.4.5.2",),
        read=read_concern,
        takes=lambda resource: resource.get("resourceType") == "Condition",
        build=build_concern,
        groups=concern_key,
    ),
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
