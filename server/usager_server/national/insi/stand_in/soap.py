"""SOAP as the stand-in reads and writes it: each block by its own schema, answers in prefixes of its own choice."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

from usager_server.sandbox.stand_in import Answer

ENV = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
BAM, LPS = "urn:siram:bam:ctxbam", "urn:siram:lps:ctxlps"
SCHEMAS: Mapping[str, str] = {
    BAM: "context-bam",
    LPS: "context-lps",
    SAML: "assertion",
    "http://www.cnamts.fr/INSiRecSans": "search-by-traits",
    "http://www.cnamts.fr/INSiRecVit": "search-by-card",
    "http://www.cnamts.fr/INSiLot2/REQUnitaire": "verification",
    "http://www.cnamts.fr/INSiLot2/REQLot": "lot",
    "http://www.cnamts.fr/INSiResultat": "result",
}
CONTENT_TYPE = "application/soap+xml; charset=utf-8"


class Refused(Exception):
    """What is answered with a fault. Shape: siram and desir are codes of the service, text what it says."""

    def __init__(self, siram: str, desir: str, text: str, sender: bool = True) -> None:
        super().__init__(text)
        self.siram, self.desir, self.text, self.sender = siram, desir, text, sender


def malformed(text: str) -> Refused:
    """Return the refusal of a message that breaks the contract; these two codes are the stand-in's own."""
    return Refused("siram_400", "desir_400", text)


@cache
def schema(namespace: str) -> etree.XMLSchema:
    """Return the schema of a namespace."""
    text = files("usager_server.national.insi.stand_in").joinpath("schema", f"{SCHEMAS[namespace]}.xsd").read_bytes()
    return etree.XMLSchema(etree.fromstring(text))


def checked(element: Any) -> Any:
    """Return an element that its schema allows. Errors: Refused."""
    namespace = etree.QName(element).namespace
    if namespace not in SCHEMAS:
        raise malformed(f"{etree.QName(element).localname} is not of a namespace of this service")
    found = schema(namespace)
    if not found.validate(element):
        raise malformed(_first_error(found))
    return element


def _first_error(found: etree.XMLSchema) -> str:
    errors: Any = found.error_log
    return str(errors[0].message)


def envelope_of(content: bytes) -> Any:
    """Return the envelope of a request. Errors: Refused when it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise malformed(f"not well-formed: {error.msg}") from error
    shape = [child.tag for child in root]
    if root.tag != f"{{{ENV}}}Envelope" or shape != [f"{{{ENV}}}Header", f"{{{ENV}}}Body"] or len(root[1]) != 1:
        raise malformed("an envelope of SOAP 1.2 has one Header, then one Body of one element")
    return root


def answered(name: str, namespace: str, build: Any, turn: int) -> Answer:
    """Return an answer in one of several ways that mean the same: prefixes vary from one server to the next."""
    prefix, body = (("S", None), ("env", "res"), ("soap", None))[turn % 3]
    root = etree.Element(f"{{{ENV}}}Envelope", nsmap={prefix: ENV})
    holder = etree.SubElement(root, f"{{{ENV}}}Body")
    result = etree.SubElement(holder, f"{{{namespace}}}{name}", nsmap=_prefixes(body, namespace))
    build(result)
    if namespace in SCHEMAS and not schema(namespace).validate(result):
        raise RuntimeError(f"the stand-in breaks its own schema: {_first_error(schema(namespace))}")
    return Answer(200, etree.tostring(root, xml_declaration=True, encoding="UTF-8"), {"Content-Type": CONTENT_TYPE})


def _prefixes(prefix: str | None, namespace: str) -> Any:
    return {prefix: namespace}  # None is the default namespace, which the stubs of lxml do not know


def fault(refusal: Refused, message_id: str) -> Answer:
    """Return a SOAP fault, as HTTP 500."""
    root = etree.Element(f"{{{ENV}}}Envelope", nsmap={"soap": ENV})
    body = etree.SubElement(root, f"{{{ENV}}}Body")
    made = etree.SubElement(body, f"{{{ENV}}}Fault")
    code = etree.SubElement(made, f"{{{ENV}}}Code")
    etree.SubElement(code, f"{{{ENV}}}Value").text = "soap:Sender" if refusal.sender else "soap:Receiver"
    subcode = etree.SubElement(code, f"{{{ENV}}}Subcode")
    etree.SubElement(subcode, f"{{{ENV}}}Value").text = f"soap:{refusal.siram}"
    reason = etree.SubElement(made, f"{{{ENV}}}Reason")
    text = etree.SubElement(reason, f"{{{ENV}}}Text", {"{http://www.w3.org/XML/1998/namespace}lang": "fr"})
    text.text = "La demande n'a pas pu être traitée."
    detail = etree.SubElement(made, f"{{{ENV}}}Detail")
    error = etree.SubElement(detail, "{urn:siram}Erreur", nsmap={"siram": "urn:siram"})
    error.text = refusal.text
    error.attrib.update({"code": refusal.desir, "severite": "erreur", "messageID": message_id})
    return Answer(500, etree.tostring(root), {"Content-Type": CONTENT_TYPE})
