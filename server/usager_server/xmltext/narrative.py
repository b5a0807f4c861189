"""The XHTML of a narrative: one string in JSON, an element in XML."""

from typing import Any

from lxml import etree

from usager_server.errors import Invalid
from usager_server.xmltext.escaping import XHTML, attribute, content
from usager_server.xmltext.limits import NARRATIVE_ATTRIBUTES_LIMIT

_XML_NAMESPACE = "{http://www.w3.org/XML/1998/namespace}"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def text_of(div: Any) -> str:
    """Return the string of a div element: XHTML the default namespace, no other declared, no prefix."""
    if div.nsmap == {None: XHTML}:
        return str(etree.tostring(div, encoding="unicode", with_tail=False))
    pieces: list[str] = []
    _write(div, f' xmlns="{XHTML}"', pieces)
    return "".join(pieces)


def _write(element: Any, declaration: str, pieces: list[str]) -> None:
    if type(element.tag) is not str:
        pieces.append(etree.tostring(element, encoding="unicode", with_tail=False))
        return
    if len(element.attrib) > NARRATIVE_ATTRIBUTES_LIMIT:
        raise Invalid(f"An element of the narrative has over {NARRATIVE_ATTRIBUTES_LIMIT} attributes", code="structure")
    name = element.tag.rpartition("}")[2]
    attributes = "".join(f' {_name(key)}="{attribute(value)}"' for key, value in element.items())
    pieces.append(f"<{name}{declaration}{attributes}")
    if element.text is None and not len(element):
        pieces.append("/>")
        return
    pieces.append(f">{content(element.text or '')}")
    for child in element:
        _write(child, "", pieces)
        pieces.append(content(child.tail or ""))
    pieces.append(f"</{name}>")


def _name(key: str) -> str:
    return key.replace(_XML_NAMESPACE, "xml:").rpartition("}")[2]


def element_of(div: str) -> str:
    """Return the XML of a narrative's string: as it stands when it is one well-formed div, else its text, escaped."""
    try:
        root = etree.fromstring(div, _PARSER)
    except (etree.XMLSyntaxError, ValueError):
        return f'<div xmlns="{XHTML}">{content(div)}</div>'
    if root.tag != f"{{{XHTML}}}div" or "<!DOCTYPE" in div or div.startswith("<?"):
        return f'<div xmlns="{XHTML}">{content(div)}</div>'
    return div.strip()
