"""The narrative of a section: CDA text <-> XHTML, by an allow-list both ways; all else leaves its words only."""

import re
from collections.abc import Iterator
from html import escape

from usager_cda.building import node
from usager_cda.datatypes import Tree
from usager_cda.errors import CDAError
from usager_cda.safety import Limits, parse_xml
from usager_cda.tree import HL7, Element, Node, append_text, kids_of, text_of

XHTML = "{http://www.w3.org/1999/xhtml}"
OPENING = '<div xmlns="http://www.w3.org/1999/xhtml">'
NAMES = {
    "content": "span",
    "paragraph": "p",
    "item": "li",
    "linkHtml": "a",
    "footnote": "span",
    "footnoteRef": "span",
    "renderMultiMedia": "span",
    **{same: same for same in ("sub", "sup", "br", "caption", "table", "thead", "tbody", "tfoot", "tr", "th", "td")},
    **{same: same for same in ("col", "colgroup")},
}
TO_XHTML = {HL7 + name: xhtml for name, xhtml in NAMES.items()}
LIST, LINK, MEDIA = HL7 + "list", HL7 + "linkHtml", HL7 + "renderMultiMedia"
MARKED = {HL7 + name: name for name in ("footnote", "footnoteRef", "renderMultiMedia")}
SAFE_LINK = re.compile(r"(https?://|mailto:|#)", re.IGNORECASE)
ID = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]{0,63}")
TABLE_ATTRIBUTES = frozenset(
    ("border", "width", "summary", "frame", "rules", "cellspacing", "cellpadding", "span", "align", "valign")
)
CELL_ATTRIBUTES = frozenset(["abbr", "axis", "headers", "scope", "rowspan", "colspan"])
PLAIN = TABLE_ATTRIBUTES | CELL_ATTRIBUTES
SPACES = re.compile(r"[ \t\r\n]+")
MANY_SPACES = re.compile(r"[\t\r\n]|  ").search
MARKUP = re.compile(r"[&<>]").search
# Between these, white space is layout.
BLOCKS = frozenset(HL7 + name for name in ("table", "thead", "tbody", "tfoot", "tr", "list", "colgroup", "text"))
EMPTY_ELEMENTS = frozenset({"br", "col"})
BOUNDS = Limits(size_bytes=5_000_000, depth=100, nodes=100_000)


def div_of(text: Element) -> tuple[str | None, dict[str, Element]]:
    """Return the XHTML of a section's text, None when it says nothing, and the elements that have an ID."""
    ids: dict[str, Element] = {}
    pieces = [OPENING]
    says_something = _inside(text, pieces, ids)
    pieces.append("</div>")
    return "".join(pieces) if says_something else None, ids


def _inside(element: Element, pieces: list[str], ids: dict[str, Element]) -> bool:
    """Append what is inside an element; say whether there are words in it."""
    is_block, text = element.tag in BLOCKS, element.text
    says_something = text is not None and _put_words(text, pieces, is_block=is_block)
    for kid in kids_of(element):
        says_something |= _put_element(kid, pieces, ids)
        tail = kid.tail
        if tail is not None:
            says_something |= _put_words(tail, pieces, is_block=is_block)
    return says_something


def _put_words(text: str, pieces: list[str], *, is_block: bool) -> bool:
    is_white = text.isspace()
    if is_white and is_block:
        return False
    plain = SPACES.sub(" ", text) if MANY_SPACES(text) else text
    pieces.append(escape(plain, quote=False) if MARKUP(plain) else plain)
    return not is_white


def _put_element(element: Element, pieces: list[str], ids: dict[str, Element]) -> bool:
    tag = element.tag
    name = TO_XHTML.get(tag)
    if tag == LIST:
        name = "ol" if element.get("listType") == "ordered" else "ul"
    if name is None or (tag == LINK and not SAFE_LINK.match(element.get("href") or "")):
        # A script, a form: its words are harmless text. The tree holds no comment and no instruction.
        return _inside(element, pieces, ids) if isinstance(tag, str) else False
    pieces.append("<" + name)
    if element.attrib or tag in MARKED:
        pieces.extend(_attributes(element, ids))
    if name in EMPTY_ELEMENTS:
        pieces.append("/>")
        return False
    pieces.append(">")
    says_something = _inside(element, pieces, ids)
    pieces.append(f"</{name}>")
    return says_something


def _attributes(element: Element, ids: dict[str, Element]) -> Iterator[str]:
    marks = [MARKED[element.tag]] if element.tag in MARKED else []
    for name, value in plain_attributes(element):
        if name == "ID":
            ids.setdefault(value, element)
            if ID.fullmatch(value) and ids[value] is element:
                yield f' id="{value}"'
        elif name in ("styleCode", "revised"):
            marks.append(value)
        elif name in PLAIN or name == "href":
            yield f' {name}="{escape(value)}"'
        elif name in ("referencedObject", "IDREF"):
            yield f' title="{escape(value)}"'
    if marks:
        yield f' class="{escape(" ".join(marks))}"'


