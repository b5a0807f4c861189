"""Finding the resource a Reference means: contained, by fullUrl, by type and id, or by identifier."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from usager_cda.datatypes import Tree

# What a document is made of; other links of its resources lead out of it.
WANTED = re.compile(
    r"(Patient|Practitioner|PractitionerRole|Organization|Device|RelatedPerson|Encounter|Location|Binary"
    r"|DocumentReference|Consent|Condition|AllergyIntolerance|MedicationStatement|MedicationRequest|Medication"
    r"|Immunization|ImmunizationRecommendation|Observation|Procedure|ServiceRequest|DeviceUseStatement|DeviceRequest"
    r"|FamilyMemberHistory|AdverseEvent|DiagnosticReport|Specimen|CarePlan|Goal|Task)/[A-Za-z0-9\-.]{1,64}"
)


class Resolver:
    """The resources of a Bundle, and those the caller adds, under every name they may be referred to by.

    Shape   base_url is the address of the server at hand: an absolute reference under it is one to "Type/id".
            References to other servers lead nowhere.
    """

    def __init__(self, resources: Iterable[tuple[str | None, Tree]], base_url: str | None = None) -> None:
        self._base = f"{base_url.rstrip('/')}/" if base_url else None
        self._by_name: dict[str, Tree] = {}
        self._by_identifier: dict[tuple[str, str | None, str | None], Tree] = {}
        for full_url, resource in resources:
            self.add(resource, full_url)

    def add(self, resource: Tree, full_url: str | None = None) -> None:
        """Make one more resource known."""
        name = f"{resource.get('resourceType')}/{resource.get('id')}"
        for each in filter(None, (full_url, name)):
            self._by_name.setdefault(each, resource)
        for identifier in _listed(resource.get("identifier")):
            key = (str(resource.get("resourceType")), identifier.get("system"), identifier.get("value"))
            self._by_identifier.setdefault(key, resource)

    def of_type(self, resource_type: str) -> Tree | None:
        """Return the first resource of a type."""
        return next((found for found in self._by_name.values() if found.get("resourceType") == resource_type), None)

    def every(self, resource_type: str) -> list[Tree]:
        """Return the resources of a type, each once."""
        found = (each for each in self._by_name.values() if each.get("resourceType") == resource_type)
        return list({id(each): each for each in found}.values())

    def find(self, reference: Tree | None, holder: Tree | None = None) -> Tree | None:
        """Return the resource of a Reference, or None; holder is the resource that may contain it."""
        text = (reference or {}).get("reference")
        if isinstance(text, str) and text.startswith("#"):
            return _contained(holder or {}, text[1:])
        if isinstance(text, str):
            return self._by_name.get(text) or self._by_name.get(self._relative(text))
        identifier = (reference or {}).get("identifier") or {}
        key = (str((reference or {}).get("type")), identifier.get("system"), identifier.get("value"))
        return self._by_identifier.get(key)

    def missing(self, resource: Tree) -> set[str]:
        """Return the references ("Type/id") to parts of a document that are not at hand."""
        texts = {self._relative(text) for text in _references(resource)}
        return {text for text in texts if WANTED.fullmatch(text) and text not in self._by_name}

    def _relative(self, text: str) -> str:
        plain = text.partition("/_history/")[0]
        return plain.removeprefix(self._base) if self._base else plain


def _contained(holder: Tree, key: str) -> Tree | None:
    found = (resource for resource in holder.get("contained", ()) if resource.get("id") == key)
    return next(found, None)


def _listed(value: Any) -> list[Tree]:
    found = value if isinstance(value, list) else [value]
    return [each for each in found if isinstance(each, dict)]


def _references(tree: Any) -> Iterator[str]:
    if isinstance(tree, dict):
        reference = tree.get("reference")
        if isinstance(reference, str):
            yield reference
        for value in tree.values():
            yield from _references(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _references(value)
