"""The SAML assertion of a professional behind Pro Santé Connect: not signed, since the API's token proves who calls."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lxml import etree

from usager_server.national.insi.names import SAML, tag

LIVES = timedelta(hours=1)
SUBJECT_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered"


@dataclass(frozen=True, slots=True)
class Professional:
    """Who calls, for whom.

    Shape   national_id is that of Pro Santé Connect; structure the FINESS of the place, else its SIRET; sector the
            secteur d'activité ("SA07"); speciality and profession "" when there is nothing to choose.
    """

    national_id: str
    structure: str
    sector: str
    speciality: str = ""
    profession: str = ""


def assertion(professional: Professional, issuer: str, now: datetime) -> Any:
    """Return the assertion as a tree.

    Source  ins.md 4.6: NameQualifier PSC; identifiantFacturation, secteurActivite, and when there are,
            codeSpecialiteAMO and gipProfessionCode.
    """
    moment = _instant(now)
    root = etree.Element(
        tag(SAML, "Assertion"), nsmap={"saml": SAML}, Version="2.0", ID=f"_{uuid.uuid4()}", IssueInstant=moment
    )
    made_by = etree.SubElement(root, tag(SAML, "Issuer"), Format=SUBJECT_NAME)
    made_by.text = issuer
    subject = etree.SubElement(root, tag(SAML, "Subject"))
    etree.SubElement(subject, tag(SAML, "NameID"), NameQualifier="PSC").text = professional.national_id
    until = _instant(now + LIVES)
    etree.SubElement(root, tag(SAML, "Conditions"), NotBefore=moment, NotOnOrAfter=until)
    statement = etree.SubElement(root, tag(SAML, "AuthnStatement"), AuthnInstant=moment)
    context = etree.SubElement(statement, tag(SAML, "AuthnContext"))
    etree.SubElement(context, tag(SAML, "AuthnContextClassRef")).text = CONTEXT
    _attributes(root, professional)
    return root


def _attributes(root: Any, professional: Professional) -> None:
    statement = etree.SubElement(root, tag(SAML, "AttributeStatement"))
    for name, value in (
        ("identifiantFacturation", professional.structure),
        ("secteurActivite", professional.sector),
        ("codeSpecialiteAMO", professional.speciality),
        ("gipProfessionCode", professional.profession),
    ):
        if value:
            attribute = etree.SubElement(statement, tag(SAML, "Attribute"), Name=name)
            etree.SubElement(attribute, tag(SAML, "AttributeValue")).text = value


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
