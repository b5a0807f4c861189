"""Small words for walking CDA trees: those that are read (Element), and those that are built (Node)."""

import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from lxml import etree

HL7_NAMESPACE = "urn:hl7-org:v3"
SDTC_NAMESPACE = "urn:hl7-org:sdtc"
PHARMACY_NAMESPACE = "urn:ihe:pharm:medication"
XSI_NAMESPACE = "http://www.w3.org/2001/XMLSchema-instance"
HL7 = f"{{{HL7_NAMESPACE}}}"
SDTC = f"{{{SDTC_NAMESPACE}}}"
LAB = "{urn:oid:1.3.6.1.4.1.19376.1.3.2}"
PHARMACY = f"{{{PHARMACY_NAMESPACE}}}"
PREFIXES = {SDTC: "sdtc:", LAB: "lab:", PHARMACY: "pharm:"}
XSI_TYPE = f"{{{XSI_NAMESPACE}}}type"

# What XML 1.0 cannot hold and a JSON string can.
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Element = etree._Element
# What is built is made of the elements of the standard library: one of lxml brings a document of its own and is moved
# into that of its parent, which costs ten times as much.
Node = ElementTree.Element


def kids_of(element: Element) -> list[Element]:
    """Return the children: lxml makes a slice in a third of the time of an iteration, or of a search by name."""
    kids: list[Element] = element[:]  # type: ignore[index, assignment]  # its stubs know no slices
    return kids


def child(element: Element | None, name: str) -> Element | None:
    """Return the first child of that HL7 name, or None."""
    if element is not None:
        tag = HL7 + name
        for kid in kids_of(element):
            if kid.tag == tag:
                return kid
    return None


def children(element: Element | None, name: str) -> list[Element]:
    """Return the children of that HL7 name."""
    tag = HL7 + name
    return [] if element is None else [kid for kid in kids_of(element) if kid.tag == tag]


class Kids:
    """The children of an element by HL7 name, found in one pass: several times faster than looking for each name."""

    __slots__ = ("_by_tag",)

    def __init__(self, element: Element | None) -> None:
        by_tag: dict[str, list[Element]] = {}
        for kid in () if element is None else kids_of(element):
            by_tag.setdefault(kid.tag, []).append(kid)
        self._by_tag = by_tag

    def all(self, name: str) -> Sequence[Element]:
        """Return the children of that name, in their order."""
        return self._by_tag.get(HL7 + name, ())

    def first(self, name: str) -> Element | None:
        """Return the first child of that name, or None."""
        found = self._by_tag.get(HL7 + name)
        return found[0] if found else None


def descendant(element: Element | None, path: str) -> Element | None:
    """Return the first element under a slash-separated path of HL7 names, or None."""
    for name in path.split("/"):
        element = child(element, name)
    return element


def elements(element: Element) -> Iterator[Element]:
    """Yield the child elements: no comment, no processing instruction."""
    return (node for node in kids_of(element) if isinstance(node.tag, str))


def text_of(element: Element | Node | None) -> str | None:
    """Return the text inside an element, comments left out and white space collapsed; None when there is none."""
    if element is None:
        return None
    text = element.text or "" if len(element) == 0 else "".join(_texts(element))
    return " ".join(text.split()) or None


def _texts(element: Element | Node) -> Iterator[str]:
    yield element.text or ""
    for inner in element:
        if isinstance(inner.tag, str):
            yield from _texts(inner)
        yield inner.tail or ""


def attribute(element: Element | None, name: str) -> str | None:
    """Return an attribute, white space collapsed; None when absent or empty."""
    value = None if element is None else element.get(name)
    if not value:
        return None
    words = value.split()
    return words[0] if len(words) == 1 else " ".join(words) or None


def local_name(element: Element) -> str:
    """Return the name of an element, with a prefix for the known extensions of CDA (sdtc:, lab:)."""
    return local_tag(element.tag)


def local_tag(tag: str) -> str:
    """Return a tag as local_name writes it."""
    namespace, brace, name = tag.rpartition("}")
    return PREFIXES.get(namespace + brace, "") + name


def tag_of(name: str) -> str:
    """Return the tag of a name as local_name gives it."""
    for namespace, prefix in PREFIXES.items():
        if name.startswith(prefix):
            return namespace + name.removeprefix(prefix)
    return HL7 + name


def line_of(element: Element) -> int | None:
    """Return the line an element began on, None when it was not read from text."""
    line = element.sourceline
    return line if isinstance(line, int) else None


def xpath_of(element: Element) -> str:
    """Return a path that a person can follow: /ClinicalDocument/recordTarget[2]/patientRole."""
    steps = [_step(node) for node in (element, *element.iterancestors())]
    return "/" + "/".join(reversed(steps))


def _step(element: Element) -> str:
    rank = sum(1 for _ in element.itersiblings(element.tag, preceding=True)) + 1
    return local_name(element) + (f"[{rank}]" if rank > 1 else "")


def append_text(target: Element | Node, text: str | None) -> None:
    """Append text where the next child will come."""
    if not text:
        return
    if len(target):
        target[-1].tail = (target[-1].tail or "") + text
    else:
        target.text = (target.text or "") + text
