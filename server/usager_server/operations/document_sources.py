"""What a document is made of: a stored Composition, and the resources it leads to, read a round at a time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from usager_server.errors import Issue, Unprocessable
from usager_server.interactions.limits import DOCUMENT_RESOURCES_LIMIT
from usager_server.interactions.places import place_of
from usager_server.interactions.session import Session
from usager_server.operations.stored_resources import read_one, read_resources

Resource = dict[str, Any]

ROUNDS = 5
"""A report leads to results, results to members, members to roles, roles to people and structures."""

NAME = re.compile(r"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[0-9]+)?")
# What a resource of a document may bring along. Never a person: a link from a record to another leads out of it.
FOLLOWED = frozenset(
    (
        *("Organization", "Practitioner", "PractitionerRole", "Device", "RelatedPerson", "Location", "Encounter"),
        *("Binary", "Medication", "Substance", "Specimen", "Observation", "Condition", "Procedure", "Goal"),
        *("MedicationStatement", "MedicationRequest", "MedicationAdministration", "Immunization", "ServiceRequest"),
        *("DeviceUseStatement", "DiagnosticReport", "AllergyIntolerance", "CareTeam", "HealthcareService"),
    )
)


@dataclass(slots=True)
class Sources:
    """The Composition and what it leads to, by "Type/id"."""

    composition: Resource
    others: dict[str, Resource] = field(default_factory=dict)

    def entries(self, base_url: str) -> Sequence[tuple[str, Resource]]:
        """Return (fullUrl, resource), the Composition first, the others in an order that is always the same."""
        first = f"Composition/{self.composition['id']}", self.composition
        return [(f"{base_url}/{name}", resource) for name, resource in (first, *sorted(self.others.items()))]


async def read_sources(session: Session, key: str) -> Sources:
    """Return what the document of a Composition is made of.

    Shape   all that the Composition refers to on this server, save other documents (relatesTo); then, ROUNDS deep, what
            those lead to among FOLLOWED.
    Errors  NotFound (404), Gone (410); Unprocessable (422) when the Composition refers to what is not here, one issue
            each, or leads to over DOCUMENT_RESOURCES_LIMIT resources.
    Source  FHIR R4 composition-operation-document.html, documents.html#content.
    """
    sources = Sources(await read_one(session, "Composition", key))
    told = {name: value for name, value in sources.composition.items() if name != "relatesTo"}
    wanted = set(_references(told))
    sources.others |= await _read(session, sources, wanted)
    _refuse_missing(told, wanted - sources.others.keys())
    last = list(sources.others.values())
    for _ in range(ROUNDS - 1):
        named = {name for resource in last if resource["resourceType"] != "Patient" for name in _links(resource)}
        found = await _read(session, sources, {name for name in named if name.partition("/")[0] in FOLLOWED})
        if not found:
            break
        sources.others |= found
        last = list(found.values())
    return sources


async def _read(session: Session, sources: Sources, wanted: set[str]) -> dict[str, Resource]:
    """Return those that are there and not at hand yet. Errors: Unprocessable (422) when there would be too many."""
    new = wanted - sources.others.keys() - {f"Composition/{sources.composition['id']}"}
    if len(sources.others) + len(new) > DOCUMENT_RESOURCES_LIMIT:
        text = f"The Composition leads to over {DOCUMENT_RESOURCES_LIMIT} resources; a document holds no more"
        raise Unprocessable(text, "Composition", code="too-costly")
    from usager_server.identity.diffusion import leaving

    found = await read_resources(session, new) if new else {}
    return {name: leaving(each) if each["resourceType"] == "Patient" else each for name, each in found.items()}


def _refuse_missing(told: Resource, missing: set[str]) -> None:
    """Refuse a document without what its Composition refers to: FHIR wants it all inside."""
    issues = [
        Issue("error", "not-found", f"There is no {name} here", f"{place_of(told, holder)}.reference")
        for holder in _holders(told)
        if (name := _name(holder["reference"])) in missing
    ]
    if issues:
        raise Unprocessable(issues=issues)


def _links(resource: Resource) -> Iterator[str]:
    """Yield what a resource refers to, the file of a DocumentReference included."""
    yield from _references(resource)
    for content in resource.get("content", ()) if resource["resourceType"] == "DocumentReference" else ():
        name = _name(str((content.get("attachment") or {}).get("url")))
        if name is not None:
            yield name


def _references(tree: Any) -> Iterator[str]:
    return (name for holder in _holders(tree) if (name := _name(holder["reference"])) is not None)


def _holders(tree: Any) -> Iterator[Resource]:
    """Yield the References of a tree that say where they lead."""
    if isinstance(tree, dict):
        if isinstance(tree.get("reference"), str):
            yield tree
        for value in tree.values():
            yield from _holders(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _holders(value)


def _name(reference: str) -> str | None:
    """Return "Type/id" of a reference to this server: stored ones are relative."""
    found = NAME.fullmatch(reference)
    return f"{found[1]}/{found[2]}" if found else None
