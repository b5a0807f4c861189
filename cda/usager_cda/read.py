"""CDA -> Header. Tolerant: what is unusual is read as well as can be, and reported; nothing is lost in silence."""

from dataclasses import dataclass

from usager_cda.body import body_type
from usager_cda.errors import Finding
from usager_cda.header import Header
from usager_cda.read_patient import read_patient
from usager_cda.reader import Reader
from usager_cda.safety import LIMITS, Limits, parse_document
from usager_cda.tree import LAB, Element, Kids, attribute, child, text_of


@dataclass(frozen=True, slots=True)
class ReadHeader:
    """A header and what was remarkable in it."""

    header: Header
    findings: tuple[Finding, ...]


def read_header(data: bytes, limits: Limits = LIMITS) -> ReadHeader:
    """Return the header of any CI-SIS document.

    Errors  UnreadableXML, TooLargeXML; NotConformant when it is not a CDA, has no id or not exactly one patient. The
            body is not looked at. Time: about 1 ms beside the parse.
    """
    return header_of(parse_document(data, limits))


def header_of(root: Element) -> ReadHeader:
    """Return the header of a parsed document. Errors: NotConformant."""
    reader, kids = Reader(), Kids(root)
    header = Header(
        id=reader.document_id(root),
        patient=read_patient(reader, reader.only_one(root, "recordTarget")),
        templates=reader.ids(kids.all("templateId")),
        code=reader.code(kids.first("code")),
        title=text_of(kids.first("title")),
        time=reader.time(kids.first("effectiveTime")),
        confidentiality=reader.code(kids.first("confidentialityCode")),
        language=attribute(kids.first("languageCode"), "code"),
        set_id=next(iter(reader.ids(kids.all("setId"))), None),
        version=reader.positive(kids.first("versionNumber")),
        authors=reader.participations(kids, "author"),
        data_enterer=next(iter(reader.participations(kids, "dataEnterer")), None),
        informants=reader.participations(kids, "informant"),
        custodian=reader.custodian(kids.first("custodian")),
        recipients=reader.participations(kids, "informationRecipient"),
        legal_authenticator=next(iter(reader.participations(kids, "legalAuthenticator")), None),
        authenticators=reader.participations(kids, "authenticator"),
        participants=reader.participations(kids, "participant"),
        orders=reader.orders(kids.all("inFulfillmentOf")),
        acts=tuple(map(reader.act, kids.all("documentationOf"))),
        parents=reader.parents(kids.all("relatedDocument")),
        consents=tuple(map(reader.consent, kids.all("authorization"))),
        stay=reader.stay(child(kids.first("componentOf"), "encompassingEncounter")),
        media_type=body_type(root),
        status=_status(kids.first("documentationOf")),
    )
    return ReadHeader(header, tuple(reader.findings))


def _status(documentation: Element | None) -> str | None:
    event = child(documentation, "serviceEvent")
    found = None if event is None else next(event.iterchildren(LAB + "statusCode"), None)
    return attribute(found, "code")
