"""The SOAP 1.2 envelope of a call: who calls, with which software, about what. Built as a tree, never as text."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree

from usager_server.national.insi.names import ADDRESSING, BAM, LPS, SECURITY, SOAP, tag

PREFIXES = {"env": SOAP, "wsa": ADDRESSING, "bam": BAM, "lps": LPS}


@dataclass(frozen=True, slots=True)
class Software:
    """The software that calls, as its authorisation knows it.

    Shape   idam is the authorisation number of the CNDA; instance a UUID of this installation.
    """

    idam: str
    name: str
    version: str
    instance: str


def envelope(
    action: str, body: Any, software: Software, sender: str, message_id: str, now: datetime, assertion: Any = None
) -> bytes:
    """Return the bytes of a call.

    Shape   sender is the organisation of the certificate, or the national id of the professional; message_id a UUID;
            assertion the SAML assertion of the professional, None with the certificate of an organisation.
    Source  ins.md 4.2: ContexteBAM 01_02, ContexteLPS 01_00, WS-Addressing.
    """
    root = etree.Element(tag(SOAP, "Envelope"), nsmap=PREFIXES)
    header = etree.SubElement(root, tag(SOAP, "Header"))
    moment = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    _benefits(header, sender, moment)
    _software(header, software, sender, moment)
    _child(header, ADDRESSING, "Action", action)
    _child(header, ADDRESSING, "MessageID", f"uuid:{message_id}")
    if assertion is not None:
        etree.SubElement(header, tag(SECURITY, "Security"), nsmap={"wsse": SECURITY}).append(assertion)
    etree.SubElement(root, tag(SOAP, "Body")).append(body)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _benefits(header: Any, sender: str, moment: str) -> None:
    """Add the context of the insured person: empty but for who asks, since no card is read."""
    context = etree.SubElement(header, tag(BAM, "ContexteBAM"), Version="01_02")
    _child(context, BAM, "Id", str(uuid.uuid4()))
    _child(context, BAM, "Temps", moment)
    _child(context, BAM, "Emetteur", sender)
    etree.SubElement(context, tag(BAM, "COUVERTURE"))


def _software(header: Any, software: Software, sender: str, moment: str) -> None:
    context = etree.SubElement(header, tag(LPS, "ContexteLPS"), Nature="CTXLPS", Version="01_00")
    _child(context, LPS, "Id", str(uuid.uuid4()))
    _child(context, LPS, "Temps", moment)
    _child(context, LPS, "Emetteur", sender)
    described = etree.SubElement(context, tag(LPS, "LPS"))
    _child(described, LPS, "IDAM", software.idam).set("R", "4")
    _child(described, LPS, "Version", software.version)
    _child(described, LPS, "Instance", software.instance)
    _child(described, LPS, "Nom", f"urn:lps:{software.name}:{software.version}")


def _child(parent: Any, namespace: str, name: str, text: str) -> Any:
    child = etree.SubElement(parent, tag(namespace, name))
    child.text = text
    return child
