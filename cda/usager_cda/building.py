"""Small words for building CDA trees, and for writing them down."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from usager_cda.tree import HL7, HL7_NAMESPACE, PREFIXES, XSI_NAMESPACE, Node

DECLARATION = "<?xml version='1.0' encoding='UTF-8'?>\n"
WRITTEN = {"": "", HL7: "", f"{{{XSI_NAMESPACE}}}": "xsi:", **PREFIXES}
ALWAYS = f'xmlns="{HL7_NAMESPACE}" xmlns:xsi="{XSI_NAMESPACE}"'
# XML 1.0 cannot hold the control characters that a JSON string can: they are left out.
DROPPED: dict[str, str | None] = dict.fromkeys(map(chr, (*range(0x20), 0xFFFE, 0xFFFF)))
IN_TEXT = DROPPED | {"\t": "\t", "\n": "\n", "\r": "&#13;", "&": "&amp;", "<": "&lt;", ">": "&gt;"}
TEXT = str.maketrans(IN_TEXT)
NOT_AS_IT_IS = re.compile('[\\x00-\\x1f&<>"\\ufffe\\uffff]').search
ATTRIBUTE = str.maketrans(IN_TEXT | {"\t": "&#9;", "\n": "&#10;", '"': "&quot;"})


class _Tags(dict[str, str]):
    """The tag of each HL7 name: made, and hashed, once."""

    def __missing__(self, name: str) -> str:
        self[name] = HL7 + name
        return self[name]


class _Names(dict[str, str]):
    """The name that each tag is written with."""

    def __missing__(self, tag: str) -> str:
        namespace, brace, name = tag.rpartition("}")
        self[tag] = WRITTEN[namespace + brace] + name
        return self[tag]


TAGS, NAMES = _Tags(), _Names()


def node(tag: str, text: str | None = None, **attributes: str | None) -> Node:
    """Return a new HL7 element; attributes that are None are left out."""
    made = Node(TAGS[tag])
    for name, value in attributes.items():
        if value is not None:
            made.set(name, value)
    if text is not None:
        made.text = text
    return made


def add(parent: Node, *kids: Node | None) -> Node:
    """Append the children that are there, in their order, and return the parent."""
    for kid in kids:
        if kid is not None:
            parent.append(kid)
    return parent


@lru_cache(maxsize=1024)
def template_ids(roots: tuple[str, ...]) -> tuple[Node, ...]:
    """Return the templateIds of these roots: the same elements wherever they stand, and nobody changes them.

    A fifth of the elements of a document are templateIds.
    """
    return tuple(node("templateId", root=root) for root in roots)


def markup(*elements: Node | None) -> str:
    """Return elements as they are written inside a ClinicalDocument: HL7's namespace is the default one."""
    pieces: list[str] = []
    for element in elements:
        if element is not None:
            _write(element, pieces.append)
    return "".join(pieces)


def document_of(pieces: Iterable[str]) -> bytes:
    """Return the ClinicalDocument that holds these pieces of markup, in UTF-8.

    Shape   HL7's namespace is the default one, since xsi:type values are names in it; of the extensions of CDA, those
            that are used are declared.
    """
    inside = "".join(pieces)
    used = [f' xmlns:{prefix[:-1]}="{name[1:-1]}"' for name, prefix in PREFIXES.items() if f"<{prefix}" in inside]
    return f"{DECLARATION}<ClinicalDocument {ALWAYS}{''.join(used)}>{inside}</ClinicalDocument>".encode()


def _write(element: Node, put: Callable[[str], None]) -> None:
    name, text = NAMES[element.tag], element.text
    put(f"<{name}")
    for key, value in element.items():
        put(f' {NAMES[key]}="{value.translate(ATTRIBUTE) if NOT_AS_IT_IS(value) else value}"')
    if text is None and not len(element):
        put("/>")
    else:
        put(f">{_in_text(text)}" if text else ">")
        for kid in element:
            _write(kid, put)
        put(f"</{name}>")
    if element.tail:
        put(_in_text(element.tail))


def _in_text(text: str) -> str:
    return text.translate(TEXT) if NOT_AS_IT_IS(text) else text
