"""A section of a document, ready to be read."""

from dataclasses import dataclass

from lxml import etree

from usager_cda.tree import Element

VOID = frozenset(("br", "col", "hr", "img"))


@dataclass(frozen=True, slots=True)
class Section:
    """One section. texts are narratives in XHTML; note says why there is none."""

    title: str
    texts: tuple[Element, ...] = ()
    note: str | None = None
    sections: "tuple[Section, ...]" = ()


def markup_of(text: Element) -> str:
    """Return a narrative as it is written into a page of HTML: letters as they are, empty elements closed apart."""
    for element in text.iter():
        if element.text is None and not len(element) and element.tag not in VOID:
            element.text = ""
    return etree.tostring(text, encoding="unicode")
