"""CDA -> Header. Tolerant: what is unusual is read as well as can be, and reported; nothing is lost in silence."""

from dataclasses import dataclass

from usager_cda.body import check_body
from usager_cda.errors import Finding
from usager_cda.header import Header
from usager_cda.read_patient import read_patient
from usager_cda.reader import Reader
from usager_cda.safety import LIMITS, Limits, parse_document
from usager_cda.tree import LAB, Element, attribute, child, children, descendant, text_of


@dataclass(frozen=True, slots=True)
class ReadHeader:
    """A header and what was remarkable in it."""

    header: Header
    findings: tuple[Finding, ...]


def read_header(data: bytes, limits: Limits = LIMITS) -> ReadHeader:
    """Return the header of any CI-SIS document.

    Errors  UnreadableXML, TooLargeXML; NotConformant when it is not a CDA, has no id or not exactly one patient, or
            when its non-structured body is not whole. Time: about 1 ms beside the parse.
    """
    return header_of(parse_document(data, limits))


def header_of(root: Element) -> ReadHeader:
    """Return the header of a parsed document. Errors: NotConformant."""
    reader = Reader()
    header = Header(
        id=reader.document_id(root),
        patient=read_patient(reader, reader.only_one(root, "recordTarget")),
        templates=reader.ids(root, "templateId"),
        code=reader.code(root, "code"),
        title=text_of(child(root, "title")),
        time=reader.time(child(root, "effectiveTime")),
        confidentiality=reader.code(root, "confidentialityCode"),
        language=attribute(child(root, "languageCode"), "code"),
        set_id=next(iter(reader.ids(root, "setId")), None),
        version=reader.positive(child(root, "versionNumber")),
        authors=reader.participations(root, "author"),
        data_enterer=next(iter(reader.participations(root, "dataEnterer")), None),
        informants=reader.participations(root, "informant"),
        custodian=reader.custodian(root),
        recipients=reader.participations(root, "informationRecipient"),
        legal_authenticator=next(iter(reader.participations(root, "legalAuthenticator")), None),
        authenticators=reader.participations(root, "authenticator"),
        participants=reader.participations(root, "participant"),
        orders=tuple(i for found in children(root, "inFulfillmentOf") for i in reader.ids(child(found, "order"), "id")),
        acts=tuple(reader.act(found) for found in children(root, "documentationOf")),
        parents=reader.parents(root),
        consents=tuple(reader.consent(found) for found in children(root, "authorization")),
        stay=reader.stay(descendant(root, "componentOf/encompassingEncounter")),
        media_type=check_body(reader, root),
        status=_status(root),
    )
    return ReadHeader(header, tuple(reader.findings))


def _status(root: Element) -> str | None:
    event = descendant(root, "documentationOf/serviceEvent")
    found = None if event is None else next(event.iterchildren(LAB + "statusCode"), None)
    return attribute(found, "code")
