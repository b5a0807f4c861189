"""HTML that somebody's style sheet made -> HTML that shows, and does nothing else."""

import re

from lxml import etree
from lxml import html as lxml_html

from usager_cda.tree import NOT_XML, Element, append_text

HIDDEN = frozenset(
    (
        *("script", "noscript", "template", "base", "meta", "link", "applet", "form", "svg", "math", "canvas"),
        *("head", "style", "title"),
    )
)
EMBEDDING = frozenset(("object", "iframe", "embed"))
SHOWN = frozenset(
    (
        *("a", "abbr", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd"),
        *("del", "div", "dl", "dt", "em", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i"),
        *("img", "ins", "li", "main", "nav", "ol", "p", "pre", "q", "s", "section", "small", "span", "strike"),
        *("strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul"),
    )
)
KEPT = frozenset(
    (
        *("align", "alt", "bgcolor", "border", "cellpadding", "cellspacing", "class", "color", "colspan", "dir"),
        *("face", "headers", "height", "id", "lang", "name", "rowspan", "scope", "size", "summary", "title"),
        *("valign", "width"),
    )
)
LINKS = ("#", "http://", "https://", "mailto:")
PICTURE = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]*")
PDF = re.compile(r"data:application/pdf;base64,[A-Za-z0-9+/=\s]*")
# A style may ask for an address, or hide how it spells one.
UNSAFE_STYLE = re.compile(r"url|import|expression|binding|behavior|position|\\|<|@(?!media|page)", re.IGNORECASE)
MOST_DEEP = 150
NOTICE = "border:1px solid #b8530a;padding:.4em .8em;font-family:sans-serif"


def cleaned_page(made: str, identity: str, policy: str) -> bytes:
    """Return a whole page that shows what somebody's style sheet made, below a line of ours that says so.

    Shape   identity is told in that line: what follows may say another.
    """
    page = etree.Element("html", lang="fr")
    head, body = etree.SubElement(page, "head"), etree.SubElement(page, "body")
    etree.SubElement(head, "meta", charset="utf-8")
    etree.SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    etree.SubElement(head, "title").text = "Document"
    notice = etree.SubElement(body, "p", style=NOTICE)
    notice.text = f"Affichage par la feuille de style du producteur. {identity}"
    found = _parsed(made)
    for style in found.iter("style"):
        text = "".join(map(str, style.itertext()))
        if not UNSAFE_STYLE.search(text):
            etree.SubElement(head, "style").text = text
    _copy(found, body, 0)
    return b"<!DOCTYPE html>\n" + etree.tostring(page, encoding="utf-8", method="html")


def _parsed(made: str) -> Element:
    parser = lxml_html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, encoding="utf-8")
    text = NOT_XML.sub("", made).strip() or "<p></p>"
    return lxml_html.document_fromstring(text.encode(), parser=parser)


def _copy(source: Element, target: Element, depth: int) -> None:
    append_text(target, source.text)
    for node in source:
        if isinstance(node.tag, str) and depth < MOST_DEEP:
            _copy_one(node, target, depth)
        append_text(target, node.tail)


def _copy_one(node: Element, target: Element, depth: int) -> None:
    name = node.tag.lower()
    if name in EMBEDDING:
        _embed(node, target)
    elif name not in HIDDEN:
        made = etree.SubElement(target, name, _attributes(node, name)) if name in SHOWN else target
        _copy(node, made, depth + 1)


def _embed(node: Element, target: Element) -> None:
    address = node.get("data") or node.get("src") or ""
    if PDF.fullmatch(address):
        etree.SubElement(target, "object", type="application/pdf", data=address, style="width:100%;height:80vh")


def _attributes(node: Element, name: str) -> dict[str, str]:
    kept = {str(key): str(value) for key, value in node.attrib.items() if key in KEPT}
    style, href, source = node.get("style"), (node.get("href") or "").strip(), node.get("src") or ""
    if style and not UNSAFE_STYLE.search(style):
        kept["style"] = style
    if name == "a" and href.startswith(LINKS):
        kept |= {"href": href, "rel": "noopener noreferrer nofollow"}
    if name == "a" and PDF.fullmatch(href):
        kept |= {"href": href, "download": "document.pdf"}
    if name == "img" and PICTURE.fullmatch(source):
        kept["src"] = source
    return kept
