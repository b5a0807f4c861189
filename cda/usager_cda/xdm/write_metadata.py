"""The headers of documents -> METADATA.XML: a submission set and an entry for each document.

Source  IHE ITI TF-3, 4.2; CI-SIS, Volet Partage de documents de santé: the metadata drawn from the header of a CDA.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from usager_cda.classes import class_of, format_of
from usager_cda.complete import NORMAL
from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.times import instant_of
from usager_cda.fhir.assembly import uuid_of
from usager_cda.header import Header, Participation
from usager_cda.tree import Element
from usager_cda.xdm import hl7v2
from usager_cda.xdm.ebrim import put, put_classification, put_code, put_identifier, put_name, put_slot, request
from usager_cda.xdm.names import (
    APPROVED,
    ASSOCIATION,
    CLASSIFICATION,
    DOCUMENT_ENTRY,
    ENTRY_PATIENT_ID,
    ENTRY_SCHEMES,
    ENTRY_UNIQUE_ID,
    HAS_MEMBER,
    PACKAGE,
    REPLACES,
    SET_AUTHOR,
    SET_CONTENT_TYPE,
    SET_PATIENT_ID,
    SET_SOURCE_ID,
    SET_UNIQUE_ID,
    SUBMISSION_SET,
)

CDA_TYPE = "text/xml"


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A document in its place: its file name in the archive, its bytes and its header."""

    uri: str
    content: bytes
    header: Header
    replaces: str | None = None

    @property
    def entry_id(self) -> str:
        """Return the entryUUID: the same bytes have the same one."""
        return f"urn:uuid:{uuid_of('XDM', self.hash)}"

    @property
    def hash(self) -> str:
        """Return the SHA-1 of the bytes, in hexadecimal, as XDS asks."""
        return hashlib.sha1(self.content, usedforsecurity=False).hexdigest()


def metadata_of(enclosed: Sequence[Enclosed], *, unique_id: str, source_id: str, time: str) -> bytes:
    """Return METADATA.XML. Shape: unique_id and source_id are OIDs; time is a FHIR dateTime."""
    root, listed = request()
    for document in enclosed:
        _put_entry(listed, document)
    package = _put_set(listed, enclosed, unique_id, source_id, time)
    by_unique_id = {document.header.key: document.entry_id for document in enclosed}
    for rank, document in enumerate(enclosed, 1):
        member = _put_association(listed, f"member-{rank}", HAS_MEMBER, str(package.get("id")), document.entry_id)
        put_slot(member, "SubmissionSetStatus", ["Original"])
        replaced = document.replaces or _replaced_here(document, by_unique_id)
        if replaced:
            _put_association(listed, f"replaces-{rank}", REPLACES, document.entry_id, replaced)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _replaced_here(document: Enclosed, entries: dict[str, str]) -> str | None:
    parents = (str(parent.id) for parent in document.header.parents if parent.type_code == "RPLC")
    return next((entries[parent] for parent in parents if parent in entries), None)


def _put_entry(listed: Element, document: Enclosed) -> None:
    header = document.header
    entry = put(
        listed,
        "ExtrinsicObject",
        id=document.entry_id,
        status=APPROVED,
        objectType=DOCUMENT_ENTRY,
        mimeType=CDA_TYPE,
    )
    for name, values in _slots(document):
        put_slot(entry, name, values)
    put_name(entry, header.title)
    for author in header.authors:
        _put_author(entry, ENTRY_SCHEMES["author"], author)
    for scheme, code in _codes(header):
        put_code(entry, ENTRY_SCHEMES[scheme], code)
    put_identifier(entry, ENTRY_PATIENT_ID, "XDSDocumentEntry.patientId", hl7v2.patient_id(header.patient) or "")
    put_identifier(entry, ENTRY_UNIQUE_ID, "XDSDocumentEntry.uniqueId", header.key)


