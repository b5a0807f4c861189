"""Vaccinations <-> Immunization, and recommended ones <-> ImmunizationRecommendation."""

from collections.abc import Iterable, Iterator, Sequence

from usager_cda.building import add, node, template_ids
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code
from usager_cda.datatypes.extensions import filled, value_of
from usager_cda.datatypes.identifiers import build_ii, identifier_from_ii, ii_from_identifier, parse_ii
from usager_cda.datatypes.quantities import build_quantity, parse_quantity
from usager_cda.datatypes.values import POSITIVE
from usager_cda.entries.allergy import REACTION_TEMPLATES
from usager_cda.entries.problem import PROBLEM, coded_value
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind, loinc
from usager_cda.structured.product import build_product, read_product
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, from_to, link_of, related, said, status, text_at
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import XSI_TYPE, Node, attribute

VACCINATION, RECOMMENDATION = f"{FR_ENTRY}45", f"{FR_ENTRY}47"
PARENTS = (f"{CCD}24", f"{IHE}1.5.3.1.4.12")
RECOMMENDATION_PARENTS = (f"{CCD}25", f"{IHE}1.5.3.1.4.12.2")
DOSE = (f"{CCD}46", f"{FR_ENTRY}82")
DOSE_CODE = loinc("30973-2", "Rang de la vaccination")
# INITIMMUNIZ, BOOSTER, IMMUNIZ: R4 has no element for the kind of injection.
KIND = f"{EXTENSIONS}/cda-kind"
IMMUNIZATION = Code("IMMUNIZ", "2.16.840.1.113883.5.4", "Vaccination sans autre précision")
ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
SYMPTOM = Code("418799008", "2.16.840.1.113883.6.96", "symptôme rapporté par le patient ou le répondant")
STATUSES = "http://terminology.hl7.org/CodeSystem/immunization-recommendation-status"
EARLIEST, LATEST = "30981-5", "59777-3"


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of an Immunization."""
    statement.skip("statusCode")
    kind = reading.concept(statement.first("code"))
    is_absent = any(coding.get("system") == ABSENT for coding in (kind or {}).get("coding", ()))
    product = read_product(statement.first("consumable"), reading)
    reactions = [_reaction(found, reading) for found in statement.related(PROBLEM, type_code="CAUS")]
    when = reading.when(statement.first("effectiveTime"), "occurrence")
    batch = product.get("batch") or {}
    body = extended(
        {"extension": [*reading.link(statement), *([] if is_absent or not kind else _kept(kind))]},
        {"contained": [{**each, "id": f"reaction-{rank}"} for rank, each in enumerate(reactions, 1)]},
        {"status": "not-done" if statement.is_negated else "completed"},
        {"vaccineCode": kind if is_absent else product.get("code") or {"text": "?"}, "patient": reading.subject},
        {"occurrenceDateTime": _point(when)} if when else {"occurrenceString": "inconnue"},
        {"lotNumber": batch.get("lotNumber"), "expirationDate": batch.get("expirationDate")},
        {"site": reading.concept(statement.first("approachSiteCode"))},
        {"route": reading.concept(statement.first("routeCode")), "doseQuantity": _dose(statement, reading)},
        reading.people(statement),
        {"protocolApplied": _rank(statement)},
        {"reaction": [{"detail": {"reference": f"#reaction-{rank}"}} for rank in range(1, len(reactions) + 1)]},
        {"note": reading.notes(statement)},
    )
    body["performer"] = _performers(body)
    yield reading.put("Immunization", statement, body)


def _kept(kind: Tree) -> list[Tree]:
    return [{"url": KIND, "valueCodeableConcept": kind}]


def _point(when: Tree) -> str | None:
    period = when.get("occurrencePeriod") or {}
    point: str | None = when.get("occurrenceDateTime") or period.get("start") or period.get("end")
    return point


def _dose(statement: Statement, reading: Reading) -> Tree | None:
    element = statement.first("doseQuantity")
    try:
        return parse_quantity(element) if element is not None else None
    except ValueError as error:
        reading.reader.report(statement.element, f"{error}; the dose is left out")
        return None


def _rank(statement: Statement) -> list[Tree]:
    """Return the rank of the injection in its series."""
    found = statement.one(*DOSE)
    if found is None:
        return []
    found.skip("id", "code", "statusCode", "effectiveTime", "text")
    text = attribute(found.first("value"), "value") or ""
    return [{"doseNumberPositiveInt": int(text)}] if POSITIVE.fullmatch(text) else []


def _reaction(statement: Statement, reading: Reading) -> Tree:
    """Return a reaction as a contained Observation whose code is what was observed."""
    statement.skip("code", "statusCode")
    words = reading.said(statement)
    ids = [identifier_from_ii(ii) for each in statement.every("id") if (ii := parse_ii(each)).is_known]
    return filled(
        {
            "resourceType": "Observation",
            "identifier": ids,
            "status": "final",
            "code": reading.concept(statement.first("value")) or {"text": words or "?"},
            "subject": reading.subject,
            **reading.when(statement.first("effectiveTime")),
            "note": reading.notes(statement),
        }
    )


def _performers(body: Tree) -> list[Tree]:
    parts = [
        {part["url"]: part for part in each["extension"]} for each in body.get("extension", ()) if "extension" in each
    ]
    performers = [part for part in parts if part.get("role", {}).get("valueCode") == "performer" and "party" in part]
    return [{"actor": part["party"]["valueReference"]} for part in performers]


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the substanceAdministration of one vaccination."""
    (resource,) = resources
    row = writing.row()
    link, vaccine = link_of(resource), resource.get("vaccineCode") or {}
    is_absent = any(coding.get("system") == ABSENT for coding in vaccine.get("coding", ()))
    row.tell("Date", french.day(resource.get("occurrenceDateTime")))
    is_denied = resource.get("status") == "not-done"
    made = writing.statement("substanceAdministration", (*PARENTS, VACCINATION), negated=is_denied)
    kind = vaccine if is_absent else value_of(resource, KIND, "valueCodeableConcept") or IMMUNIZATION
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", kind))
    add(made, text_at(row.point("Vaccin", said(vaccine), link)), status("completed"), _time(resource))
    add(made, *_how(resource, writing, row), _consumable(resource, writing, row, is_absent=is_absent))
    row.tell("Lot", resource.get("lotNumber"))
    add(made, *writing.people(resource, "performer", "performer"), *_authors(resource, writing))
    add(made, *writing.people(resource, "informant"), *_rank_of(resource, row))
    add(made, *_reactions(resource, writing, row))
    return add(made, *writing.comments(resource, row, inverted=None))


