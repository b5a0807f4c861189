"""Resources -> Header: a DocumentReference with what it refers to, read as the header of a document to be written."""

import re
from collections.abc import Iterator

from usager_cda import systems
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, code_from_concept
from usager_cda.datatypes.extensions import extension_of, extensions_of, value_of
from usager_cda.datatypes.identifiers import II, ii_from_identifier
from usager_cda.datatypes.times import interval_from_period
from usager_cda.fhir import names
from usager_cda.fhir.document_reference import RELATIONS
from usager_cda.fhir.participations import participation_of, participations_of, reference_key
from usager_cda.fhir.parties import organization_of, party_of
from usager_cda.fhir.patient import patient_from_resource
from usager_cda.fhir.resolver import Resolver
from usager_cda.fhir.stay import stay_of
from usager_cda.header import Act, Consent, Header, Organization, Parent, Participation, Patient

TYPE_CODES = {relation: type_code for type_code, relation in RELATIONS.items()}
UNIDENTIFIED = II()
POSITIVE = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)


def header_of_document(document: Tree, resolver: Resolver) -> Header:
    """Return the header that a DocumentReference tells: nothing is made up here (see `complete.py`)."""
    return _Reader(document, resolver).header()


class _Reader:
    def __init__(self, document: Tree, resolver: Resolver) -> None:
        self.document = document
        self.resolver = resolver
        self.context: Tree = document.get("context") or {}
        contents = document.get("content") or [{}]
        self.attachment: Tree = contents[0].get("attachment") or {}

    def header(self) -> Header:
        document = self.document
        facility = code_from_concept(self.context.get("facilityType"))
        encounter = next(iter(self.context.get("encounter", ())), None)
        return Header(
            id=ii_from_identifier(document.get("masterIdentifier") or {}) or UNIDENTIFIED,
            patient=self._patient(),
            code=code_from_concept(document.get("type")),
            title=self.attachment.get("title") or document.get("description"),
            time=self.attachment.get("creation") or document.get("date"),
            confidentiality=next((code_from_concept(each) for each in document.get("securityLabel", ())), None),
            language=self.attachment.get("language") or document.get("language"),
            set_id=self._set_id(),
            version=_positive(value_of(document, names.VERSION, "valueString")),
            authors=tuple(self._authors()),
            data_enterer=next(self._with_role("dataEnterer"), None),
            informants=tuple(self._with_role("informant")),
            custodian=self._organization(document.get("custodian")),
            recipients=tuple(self._with_role("informationRecipient")),
            legal_authenticator=self._legal_authenticator(),
            authenticators=tuple(self._with_role("authenticator")),
            participants=tuple(self._with_role("participant")),
            orders=tuple(self._orders()),
            acts=tuple(self._acts()),
            parents=tuple(self._parents()),
            consents=tuple(self._consents()),
            stay=stay_of(self.resolver.find(encounter, document), facility, self.resolver),
            media_type=self.attachment.get("contentType"),
        )

    def _patient(self) -> Patient:
        """Return the person: the local record, whose identity is the one this place answers for."""
        resource = self.resolver.find(self.document.get("subject"), self.document)
        if resource is None:
            resource = self.resolver.find(self.context.get("sourcePatientInfo"), self.document)
        return patient_from_resource(resource, self._organization) if resource else Patient()

    def _organization(self, reference: Tree | None) -> Organization | None:
        found = self.resolver.find(reference, self.document)
        return organization_of(found) if found and found.get("resourceType") == "Organization" else None

    def _set_id(self) -> II | None:
        listed = (each for each in self.document.get("identifier", ()) if each.get("system") == systems.DOCUMENT_SETS)
        return next((_from_xds(each.get("value", "")) for each in listed), None)

    def _with_role(self, role: str) -> Iterator[Participation]:
        return participations_of(self.document, role, self.resolver)

    def _authors(self) -> Iterator[Participation]:
        """Yield the authors, each with the participation that dates it."""
        told = self._told("author")
        for reference in self.document.get("author", ()):
            found = told.get(reference_key(reference), [])
            known = found.pop(0) if found else None
            party = party_of(self.resolver, reference, self.document)
            if known is not None:
                yield known
            elif party is not None:
                yield Participation("author", party)

    def _told(self, role: str) -> dict[str, list[Participation]]:
        told: dict[str, list[Participation]] = {}
        for extension in extensions_of(self.document, names.PARTICIPATION):
            if value_of(extension, "role", "valueCode") == role:
                found = participation_of(extension, role, self.resolver, self.document)
                told.setdefault(reference_key(value_of(extension, "party", "valueReference")), []).extend(
                    [found] if found else []
                )
        return told

    def _legal_authenticator(self) -> Participation | None:
        told = next(self._with_role("legalAuthenticator"), None)
        party = party_of(self.resolver, self.document.get("authenticator"), self.document)
        if party is None or (told is not None and told.party == party):
            return told
        return Participation("legalAuthenticator", party, time=told.time if told else None)

    def _orders(self) -> Iterator[II]:
        for related in self.context.get("related", ()):
            is_order = related.get("type") == "ServiceRequest" and related.get("identifier")
            order = ii_from_identifier(related["identifier"]) if is_order else None
            if order is not None:
                yield order

    def _acts(self) -> Iterator[Act]:
        told = [
            self._act(extension) for extension in extensions_of(self.document, names.ACT) if not _is_main(extension)
        ]
        events = [code_from_concept(event) for event in self.context.get("event", ())]
        for act in told:
            if act.code in events:
                events.reverse()
                events.remove(act.code)
                events.reverse()
        yield self._main_act(events[0] if events else None)
        yield from told
        yield from (Act(code=code) for code in events[1:])

    def _main_act(self, code: Code | None) -> Act:
        extension = next((each for each in extensions_of(self.document, names.ACT) if _is_main(each)), {})
        return Act(
            ids=_act_ids(extension),
            code=code,
            period=interval_from_period(self.context.get("period")),
            performers=tuple(self._with_role("performer"))[:1],
            setting=code_from_concept(self.context.get("practiceSetting")),
        )

    def _act(self, extension: Tree) -> Act:
        performers = (
            participation_of(each, "performer", self.resolver, self.document)
            for each in extensions_of(extension, "performer")
        )
        return Act(
            ids=_act_ids(extension),
            code=code_from_concept(value_of(extension, "code", "valueCodeableConcept")),
            period=interval_from_period(value_of(extension, "period", "valuePeriod")),
            performers=tuple(part for part in performers if part),
        )

    def _parents(self) -> Iterator[Parent]:
        for relation in self.document.get("relatesTo", ()):
            target = relation.get("target") or {}
            found = self.resolver.find(target, self.document) or {}
            ii = ii_from_identifier(target.get("identifier") or found.get("masterIdentifier") or {})
            if ii is not None:
                kind = TYPE_CODES.get(relation.get("code", ""), "RPLC")
                yield Parent(kind, ii, version=_parent_version(target) or _parent_version(found))

    def _consents(self) -> Iterator[Consent]:
        for related in self.context.get("related", ()):
            found = self.resolver.find(related, self.document) or {}
            if found.get("resourceType") == "Consent":
                ids = (ii_from_identifier(each) for each in found.get("identifier", ()))
                codes = (code_from_concept(each) for each in found.get("category", ()))
                yield Consent(tuple(ii for ii in ids if ii), next(codes, None), "completed")


def _is_main(extension: Tree) -> bool:
    return extension_of(extension, "main") is not None


def _act_ids(extension: Tree) -> tuple[II, ...]:
    found = (ii_from_identifier(each.get("valueIdentifier") or {}) for each in extensions_of(extension, "identifier"))
    return tuple(ii for ii in found if ii)


def _from_xds(text: str) -> II:
    root, caret, extension = text.partition("^")
    return II(root, extension if caret else None)


def _parent_version(parent: Tree) -> int | None:
    return _positive(value_of(parent, names.VERSION, "valueString"))


def _positive(text: object) -> int | None:
    found = POSITIVE.fullmatch(str(text))
    return int(found[0]) if found else None
