"""The structured body of a CDA -> sections in XHTML, by a style sheet of ours that can neither read, write nor ask."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from lxml import etree

from usager_cda.telling.section import Section
from usager_cda.tree import Element

STYLE_SHEET = files("usager_cda").joinpath("render", "body.xsl")
NOTHING: Any = etree.XSLTAccessControl.DENY_ALL  # type: ignore[attr-defined]  # missing in the stubs
UNTITLED = "Rubrique"
WITHOUT_TEXT = "Rubrique sans texte"


def sections_of(root: Element) -> tuple[Section, ...]:
    """Return the sections of a ClinicalDocument; the section that is the copy of the document itself is left out.

    Shape   texts are div elements without namespace that hold what `body.xsl` allows and nothing else.
    """
    body = _style_sheet()(root).getroot()
    return tuple(_sections(body))


@cache
def _style_sheet() -> etree.XSLT:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    sheet = etree.fromstring(STYLE_SHEET.read_bytes(), parser)
    return etree.XSLT(sheet, access_control=NOTHING, regexp=False)


def _sections(holder: Element) -> Iterator[Section]:
    for element in holder.iterchildren("section"):
        if element.find("copy") is None:
            yield _section(element)


def _section(element: Element) -> Section:
    title = element.findtext("title") or element.findtext("name") or UNTITLED
    texts = tuple(text for text in element.iterchildren("div") if len(text) or (text.text or "").strip())
    inner = tuple(_sections(element))
    return Section(title, texts, None if texts or inner else WITHOUT_TEXT, inner)
