"""Simple observations and what is specialised from them (habits, prostheses, results) <-> Observation."""

from collections.abc import Iterable, Sequence
from functools import partial

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.nulls import nothing
from usager_cda.datatypes.quantities import build_quantity
from usager_cda.datatypes.values import build_value
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, effective_time, link_of, said, status, text_at
from usager_cda.tree import XSI_TYPE, Node

SIMPLE = (f"{IHE}1.5.3.1.4.13", f"{FR_ENTRY}48")
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
STATUSES = {"active": "preliminary", "aborted": "cancelled", "cancelled": "cancelled", "suspended": "registered"}
FROM_STATUSES = {"preliminary": "active", "registered": "active", "cancelled": "aborted"}
# Moments that the CI-SIS wants as an interval of one point, lengths of time as its width, costs as amounts of money.
INTERVALS = frozenset({"GEN-370", "GEN-244"})
DURATIONS = frozenset({"GEN-353"})
AMOUNTS = frozenset({"ORG-200", "ORG-201"})

Category = str | None


def read(statement: Statement, reading: Reading, category: Category = None) -> Iterable[Tree]:
    """Yield the Reference of an Observation."""
    yield reading.put("Observation", statement, content(statement, reading, category))


def content(statement: Statement, reading: Reading, category: Category = None) -> Tree:
    """Return what an observation says, its identity aside."""
    code = reading.concept(statement.first("code"))
    site = reading.concept(statement.first("targetSiteCode"))
    return extended(
        {"extension": reading.link(statement)},
        {"status": STATUSES.get(_status(statement), "final")},
        {"category": [{"coding": [{"system": CATEGORIES, "code": category}]}]} if category else {},
        {"code": code or nothing("UNK"), "subject": reading.subject},
        reading.when(statement.first("effectiveTime")),
        reading.people(statement, performer="performer"),
        reading.value(statement),
        {"interpretation": [made for each in statement.every("interpretationCode") if (made := reading.concept(each))]},
        {"note": reading.notes(statement)},
        {"bodySite": site, "method": reading.concept(statement.first("methodCode"))},
    )


def _status(statement: Statement) -> str:
    element = statement.first("statusCode")
    return "" if element is None else element.get("code") or ""


def build(resources: Sequence[Tree], writing: Writing, templates: tuple[str, ...], default: str = "BL") -> Node:
    """Return the observation of one Observation."""
    (resource,) = resources
    row = writing.row()
    if resource.get("component"):
        text = "The components are left out: only those of blood pressure, among vital signs, are written"
        writing.report(text, "Observation.component")
    made = writing.statement("observation", templates)
    label = french.name(resource.get("code"))
    reference = row.point("Observation", label, link_of(resource))
    row.tell("Résultat", french.value(resource))
    row.tell("Date", french.moment(resource, "effective"))
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", resource.get("code")), text_at(reference))
    add(made, status(FROM_STATUSES.get(resource.get("status", ""), "completed")), effective_time(resource))
    interpretations = map(partial(writing.coded, "interpretationCode"), resource.get("interpretation", ()))
    add(made, _value(resource, default), *interpretations)
    if resource.get("method"):
        add(made, writing.coded("methodCode", resource["method"]))
    add(made, _site(resource, writing, row))
    add(made, *writing.people(resource, "performer", "performer"), *writing.people(resource, "author"))
    return add(made, *writing.people(resource, "informant"), *writing.comments(resource, row))


def _value(resource: Tree, default: str) -> Node | None:
    """Return the value of an observation, of the datatype that the CI-SIS wants for its code."""
    value, code = build_value(resource, default=default), code_of(resource)
    if value is None:
        return None
    if code in INTERVALS:
        value.set(XSI_TYPE, "IVL_TS")
    elif code in AMOUNTS and "valueQuantity" in resource:
        value.set(XSI_TYPE, "MO")
    elif code in DURATIONS and "valueQuantity" in resource:
        value = add(node("value"), build_quantity("width", resource["valueQuantity"]))
        value.set(XSI_TYPE, "IVL_TS")
    return value


def _site(resource: Tree, writing: Writing, row: Row) -> Node | None:
    site = resource.get("bodySite") or {}
    if site.get("text"):
        return writing.coded("targetSiteCode", site, row.say("Localisation", site["text"]))
    row.tell("Localisation", said(site))
    return writing.coded("targetSiteCode", site or None)


def code_of(resource: Tree | None) -> str | None:
    """Return the first code of a resource."""
    codings = ((resource or {}).get("code") or {}).get("coding") or [{}]
    code: str | None = codings[0].get("code")
    return code


def is_observation(resource: Tree, category: Category = None) -> bool:
    """Say whether a resource is a plain Observation, of a category when one is asked for."""
    if resource.get("resourceType") != "Observation" or resource.get("hasMember"):
        return False
    listed = (coding.get("code") for each in resource.get("category", ()) for coding in each.get("coding", ()))
    return category is None or category in listed


def _kind(
    number: str,
    parents: tuple[str, ...],
    category: Category = None,
    *,
    default: str = "BL",
    known_by: tuple[str, ...] = (),
) -> Kind:
    templates = (*parents, f"{FR_ENTRY}{number}")
    return Kind(
        template=f"{FR_ENTRY}{number}",
        parents=parents,
        known_by=known_by,
        read=partial(read, category=category),
        takes=is_observation,
        build=partial(build, templates=templates, default=default),
    )


PREGNANCY = (f"{IHE}1.5.3.1.4.13", f"{IHE}1.5.3.1.4.13.5")
VITAL_SIGN = (f"{CCD}31", f"{IHE}1.5.3.1.4.13", f"{IHE}1.5.3.1.4.13.2")
ENTRIES = (
    _kind("48", SIMPLE[:1], known_by=SIMPLE[:1]),
    _kind("12", SIMPLE),
    _kind("209", SIMPLE, "laboratory"),
    _kind("53", PREGNANCY, default="CD", known_by=PREGNANCY[1:]),
    _kind("50", VITAL_SIGN, "vital-signs", default="PQ", known_by=VITAL_SIGN[2:]),
    _kind(
        "52",
        (f"{CCD}33", f"{IHE}1.5.3.1.4.13", f"{IHE}1.5.3.1.4.13.4"),
        "social-history",
        default="CD",
        known_by=(f"{IHE}1.5.3.1.4.13.4",),
    ),
)