def plain_attributes(element: Element) -> Iterator[tuple[str, str]]:
    """Yield the attributes of an element read from text."""
    return ((str(name), str(value)) for name, value in element.items())


def narrative(div: str | None, status: str = "additional") -> Tree:
    """Return a Narrative. Shape: `additional` is the words of a person, kept as they are when a document is written."""
    if div is None:
        return {"status": "empty", "div": f"{OPENING}<p>(section sans texte)</p></div>"}
    return {"status": status, "div": div}


FROM_XHTML = {
    **{xhtml: name for name, xhtml in NAMES.items() if xhtml != "span"},
    **dict.fromkeys(("ul", "ol", "dl"), "list"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "address", "hr"), "paragraph"),
    **dict.fromkeys(("dt", "dd"), "item"),
    "span": "content",
}
STYLES = {"b": "Bold", "strong": "Bold", "i": "Italics", "em": "Italics", "u": "Underline"}
STYLES |= dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "Bold")
MARKS = frozenset(MARKED.values())
STYLED = dict.fromkeys(STYLES, "content")
CONTENT_BLOCKS = ("paragraph", "list", "table")
# What may stand inside what, when it is less than everything (CDA R2 NarrativeBlock.xsd).
ONLY = {
    "list": ("caption", "item"),
    "table": ("caption", "col", "colgroup", "thead", "tbody", "tfoot"),
    "thead": ("tr",),
    "tbody": ("tr",),
    "tfoot": ("tr",),
    "tr": ("th", "td"),
    "colgroup": ("col",),
}
PARTS = frozenset(name for names in ONLY.values() for name in names)
NO_BLOCKS = frozenset({"content", "paragraph", "linkHtml", "caption", "sub", "sup", "th"})


def text_from_div(div: str) -> Node:
    """Return the CDA text of a Narrative's div. Errors: CDAError when it is not XHTML that may be read."""
    root = parse_xml(div.encode(), BOUNDS)
    made = node("text")
    _copy(root, made)
    return made


def plain_text(div: str | None) -> str | None:
    """Return the words of a Narrative, or None."""
    try:
        return text_of(parse_xml(div.encode(), BOUNDS)) if div else None
    except CDAError:
        return None


def _copy(source: Element, target: Node) -> None:
    inside = target.tag.removeprefix(HL7)
    is_block = inside in ONLY
    append_text(target, _words(source.text, is_block=is_block))
    for kid in kids_of(source):
        made = _made(kid, target, inside) if isinstance(kid.tag, str) else None
        if made is not None:
            _copy(kid, made)
        elif isinstance(kid.tag, str):
            _copy(kid, target)
        append_text(target, _words(kid.tail, is_block=is_block))


def _words(text: str | None, *, is_block: bool) -> str | None:
    return None if text and is_block and text.isspace() else text


def _made(source: Element, target: Node, inside: str) -> Node | None:
    """Return the new element, appended; None when its words alone may stand there."""
    name = source.tag.removeprefix(XHTML)
    classes = source.get("class")
    marks = classes.split() if classes else []
    cda = next((mark for mark in marks if mark in MARKS), None) or FROM_XHTML.get(name) or STYLED.get(name)
    if cda is None or not _may_stand(cda, inside):
        return None
    made = node(cda)
    if source.attrib or name in STYLES or name == "ol":
        _put_attributes(source, made, cda, [mark for mark in marks if mark != cda], name)
    target.append(made)
    return made


def _may_stand(name: str, inside: str) -> bool:
    if inside in ONLY:
        return name in ONLY[inside]
    if name in PARTS:
        return name == "caption" and inside == "paragraph"
    return name not in CONTENT_BLOCKS or inside not in NO_BLOCKS


def _put_attributes(source: Element, made: Node, name: str, marks: list[str], xhtml: str) -> None:
    if ID.fullmatch(source.get("id") or ""):
        made.set("ID", source.get("id") or "")
    if name == "list" and xhtml == "ol":
        made.set("listType", "ordered")
    if name == "linkHtml" and SAFE_LINK.match(source.get("href") or ""):
        made.set("href", source.get("href") or "")
    if name == "renderMultiMedia":
        made.set("referencedObject", source.get("title") or "")
    if name == "footnoteRef":
        made.set("IDREF", source.get("title") or "")
    styles = [*([STYLES[xhtml]] if xhtml in STYLES else []), *marks]
    if name == "content" and styles and styles[0] in ("insert", "delete"):
        made.set("revised", styles.pop(0))
    if styles and name not in ("sub", "sup", "br", "footnoteRef", "renderMultiMedia"):
        made.set("styleCode", " ".join(styles))
    if name in TABLE_PARTS:
        for attribute, value in plain_attributes(source):
            if attribute in PLAIN:
                made.set(attribute, value)


TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot", "tr", "th", "td", "col", "colgroup"})