def _slots(document: Enclosed) -> Iterable[tuple[str, list[str | None]]]:
    header = document.header
    period = header.main_act.period
    legal = header.legal_authenticator
    yield "creationTime", [hl7v2.utc_time(instant_of(header.time)) if header.time else None]
    yield "hash", [document.hash]
    yield "languageCode", [header.language or "fr-FR"]
    yield "legalAuthenticator", [hl7v2.person(legal.party) if legal else None]
    yield "serviceStartTime", [hl7v2.utc_time(period.low) if period and period.low else None]
    yield "serviceStopTime", [hl7v2.utc_time(period.high) if period and period.high else None]
    yield "size", [str(len(document.content))]
    yield "sourcePatientId", [hl7v2.source_patient_id(header.patient)]
    yield "sourcePatientInfo", [*hl7v2.source_patient_info(header.patient)]
    yield "URI", [document.uri]


def _codes(header: Header) -> Iterable[tuple[str, Code | None]]:
    performed = (part.party.organization for part in header.main_act.performers if part.party.organization)
    yield "classCode", class_of(header.code)
    yield "typeCode", header.code
    yield "confidentialityCode", header.confidentiality or NORMAL
    yield "formatCode", format_of(header.templates, header.media_type)
    yield "healthcareFacilityTypeCode", header.stay.facility.code
    yield "practiceSettingCode", next((each.industry for each in performed if each.industry), None)
    for act in header.acts:
        yield "eventCodeList", act.code


def _put_author(parent: Element, scheme: str, author: Participation) -> None:
    made = put_classification(parent, scheme)
    party = author.party
    put_slot(made, "authorPerson", [hl7v2.person(party)])
    put_slot(made, "authorInstitution", [hl7v2.structure(party.organization)])
    put_slot(made, "authorRole", [hl7v2.plain(author.function.display) if author.function else None])
    put_slot(made, "authorSpecialty", [_specialty(party.code)])


def _specialty(code: Code | None) -> str | None:
    if code is None or not code.code:
        return None
    return f"{hl7v2.plain(code.code)}^{hl7v2.plain(code.display or code.text)}^{code.system or ''}"


def _put_set(listed: Element, enclosed: Sequence[Enclosed], unique_id: str, source_id: str, time: str) -> Element:
    first = enclosed[0].header
    package = put(
        listed, "RegistryPackage", id=f"urn:uuid:{uuid_of('XDM set', unique_id)}", status=APPROVED, objectType=PACKAGE
    )
    put_slot(package, "submissionTime", [hl7v2.utc_time(time)])
    put_slot(package, "intendedRecipient", dict.fromkeys(_recipients(enclosed)))
    put_name(package, first.title)
    put(
        package,
        "Classification",
        id=f"{package.get('id')}-c1",
        classificationNode=SUBMISSION_SET,
        classifiedObject=str(package.get("id")),
        objectType=CLASSIFICATION,
    )
    for author in first.authors[:1]:
        _put_author(package, SET_AUTHOR, author)
    put_code(package, SET_CONTENT_TYPE, first.stay.facility.code)
    put_identifier(package, SET_PATIENT_ID, "XDSSubmissionSet.patientId", hl7v2.patient_id(first.patient) or "")
    put_identifier(package, SET_SOURCE_ID, "XDSSubmissionSet.sourceId", source_id)
    put_identifier(package, SET_UNIQUE_ID, "XDSSubmissionSet.uniqueId", unique_id)
    return package


def _recipients(enclosed: Iterable[Enclosed]) -> Iterable[str | None]:
    for document in enclosed:
        for recipient in document.header.recipients:
            told = (hl7v2.structure(recipient.party.organization), hl7v2.person(recipient.party))
            yield "|".join(each or "" for each in told) if any(told) else None


def _put_association(listed: Element, key: str, kind: str, source: str, target: str) -> Element:
    return put(
        listed,
        "Association",
        id=key,
        associationType=kind,
        sourceObject=source,
        targetObject=target,
        objectType=ASSOCIATION,
    )
