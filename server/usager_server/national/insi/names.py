"""The names of INSi's XML: namespaces, and how an element of one is written."""

from typing import Any

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
BAM = "urn:siram:bam:ctxbam"
LPS = "urn:siram:lps:ctxlps"
SIRAM = "urn:siram"
BY_TRAITS = "http://www.cnamts.fr/INSiRecSans"
BY_CARD = "http://www.cnamts.fr/INSiRecVit"
RESULT = "http://www.cnamts.fr/INSiResultat"

ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:"


def default_prefix(namespace: str) -> Any:
    """Return the nsmap that makes a namespace the default one: None, a prefix that the stubs of lxml do not know."""
    return {None: namespace}


def tag(namespace: str, name: str) -> str:
    """Return the name of an element as lxml wants it."""
    return f"{{{namespace}}}{name}"
