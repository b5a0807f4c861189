"""Advance directives <-> Consent: what is wanted or refused is its provision."""

from collections.abc import Iterable, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.nulls import nothing
from usager_cda.structured import french
from usager_cda.structured.files import build_file, read_file
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.remarks import as_extensions, with_notes
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, from_to, link_of, related, said, status, text_at
from usager_cda.tree import HL7, XSI_TYPE, Node

DIRECTIVE = f"{FR_ENTRY}54"
PARENTS = (f"{CCD}17", f"{IHE}1.5.3.1.4.13", f"{IHE}1.5.3.1.4.13.7")
SCOPE = {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "adr"}
CATEGORY = {"system": "http://loinc.org", "code": "42348-3", "display": "Directives anticipées"}
POLICY = "Code de la santé publique, article L. 1111-11"
TYPES = {True: "permit", False: "deny"}
FROM_TYPES = {"permit": "true", "deny": "false"}


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a Consent."""
    statement.skip("statusCode")
    when = reading.when(statement.first("effectiveTime"), "")
    period = when.get("Period") or filled({"start": when.get("DateTime")})
    provision = {
        "type": TYPES.get(reading.boolean(statement)),  # type: ignore[arg-type]  # None has no type
        "period": period,
        "code": [reading.concept(statement.first("code")) or nothing("UNK")],
    }
    body = extended(
        {"extension": [*reading.link(statement), *as_extensions(reading.notes(statement))]},
        {"status": "active", "scope": {"coding": [SCOPE]}, "category": [{"coding": [CATEGORY]}]},
        {"patient": reading.subject, "sourceAttachment": _file(statement, reading), "policyRule": {"text": POLICY}},
        reading.people(statement),
        {"provision": filled(provision)},
    )
    yield reading.put("Consent", statement, body)


def _file(statement: Statement, reading: Reading) -> Tree | None:
    """Return the directives themselves, when the document holds them."""
    for relation in statement.inner():
        inner = relation.inner
        if inner is not None and inner.element.tag == HL7 + "observationMedia" and not relation.taken:
            relation.taken = True
            inner.forget()
            return read_file(inner.element, reading)
    return None


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the observation of one directive."""
    (resource,) = resources
    row = writing.row()
    provision = resource.get("provision") or {}
    code: Tree = next(iter(provision.get("code", ())), {"coding": [CATEGORY]})
    made = writing.statement("observation", (*PARENTS, DIRECTIVE))
    reference = row.point("Directive", said(code), link_of(resource))
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", code), text_at(reference), status("completed"))
    period = provision.get("period") or {}
    start = period.get("start") or resource.get("dateTime")
    row.tell("Date", french.span({"start": start, "end": period.get("end")}))
    add(made, from_to(start, period.get("end")))
    answer = FROM_TYPES.get(provision.get("type", ""))
    if answer:
        row.tell("Souhait", "Oui" if answer == "true" else "Non")
        value = node("value", value=answer)
        value.set(XSI_TYPE, "BL")
        made.append(value)
    add(made, *writing.people(resource, "author"), *writing.people(resource, "informant"))
    if resource.get("sourceAttachment"):
        media = build_file(resource["sourceAttachment"], writing, writing.words.new_id())
        add(made, None if media is None else related("COMP", media))
    return add(made, *writing.comments(with_notes(resource), row))


ENTRY = Kind(
    template=DIRECTIVE,
    parents=PARENTS,
    known_by=PARENTS[2:],
    read=read,
    takes=lambda resource: resource.get("resourceType") == "Consent",
    build=build,
)
