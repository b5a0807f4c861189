"""Acts <-> Procedure (done) and ServiceRequest (planned)."""

from collections.abc import Iterable, Sequence

from usager_cda.building import add
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import value_of
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE, Kind
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.reasons import build_reasons, read_reasons
from usager_cda.structured.statement import Statement
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, effective_time, link_of, said, status, text_at
from usager_cda.tree import Node, attribute

PROCEDURE = f"{FR_ENTRY}62"
PARENT = f"{IHE}1.5.3.1.4.19"
DONE, PLANNED = f"{CCD}29", f"{CCD}25"
STATUSES = {"completed": "completed", "active": "in-progress", "aborted": "stopped", "cancelled": "not-done"}
FROM_STATUSES = {"in-progress": "active", "stopped": "aborted", "not-done": "cancelled"}
REQUEST_STATUSES = {"completed": "completed", "aborted": "revoked", "cancelled": "revoked", "suspended": "on-hold"}
FROM_REQUEST_STATUSES = {"completed": "completed", "revoked": "aborted", "on-hold": "suspended"}
ABSENT = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
APPROACH_CODE = "https://usager.example/fhir/StructureDefinition/cda-approach-site"
# HL7 v3 ActPriority -> R4 priority; the code itself is kept beside it.
PRIORITIES = {"A": "asap", "EM": "stat", "S": "stat", "UR": "urgent", "R": "routine", "EL": "routine"}
PRIORITY = "https://usager.example/fhir/StructureDefinition/cda-priority"


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a Procedure, or of a ServiceRequest for an act to come."""
    is_planned = statement.mood != "EVN"
    code = reading.concept(statement.first("code"))
    state = attribute(statement.first("statusCode"), "code") or "completed"
    approach = reading.concept(statement.first("approachSiteCode"))
    priority = reading.concept(statement.first("priorityCode"))
    site = [made for each in statement.every("targetSiteCode") if (made := reading.concept(each))]
    common = extended(
        {"extension": [*reading.link(statement), *_kept(APPROACH_CODE, approach), *_kept(PRIORITY, priority)]},
        {"code": code, "bodySite": site, "subject": reading.subject},
        reading.when(statement.first("effectiveTime"), "occurrence" if is_planned else "performed"),
        reading.people(statement, author="requester" if is_planned else "recorder"),
        read_reasons(statement, reading),
        {"note": reading.notes(statement)},
    )
    if is_planned:
        planned = {"status": REQUEST_STATUSES.get(state, "active"), "intent": "plan", "priority": _priority(priority)}
        yield reading.put("ServiceRequest", statement, {**planned, **common})
        return
    done = "not-done" if statement.is_negated and not is_absent(code) else STATUSES.get(state, "unknown")
    common["performer"] = _performers(common)
    yield reading.put("Procedure", statement, {"status": done, **common})


def _kept(url: str, concept: Tree | None) -> list[Tree]:
    return [{"url": url, "valueCodeableConcept": concept}] if concept else []


def _priority(concept: Tree | None) -> str | None:
    codings = (concept or {}).get("coding") or [{}]
    return PRIORITIES.get(codings[0].get("code", ""))


def _performers(body: Tree) -> list[Tree]:
    """Return performer.actor for the participations that are performers."""
    parts = [each["extension"] for each in body.get("extension", ()) if each["url"].endswith("document-participation")]
    roles = [{part["url"]: part for part in each} for each in parts]
    return [
        {"actor": part["party"]["valueReference"]}
        for part in roles
        if part["role"]["valueCode"] == "performer" and "party" in part
    ]


def is_absent(code: Tree | None) -> bool:
    """Say whether a code says that there is none, or nothing known of any."""
    return any(coding.get("system") == ABSENT for coding in (code or {}).get("coding", ()))


def takes(resource: Tree) -> bool:
    """Say whether a resource is an act; a request without a code of one is an order of something else."""
    return resource.get("resourceType") == "Procedure" or (
        resource.get("resourceType") == "ServiceRequest" and not is_observation_request(resource)
    )


def is_observation_request(resource: Tree) -> bool:
    """Say whether a ServiceRequest asks for an examination or a follow-up."""
    listed = (coding.get("code") for each in resource.get("category", ()) for coding in each.get("coding", ()))
    return any(code in EXAMINATIONS for code in listed)


# SNOMED CT: laboratory procedure, imaging, evaluation procedure; the last is what an order read from a CDA is given.
EXAMINATIONS = frozenset({"108252007", "363679005", "386053000"})


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the procedure of one act."""
    (resource,) = resources
    row = writing.row()
    is_planned = resource["resourceType"] == "ServiceRequest"
    name = "occurrence" if is_planned else "performed"
    row.tell("Date", french.day(resource.get(f"{name}DateTime")) or french.span(resource.get(f"{name}Period")))
    templates = (PARENT, PLANNED if is_planned else DONE, PROCEDURE)
    code = resource.get("code")
    is_denied = resource.get("status") == "not-done" or is_absent(code)
    made = writing.statement("procedure", templates, mood="INT" if is_planned else "EVN", negated=is_denied)
    reference = row.point("Acte", said(code), link_of(resource))
    words = row.say("Acte", said(code)) if (code or {}).get("text") else None
    add(made, *writing.ids_of(resource, most=1), writing.coded("code", code, words), text_at(reference))
    known = FROM_REQUEST_STATUSES if is_planned else FROM_STATUSES
    add(made, status(known.get(resource.get("status", ""), "active" if is_planned else "completed")))
    add(made, effective_time(resource, name, null="UNK"), *_sites(resource, writing, row))
    add(made, *writing.people(resource, "performer", "performer"))
    add(made, *writing.people(resource, "author", "requester" if is_planned else "recorder"))
    add(made, *writing.people(resource, "informant"), *build_reasons(resource, writing, row))
    return add(made, *writing.comments(resource, row))


def _sites(resource: Tree, writing: Writing, row: Row) -> Iterable[Node | None]:
    row.tell("Priorité", said(value_of(resource, PRIORITY, "valueCodeableConcept")))
    row.tell("Voie d'abord", said(value_of(resource, APPROACH_CODE, "valueCodeableConcept")))
    extensions = {each.get("url"): each.get("valueCodeableConcept") for each in resource.get("extension", ())}
    yield writing.coded("priorityCode", extensions.get(PRIORITY))
    yield writing.coded("approachSiteCode", extensions.get(APPROACH_CODE))
    for site in resource.get("bodySite", ()):
        row.tell("Localisation", said(site))
        yield writing.coded("targetSiteCode", site)


ENTRY = Kind(
    template=PROCEDURE,
    parents=(PARENT,),
    known_by=(PARENT,),
    read=read,
    takes=takes,
    build=build,
    reads_negation=True,
)
