"""Concern acts, around problems and around allergies: each is kept in an extension of what it is about."""

from collections.abc import Callable, Iterable, Sequence
from functools import wraps

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import extension_of, filled, put_extension, value_of
from usager_cda.datatypes.identifiers import II, build_ii, identifier_from_ii, ii_from_identifier, parse_ii
from usager_cda.datatypes.times import period_from_interval
from usager_cda.fhir.resolver import Resolver
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, from_to, related, said, status
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import Node, attribute

CONCERN = f"{EXTENSIONS}/cda-concern"
VERIFICATION_CODES = {"confirmed": "Confirmé", "unconfirmed": "Non confirmé", "refuted": "Réfuté"}
# What the status of a concern says of a problem that has no status of its own.
BY_CONCERN = {"completed": "resolved", "aborted": "inactive", "suspended": "inactive"}

Read = Callable[[Statement, Reading, Tree | None], Iterable[Tree]]
Build = Callable[[Tree, Writing], Node]


def concern_kind(number: str, parent: str, inside: tuple[str, ...], kind: str, read: Read, build: Build) -> Kind:
    """Return the kind of a concern act.

    Shape   number is that of its French template, parent that of IHE; inside are the templates of what it holds, of
            which read and build make one resource of this kind each.
    """
    parents = (f"{CCD}27", f"{IHE}1.5.3.1.4.5.1", f"{IHE}1.5.3.1.4.5.{parent}")
    template = f"{FR_ENTRY}{number}"

    @wraps(read)
    def read_all(statement: Statement, reading: Reading) -> Iterable[Tree]:
        concern = concern_of(statement, reading)
        for found in statement.related(*inside):
            yield from read(found, reading, concern)

    def build_all(resources: Sequence[Tree], writing: Writing) -> Node:
        held = [related("SUBJ", build(resource, writing), inverted=False) for resource in resources]
        return concern_act(resources[0], (*parents, template), held, writing)

    return Kind(
        template=template,
        parents=parents,
        known_by=parents[2:],
        read=read_all,
        takes=lambda resource: resource.get("resourceType") == kind,
        build=build_all,
        groups=concern_key,
    )


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


def concern_ids(concern: Tree | None) -> list[II]:
    """Return the id of a concern: treatments name problems by it too."""
    ii = ii_from_identifier(value_of(concern or {}, "identifier", "valueIdentifier") or {})
    return [ii] if ii else []


def concern_key(resource: Tree, _: Resolver) -> str | None:
    """Return what resources of one concern act share; None for one that stands alone."""
    concern = extension_of(resource, CONCERN) or {}
    identifier = value_of(concern, "identifier", "valueIdentifier") or {}
    return f"{identifier.get('system')}|{identifier.get('value')}" if identifier else None


def concern_act(resource: Tree, templates: Sequence[str], inside: list[Node], writing: Writing) -> Node:
    """Return a concern act, as its extension keeps it, else as the state of its first resource implies."""
    concern = extension_of(resource, CONCERN) or {}
    made = writing.statement("act", templates)
    ii = ii_from_identifier(value_of(concern, "identifier", "valueIdentifier") or {})
    period = value_of(concern, "period", "valuePeriod") or {}
    code = value_of(concern, "status", "valueCode")
    start, end = period.get("start"), period.get("end")
    if code is None:
        start, end = resource.get("onsetDateTime"), resource.get("abatementDateTime")
        code = "completed" if end else "active"
    elif (start, end) != (resource.get("onsetDateTime"), resource.get("abatementDateTime")):
        told = french.span(period)
        writing.row().tell("Suivi", f"{said(resource.get('code'))} : {told}" if told else None)
    is_over = code in ("completed", "aborted")
    add(made, build_ii("id", ii or writing.new_id("concern", resource)), node("code", nullFlavor="NA"), status(code))
    interval = from_to(start, end if is_over else None)
    if is_over and not end:
        interval.append(node("high", nullFlavor="UNK"))
    return add(made, interval, *inside)


def status_said(said_so: Tree | None, concern: Tree | None, system: str, known: dict[str, str]) -> Tree:
    """Return a clinicalStatus: as the statement says, else as its concern implies."""
    code = first_code(said_so)
    if code not in known:
        return {"coding": [{"system": system, "code": implied_by(concern)}]}
    coding = {**said_so["coding"][0], "system": system} if said_so else {}
    return filled({"coding": [coding], "text": (said_so or {}).get("text")})


def implied_by(concern: Tree | None) -> str:
    """Return the clinical status that the status of a concern implies."""
    return BY_CONCERN.get(value_of(concern or {}, "status", "valueCode") or "", "active")


def verification_said(certainty: Tree | None, system: str, *, is_negated: bool) -> Tree | None:
    """Return a verificationStatus: what is denied is refuted, else as the statement says."""
    if is_negated:
        return {"coding": [{"system": system, "code": "refuted"}]}
    if first_code(certainty) not in VERIFICATION_CODES:
        return None
    coding = {**(certainty or {})["coding"][0], "system": system}
    return filled({"coding": [coding], "text": (certainty or {}).get("text")})


def own_status(resource: Tree, labels: dict[str, str]) -> Tree | None:
    """Return the clinical status of a resource, labelled; None when it is only what its concern implies."""
    concept, concern = resource.get("clinicalStatus"), extension_of(resource, CONCERN)
    is_bare = concept is not None and not concept.get("text") and "display" not in concept["coding"][0]
    if is_bare and concern is not None and first_code(concept) == implied_by(concern):
        return None
    return labelled(concept, labels)


def labelled(concept: Tree | None, labels: dict[str, str]) -> Tree | None:
    """Return a status with its French label; None when the CI-SIS does not know it."""
    code = first_code(concept)
    if code not in labels:
        return None
    coding = {"display": labels[code], **(concept or {})["coding"][0]}
    return filled({"coding": [coding], "text": (concept or {}).get("text")})


def first_code(concept: Tree | None) -> str:
    """Return the first code of a CodeableConcept, or nothing."""
    codings = (concept or {}).get("coding") or [{}]
    return codings[0].get("code") or ""
