"""Characters in XML: what must be written otherwise in an attribute or a text."""

import re

FHIR = "http://hl7.org/fhir"
XHTML = "http://www.w3.org/1999/xhtml"

# Line ends and tabs in an attribute would be read back as spaces; U+FFFE, U+FFFF and controls cannot stand in XML.
_IN_ATTRIBUTE = re.compile('[&<>"\\x00-\\x1f\\ufffe\\uffff\\ud800-\\udfff]').search
_ATTRIBUTE = dict.fromkeys((*range(32), 65534, 65535, *range(55296, 57344)), "\ufffd") | {
    ord("&"): "&amp;",
    ord("<"): "&lt;",
    ord(">"): "&gt;",
    ord('"'): "&quot;",
    ord("\n"): "&#10;",
    ord("\r"): "&#13;",
    ord("\t"): "&#9;",
}
_TEXT = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", ord("\r"): "&#13;"}


def attribute(text: str) -> str:
    """Return a text as it may stand between the quotes of an attribute."""
    return text.translate(_ATTRIBUTE) if _IN_ATTRIBUTE(text) else text


def content(text: str) -> str:
    """Return a text as it may stand between tags."""
    return text.translate(_TEXT)