def _time(resource: Tree) -> Node:
    when = resource.get("occurrenceDateTime")
    return from_point(when) if when else node("effectiveTime", nullFlavor="UNK")


def from_point(when: str) -> Node:
    """Return an effectiveTime of one point."""
    made = from_to(when, None)
    low = made[0].get("value")
    return node("effectiveTime", value=low)


def _how(resource: Tree, writing: Writing, row: Row) -> Iterator[Node | None]:
    for tag, name, heading in (("routeCode", "route", "Voie"), ("approachSiteCode", "site", "Site")):
        concept = resource.get(name)
        if concept:
            yield writing.coded(tag, concept, row.say(heading, concept["text"]) if concept.get("text") else None)
            row.tell(heading, None if concept.get("text") else said(concept))
    if resource.get("doseQuantity"):
        yield build_quantity("doseQuantity", resource["doseQuantity"])


def _consumable(resource: Tree, writing: Writing, row: Row, *, is_absent: bool) -> Node:
    code = {} if is_absent else resource.get("vaccineCode") or {}
    batch = {"lotNumber": resource.get("lotNumber"), "expirationDate": resource.get("expirationDate")}
    product = {"code": code, "batch": filled(batch)}
    return build_product(product, writing, row, "Vaccin", link=link_of(resource), keeps_classes=True)


def _authors(resource: Tree, writing: Writing) -> Iterator[Node]:
    for author in writing.people(resource, "author"):
        author.set("typeCode", "AUT")
        author.set("contextControlCode", "OP")
        yield author


def _rank_of(resource: Tree, row: Row) -> Iterator[Node]:
    for protocol in resource.get("protocolApplied", ())[:1]:
        number = protocol.get("doseNumberPositiveInt")
        if number:
            made = node("observation", classCode="OBS", moodCode="EVN")
            add(made, *template_ids(DOSE), build_code("code", DOSE_CODE))
            value = node("value", value=str(number))
            value.set(XSI_TYPE, "INT")
            row.tell("Rang", str(number))
            yield related("SUBJ", add(made, status("completed"), value))


