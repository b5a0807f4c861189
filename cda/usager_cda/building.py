"""Small words for building CDA trees, and for writing them down."""

import re
from collections.abc import Iterable
from functools import cache

from usager_cda.tree import HL7, HL7_NAMESPACE, PREFIXES, XSI_NAMESPACE, Node

DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n"
WRITTEN = {"": "", HL7: "", f"{{{XSI_NAMESPACE}}}": "xsi:", **PREFIXES}
ALWAYS = f'xmlns="{HL7_NAMESPACE}" xmlns:xsi="{XSI_NAMESPACE}"'
# XML 1.0 cannot hold the control characters that a JSON string can: they are left out.
DROPPED: dict[str, str | None] = dict.fromkeys(map(chr, (*range(0x20), 0xFFFE, 0xFFFF)))
IN_TEXT = DROPPED | {"\t": "\t", "\n": "\n", "\r": "&#13;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
TEXT = str.maketrans(IN_TEXT)
NOT_AS_IT_IS = re.compile('[\\x00-\\x1f&<>"\\ufffe\\uffff]')
ATTRIBUTE = str.maketrans(IN_TEXT | {"\t": "&#9;", "\n": "&#10;", '"': "&quot;"})


def node(tag: str, text: str | None = None, **attributes: str | None) -> Node:
    """Return a new HL7 element; attributes that are None are left out."""
    made = Node(HL7 + tag, {name: value for name, value in attributes.items() if value is not None})
    made.text = text
    return made


def add(parent: Node, *kids: Node | None) -> Node:
    """Append the children that are there, in their order, and return the parent."""
    parent.extend([kid for kid in kids if kid is not None])
    return parent


def markup(*elements: Node | None) -> str:
    """Return elements as they are written inside a ClinicalDocument: HL7's namespace is the default one."""
    pieces: list[str] = []
    for element in elements:
        if element is not None:
            _write(element, pieces)
    return "".join(pieces)


def document_of(pieces: Iterable[str]) -> bytes:
    """Return the ClinicalDocument that holds these pieces of markup, in UTF-8.

    Shape   HL7's namespace is the default one, since xsi:type values are names in it; of the extensions of CDA, those
            that are used are declared.
    """
    inside = "".join(pieces)
    used = [f' xmlns:{prefix[:-1]}="{name[1:-1]}"' for name, prefix in PREFIXES.items() if f"<{prefix}" in inside]
    return f"{DECLARATION}<ClinicalDocument {ALWAYS}{''.join(used)}>{inside}</ClinicalDocument>".encode()


def _write(element: Node, pieces: list[str]) -> None:
    name, text = _name(element.tag), element.text
    told = [f' {_name(key)}="{_escaped(value, ATTRIBUTE)}"' for key, value in element.items()]
    opening = f"<{name}{''.join(told)}" if told else f"<{name}"
    if text is None and not len(element):
        pieces.append(f"{opening}/>")
    else:
        pieces.append(f"{opening}>{_escaped(text, TEXT)}" if text else f"{opening}>")
        for kid in element:
            _write(kid, pieces)
        pieces.append(f"</{name}>")
    if element.tail:
        pieces.append(_escaped(element.tail, TEXT))


@cache
def _name(tag: str) -> str:
    namespace, brace, name = tag.rpartition("}")
    return WRITTEN[namespace + brace] + name


def _escaped(text: str, table: dict[int, str | None]) -> str:
    return text.translate(table) if NOT_AS_IT_IS.search(text) else text
