"""XHTML from anywhere -> XHTML that may be printed: known elements and attributes only, bounded, nothing fetched.

What is not known loses its tag and keeps its words; what could run or hide (script, style, object ...) goes whole.
"""

import base64
import binascii
from dataclasses import dataclass, field

from lxml import etree

from usager_cda.errors import Finding, IncompleteDocument, UnreadableXML
from usager_cda.pdf.images import Unprintable, printable_image
from usager_cda.pdf.tables import set_widths
from usager_cda.safety import Limits, parse_xml
from usager_cda.tree import Element, append_text

XHTML = "{http://www.w3.org/1999/xhtml}"
BLOCKS = frozenset(
    (
        *("p", "div", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd", "hr", "table", "caption", "thead"),
        *("tbody", "tfoot", "tr", "td", "th"),
    )
)
INLINE = frozenset(
    (
        *("br", "b", "strong", "i", "em", "u", "small", "big", "sub", "sup", "tt", "code", "span", "abbr", "q"),
        *("cite", "ins", "del"),
    )
)
KNOWN = BLOCKS | INLINE
WHOLLY_OUT = frozenset(
    (
        *("script", "style", "object", "embed", "applet", "iframe", "frame", "form", "input", "button", "select"),
        *("textarea", "svg", "math", "template", "noscript", "head", "title", "meta", "link", "base", "audio"),
        *("video", "canvas", "area", "map"),
    )
)
HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
SPANS = {"colspan": 60, "rowspan": 500}
KEPT = {"td": SPANS, "th": SPANS}
# A hundred pages, or some ten seconds of work.
MOST_NODES, MOST_LETTERS = 10_000, 400_000
MOST_DEPTH, MOST_TABLES_DEEP, MOST_IMAGES = 40, 3, 30
LIMITS = Limits(nodes=MOST_NODES)
DATA = "data:"


@dataclass(slots=True)
class Narratives:
    """The narratives of one document: what is counted and collected over all of them.

    Shape   images are the pictures they show, ready to print, under the addresses their img elements were given.
    """

    images: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    nodes: int = 0
    letters: int = 0

    def printable(self, div: str, expression: str) -> Element:
        """Return the narrative of a resource (Narrative.div) as an element that may be printed.

        Errors  IncompleteDocument when it is not XHTML, or when the document is over a bound.
        """
        try:
            root = parse_xml(div.encode("utf-8", "replace"), LIMITS)
        except UnreadableXML as error:
            raise IncompleteDocument(_refused(expression, str(error))) from error
        return self.cleaned(root, expression)

    def cleaned(self, root: Element, expression: str) -> Element:
        """Return a copy of XHTML with nothing in it but what may be printed."""
        self.nodes += sum(1 for _ in root.iter())
        self.letters += sum(map(len, root.itertext()))
        if self.nodes > MOST_NODES or self.letters > MOST_LETTERS:
            bounds = f"{MOST_NODES} elements or {MOST_LETTERS} characters"
            raise IncompleteDocument(_refused(expression, f"the document has over {bounds} of text"))
        made = etree.Element("div")
        self._copy(root, made, expression, depth=0, tables=0)
        for table in made.iter("table"):
            set_widths(table)
        return made

    def _copy(self, source: Element, target: Element, expression: str, *, depth: int, tables: int) -> None:
        append_text(target, source.text)
        for node in source:
            if isinstance(node.tag, str):
                self._copy_one(node, target, expression, depth, tables)
            append_text(target, node.tail)

    def _copy_one(self, node: Element, target: Element, expression: str, depth: int, tables: int) -> None:
        name = node.tag.removeprefix(XHTML).lower() if node.tag.startswith(XHTML) or "}" not in node.tag else ""
        if name in WHOLLY_OUT:
            return
        if name == "img":
            self._picture(node, target, expression)
            return
        tables += name == "table"
        inside = target
        if depth < MOST_DEPTH and tables <= MOST_TABLES_DEEP:
            inside = _made(node, name, target)
        self._copy(node, inside, expression, depth=depth + 1, tables=tables)

    def _picture(self, node: Element, target: Element, expression: str) -> None:
        """Show an inline picture; one that cannot be printed leaves its words."""
        words = node.get("alt") or node.get("title")
        try:
            address = self._kept(node.get("src") or "")
        except Unprintable as error:
            self.findings.append(
                Finding("warning", f"{expression}: a picture is left out: {error}", None, None, expression)
            )
            append_text(target, f"[image{f' : {words}' if words else ' non imprimable'}]")
            return
        etree.SubElement(target, "img", src=address, alt=words or "")

    def _kept(self, source: str) -> str:
        if len(self.images) >= MOST_IMAGES:
            raise Unprintable(f"at most {MOST_IMAGES} are printed")
        media_type, comma, encoded = source.removeprefix(DATA).partition(",")
        if not source.startswith(DATA) or not comma or not media_type.endswith(";base64"):
            raise Unprintable("its data are not in the document")
        try:
            content = base64.b64decode("".join(encoded.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise Unprintable("its data are not base64") from error
        address = f"usager:image/{len(self.images) + 1}"
        self.images[address] = printable_image(content)
        return address


def _made(node: Element, name: str, target: Element) -> Element:
    if name in HEADINGS:
        return etree.SubElement(target, "p", {"class": "subheading"})
    if name not in KNOWN:
        return target
    made = etree.SubElement(target, name)
    for attribute, most in KEPT.get(name, {}).items():
        span = node.get(attribute, "")
        if span.isdecimal() and len(span) < 6 and int(span) > 1:
            made.set(attribute, str(min(int(span), most)))
    return made


def _refused(expression: str, message: str) -> Finding:
    return Finding("error", f"{expression}: {message}", expression=expression)
