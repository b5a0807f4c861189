"""Who is who in a document: each person and structure once, by national identifier, never merged by name alone."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypeVar
from urllib.parse import quote
from uuid import UUID, uuid5

from usager_cda import systems
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.errors import Finding
from usager_cda.header import Header, Organization, Party

NAMESPACE = UUID("5f0d6c9e-0f0c-5d0e-9a3c-2f6a1e0f8b71")

# What has a meaning in the value of a search (FHIR R4 search, 3.1.1.4.0.1).
ESCAPED = str.maketrans({letter: "\\" + letter for letter in "\\,$|"})

Known = TypeVar("Known", Organization, Party)


@lru_cache(maxsize=4096)
def uuid_of(*parts: str) -> str:
    """Return a UUID that is always the same for the same words."""
    return str(uuid5(NAMESPACE, "|".join(parts)))


def oid_of(*parts: str) -> II:
    """Return an OID that is always the same for the same words: under 2.25, which needs no registration (XDS)."""
    return II(f"2.25.{UUID(uuid_of(*parts)).int}")


def scoped_identifier(*parts: str) -> Tree:
    """Return an identifier of our own for what has none: the same words always give the same one."""
    return {"system": systems.SCOPED, "value": uuid_of(*parts)}


def condition(identifiers: Iterable[Tree]) -> str:
    """Return the ifNoneExist query that finds a resource by any of its identifiers."""
    tokens = (f"{each['system']}|{_escaped(each['value'])}" for each in identifiers)
    return "identifier=" + ",".join(quote(token, safe=":/|.-_") for token in tokens)


def _escaped(value: str) -> str:
    return value.translate(ESCAPED)


@lru_cache(maxsize=4096)
def normalised(text: str) -> str:
    """Return a name without case, accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


@dataclass(slots=True)
class Assembly:
    """The parties of a document, collected before any resource is made: a later mention completes an earlier one.

    Shape   keys are identities; the same key in another document is the same person or structure. disputed holds the
            keys of those that bear an identifier another name had first.
    """

    header: Header
    organizations: dict[str, Organization] = field(default_factory=dict)
    people: dict[str, Party] = field(default_factory=dict)
    roles: dict[str, tuple[str, str | None, Party]] = field(default_factory=dict)
    devices: dict[str, Party] = field(default_factory=dict)
    relatives: dict[str, Party] = field(default_factory=dict)
    disputed: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)

    @property
    def scope(self) -> str:
        """Return the identity that all versions of the document share."""
        return str(self.header.set_id or self.header.id)

    def organization(self, organization: Organization, *, is_place: bool = False) -> str:
        """Return the key of a structure. is_place: its name may be that of a building, and contradicts nothing."""
        key = self._key(organization.ids, systems.STRUCTURES, organization.name or "")
        known = self.organizations.get(key)
        if is_place and known is not None:
            organization = replace(organization, name=None)
        return self._keep(self.organizations, key, organization, _organization_name)

    def person(self, party: Party) -> str:
        """Return the key of a professional."""
        organization = party.organization.name if party.organization else ""
        key = self._key(party.ids, systems.PERSONS, f"{party.name}|{organization or ''}")
        return self._keep(self.people, key, replace(party, organization=None, code=None), _family_name)

    def device(self, party: Party) -> str:
        """Return the key of a software."""
        key = self._key(party.ids, systems.PERSONS, f"{party.device}")
        self.devices[key] = _completed(self.devices[key], party) if key in self.devices else party
        return key

    def relative(self, party: Party) -> str:
        """Return the key of a relative: someone of that name, with that link to that patient."""
        code = f"{party.code.system}^{party.code.code}" if party.code else ""
        patient = str(self.header.patient.ids[0]) if self.header.patient.ids else self.scope
        key = "|".join((patient, party.class_code or "", code, normalised(str(party.name or ""))))
        self.relatives.setdefault(key, party)
        return key

    def role(self, party: Party) -> str:
        """Return the key of a professional in a function or a structure."""
        person = self.person(party)
        organization = self.organization(party.organization) if party.organization else None
        code = f"{party.code.system}^{party.code.code or party.code.text}" if party.code else ""
        key = "|".join((person, organization or "", code))
        self.roles.setdefault(key, (person, organization, party))
        return key

    def _key(self, ids: tuple[II, ...], national: str, otherwise: str) -> str:
        ranked = sorted((ii for ii in ids if ii.is_known), key=lambda ii: ii.root != national)
        return str(ranked[0]) if ranked else f"{self.scope}|{normalised(otherwise)}"

    def _keep(self, known: dict[str, Known], key: str, found: Known, name_of: Callable[[Known], str]) -> str:
        before = known.get(key)
        if before is None:
            known[key] = found
            return key
        names = (name_of(before), name_of(found))
        if all(names) and names[0] != names[1]:
            return self._dispute(known, key, found)
        known[key] = _completed(before, found)
        self._report_other_contacts(key, before, found)
        return key

    def _dispute(self, known: dict[str, Known], key: str, found: Known) -> str:
        name = str(found.name)
        own = f"{self.scope}|{key}|{normalised(name)}"
        if own not in known:
            message = f"The identifier {key} is given to two names; the second ({name}) is kept apart"
            self.findings.append(Finding("warning", message))
        known.setdefault(own, found)
        self.disputed.add(own)
        return own

    def _report_other_contacts(self, key: str, before: Known, found: Known) -> None:
        differs = (found.addresses and before.addresses and found.addresses != before.addresses) or (
            found.telecoms and before.telecoms and found.telecoms != before.telecoms
        )
        if differs:
            message = f"{key} has several addresses or telecoms; the first ones are kept, the others in the original"
            self.findings.append(Finding("information", message))
        for name, what in (("name", "names"), ("industry", "practice settings")):
            first, other = getattr(before, name, None), getattr(found, name, None)
            if first and other and other not in (first, self._setting()):
                message = f"{key} has several {what}; the first one is kept, the others in the original"
                self.findings.append(Finding("information", message))

    def _setting(self) -> Code | None:
        """Return the practice setting of the main act, which is kept beside the structures."""
        performed = (part.party.organization for part in self.header.main_act.performers)
        return next((organization.industry for organization in performed if organization), None)


def _completed(before: Known, found: Known) -> Known:
    """Return the first mention with what only a later one says, its further identifiers included."""
    if before == found and len(before.ids) < 2:
        return before
    names = before.__dataclass_fields__
    gaps = {name: getattr(found, name) for name in names if getattr(before, name) in (None, ())}
    return replace(before, **{**gaps, "ids": tuple(dict.fromkeys((*before.ids, *found.ids)))})


def _organization_name(organization: Organization) -> str:
    return normalised(organization.name or "")


def _family_name(party: Party) -> str:
    return normalised(party.name.family("CL", None, "BR", "SP") or party.name.text or "") if party.name else ""