def _reactions(resource: Tree, writing: Writing, row: Row) -> Iterator[Node]:
    for rank, reaction in enumerate(resource.get("reaction", ())):
        observed = writing.find(reaction.get("detail"), resource)
        if observed is None:
            writing.report("The reaction is not in the Bundle; it is left out", f"Immunization.reaction[{rank}]")
            continue
        code = observed.get("code") or {}
        reference = row.say("Réaction", said(code))
        made = writing.statement("observation", REACTION_TEMPLATES)
        known = (ii_from_identifier(each) for each in observed.get("identifier", ()))
        ii = next((each for each in known if each), None) or writing.new_id(resource, rank)
        add(made, build_ii("id", ii), build_code("code", SYMPTOM), text_at(reference), status("completed"))
        row.tell("Date de la réaction", french.moment(observed, "effective"))
        period = observed.get("effectivePeriod") or {}
        add(made, from_to(observed.get("effectiveDateTime") or period.get("start"), period.get("end")))
        add(made, coded_value(code, writing, row.say("Réaction", said(code))), *writing.comments(observed, row))
        yield related("CAUS", made, inverted=False)


def read_recommendation(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of an ImmunizationRecommendation."""
    statement.skip("statusCode")
    kind = reading.concept(statement.first("code"))
    product = read_product(statement.first("consumable"), reading)
    interval = reading.reader.interval(statement.first("effectiveTime"))
    bounds = ((EARLIEST, interval.low), (LATEST, interval.high)) if interval else ()
    criteria = [
        {"code": {"coding": [{"system": "http://loinc.org", "code": code}]}, "value": value}
        for code, value in bounds
        if value
    ]
    recommendation = {
        "vaccineCode": [product.get("code") or {"text": "?"}],
        "forecastStatus": {"coding": [{"system": STATUSES, "code": "due"}]},
        "dateCriterion": criteria,
        "description": " ; ".join(note["text"] for note in reading.notes(statement)),
    }
    body = extended(
        {"extension": [*reading.link(statement), *(_kept(kind) if kind else [])]},
        {"patient": reading.subject, "date": reading.time or "1900"},
        reading.people(statement),
        {"recommendation": [filled(recommendation)]},
    )
    yield reading.put("ImmunizationRecommendation", statement, body)


def build_recommendation(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the substanceAdministration of one recommended vaccination."""
    (resource,) = resources
    row = writing.row()
    advice: Tree = next(iter(resource.get("recommendation", ())), {})
    vaccine: Tree = next(iter(advice.get("vaccineCode", ())), {})
    templates = (*RECOMMENDATION_PARENTS, RECOMMENDATION)
    made = writing.statement("substanceAdministration", templates, mood="INT", negated=False)
    kind = value_of(resource, KIND, "valueCodeableConcept") or IMMUNIZATION
    dates = {each["code"]["coding"][0]["code"]: each.get("value") for each in advice.get("dateCriterion", ())}
    row.tell("Date", french.span({"start": dates.get(EARLIEST), "end": dates.get(LATEST)}))
    time = from_to(dates.get(EARLIEST), dates.get(LATEST))
    time.set(XSI_TYPE, "IVL_TS")
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", kind))
    add(made, text_at(row.point("Vaccin", said(vaccine), link_of(resource))), status("active"), time)
    add(made, build_product({"code": vaccine}, writing, row, "Vaccin", link=link_of(resource), keeps_classes=True))
    add(made, *writing.people(resource, "author"))
    notes = [{"text": text} for text in (advice.get("description") or "").split(" ; ") if text]
    return add(made, *writing.comments({"note": notes}, row))


ENTRIES = (
    Kind(
        template=VACCINATION,
        parents=PARENTS,
        known_by=PARENTS[1:],
        read=read,
        takes=lambda resource: resource.get("resourceType") == "Immunization",
        build=build,
        reads_negation=True,
    ),
    Kind(
        template=RECOMMENDATION,
        parents=RECOMMENDATION_PARENTS,
        known_by=RECOMMENDATION_PARENTS[1:],
        read=read_recommendation,
        takes=lambda resource: resource.get("resourceType") == "ImmunizationRecommendation",
        build=build_recommendation,
    ),
)
