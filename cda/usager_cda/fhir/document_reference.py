"""Header -> DocumentReference (XDS DocumentEntry, IHE MHD): one line of metadata for one document."""

import base64
import hashlib

from usager_cda import systems
from usager_cda.classes import class_of, format_of
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import coding_from_code, concept_from_code
from usager_cda.datatypes.extensions import filled, put_extension
from usager_cda.datatypes.identifiers import II, identifier_from_ii, uri_pair
from usager_cda.datatypes.times import instant_of, period_from_interval
from usager_cda.fhir import names
from usager_cda.fhir.participations import PartyReference, participation_extension
from usager_cda.header import Act, Consent, Header, Parent, Participation

CONTENT_TYPE = "text/xml"
CONSENT_SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"
RELATIONS = {"RPLC": "replaces", "XFRM": "transforms", "APND": "appends"}
CONSENT_STATUSES = {"completed": "active", "active": "active", "aborted": "rejected", "cancelled": "rejected"}
DOCUMENT_STATUSES = {"completed": "final", "active": "preliminary"}


def document_reference(
    header: Header, data: bytes, url: str, subject: Tree, stated_patient: Tree, reference: PartyReference
) -> Tree:
    """Return the DocumentReference of a document.

    Shape   url is where its bytes are; subject the person they were attached to; stated_patient the Patient as the
            document states it (XDS sourcePatientInfo), kept inside whatever the local record says. reference makes
            the References of parties; custodian, encounter and authenticator are the caller's to add.
    """
    consents = [_consent(rank, consent, subject) for rank, consent in enumerate(header.consents, 1)]
    return filled(
        {
            "resourceType": "DocumentReference",
            "contained": [{**stated_patient, "id": "patient"}, *consents],
            "extension": _extensions(header, reference),
            "masterIdentifier": _bare(header.id),
            "identifier": [set_identifier(header.set_id)] if header.set_id else None,
            "status": "current",
            "docStatus": DOCUMENT_STATUSES.get(header.status or ""),
            "type": concept_from_code(header.code) if header.code else None,
            "category": [concept_from_code(category)] if (category := class_of(header.code)) else None,
            "subject": subject,
            "date": instant_of(header.time) if header.time else None,
            "author": [made for part in header.authors if (made := reference(part.party))],
            "relatesTo": [_relation(parent) for parent in header.parents],
            "securityLabel": [concept_from_code(header.confidentiality)] if header.confidentiality else None,
            "content": [_content(header, data, url)],
            "context": _context(header, consents),
        }
    )


def set_identifier(set_id: II) -> Tree:
    """Return the identifier that all versions of a document share.

    It has a system of its own: many programs number the set like its first version, and a search for that version would
    find the others too.
    """
    return {"system": systems.DOCUMENT_SETS, "value": str(set_id)}


def _bare(ii: II) -> Tree:
    system, value = uri_pair(ii)
    return {"system": system, "value": value}


def _extensions(header: Header, reference: PartyReference) -> list[Tree]:
    made: Tree = {}
    put_extension(made, names.VERSION, valueString=str(header.version) if header.version else None)
    parts = [participation_extension(part, reference) for part in _participations(header)]
    acts = [_act(act, reference, is_main=rank == 0) for rank, act in enumerate(header.acts)]
    return [*made.get("extension", ()), *parts, *(act for act in acts if act)]


def _participations(header: Header) -> list[Participation]:
    single = (header.data_enterer, header.legal_authenticator)
    enterer, legal = ([part] if part else [] for part in single)
    before = [*header.authors, *enterer, *header.informants, *header.recipients]
    after = [*header.authenticators, *header.participants, *header.main_act.performers]
    return [*before, *legal, *after]


def _act(act: Act, reference: PartyReference, *, is_main: bool) -> Tree | None:
    """Return what context has no place for: of the main act its numbers, of the others everything."""
    made: Tree = {}
    for ii in act.ids:
        put_extension(made, "identifier", valueIdentifier=identifier_from_ii(ii))
    if is_main:
        return {"url": names.ACT, "extension": [_flag("main"), *made["extension"]]} if made else None
    put_extension(made, "code", valueCodeableConcept=concept_from_code(act.code) if act.code else None)
    put_extension(made, "period", valuePeriod=period_from_interval(act.period) if act.period else None)
    made.setdefault("extension", []).extend(
        participation_extension(part, reference, url="performer") for part in act.performers
    )
    return {"url": names.ACT, **made} if made["extension"] else None


def _flag(name: str) -> Tree:
    return {"url": name, "valueBoolean": True}


def _relation(parent: Parent) -> Tree:
    """Return the relation by identifier: the other document may not be here."""
    target: Tree = {"type": "DocumentReference", "identifier": _bare(parent.id)}
    put_extension(target, names.VERSION, valueString=str(parent.version) if parent.version else None)
    put_extension(target, names.PARENT_SET, valueIdentifier=set_identifier(parent.set_id) if parent.set_id else None)
    return {"code": RELATIONS.get(parent.type_code, "appends"), "target": target}


def _content(header: Header, data: bytes, url: str) -> Tree:
    digest = hashlib.sha1(data, usedforsecurity=False).digest()
    attachment = filled(
        {
            "contentType": CONTENT_TYPE,
            "language": header.language,
            "url": url,
            "size": len(data),
            "hash": base64.b64encode(digest).decode("ascii"),
            "title": header.title,
            "creation": header.time,
        }
    )
    return {"attachment": attachment, "format": coding_from_code(format_of(header.templates, header.media_type))}


def _context(header: Header, consents: list[Tree]) -> Tree:
    main = header.main_act
    events = [concept_from_code(act.code) for act in header.acts if act.code]
    performed = (part.party.organization for part in main.performers if part.party.organization)
    setting = next((organization.industry for organization in performed if organization.industry), None)
    facility = header.stay.facility.code
    orders = [{"type": "ServiceRequest", "identifier": identifier_from_ii(order)} for order in header.orders]
    return filled(
        {
            "event": events,
            "period": period_from_interval(main.period) if main.period else None,
            "facilityType": concept_from_code(facility) if facility else None,
            "practiceSetting": concept_from_code(setting) if setting else None,
            "sourcePatientInfo": {"reference": "#patient"},
            "related": [*orders, *({"reference": f"#{consent['id']}"} for consent in consents)],
        }
    )


def _consent(rank: int, consent: Consent, subject: Tree) -> Tree:
    category = concept_from_code(consent.code) if consent.code else {"text": "CDA authorization"}
    return filled(
        {
            "resourceType": "Consent",
            "id": f"consent-{rank}",
            "identifier": [identifier_from_ii(ii) for ii in consent.ids],
            "status": CONSENT_STATUSES.get(consent.status or "completed", "inactive"),
            "scope": {"coding": [{"system": CONSENT_SCOPES, "code": "treatment"}]},
            "category": [category],
            "patient": subject,
            "policyRule": {"text": "ClinicalDocument/authorization"},
        }
    )
