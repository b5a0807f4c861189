"""Narrative: the XHTML subset that R4 allows (txt-1, txt-2), read by expat with no entity and no document type."""

import re
from collections.abc import Mapping
from typing import Any
from xml.parsers import expat

from usager_server.validation.findings import Findings, json_kind, one

NAMESPACE = "http://www.w3.org/1999/xhtml"

_ALLOWED_ELEMENTS = """
p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite blockquote hr address bdo kbd
ul ol li dl dt dd pre table caption colgroup col thead tr tfoot tbody th td code samp img map area sub sup ins del
"""
_ALLOWED_ATTRIBUTES = """
title style class id lang xml:lang xml:space dir accesskey tabindex xmlns name href charset type hreflang rel rev shape
coords src alt longdesc height width usemap ismap cite datetime start value compact nohref border summary frame rules
cellspacing cellpadding span align valign char charoff abbr axis headers scope rowspan colspan bgcolor nowrap
"""
_ELEMENTS = frozenset(_ALLOWED_ELEMENTS.split())
_ATTRIBUTES = frozenset(_ALLOWED_ATTRIBUTES.split())
_ROOT = re.compile(rf'\s*<div(?=\s)[^<>]*?\sxmlns\s*=\s*(["\'])\s*{re.escape(NAMESPACE)}\s*\1').match
# Some text right after a tag: true of nearly all narratives, and spares the parser a call for each of their texts.
_SOME_TEXT = re.compile(r'[a-z"]>\s*[^\s<&]').search
_LINKS = frozenset({"href", "src", "longdesc", "cite", "usemap"})
_CONTROLS = re.compile(r"[\x00-\x20]+")
_SCHEME = re.compile(r"\s*([a-zA-Z][a-zA-Z0-9+.\-]*):")
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "fax", "sms", "ftp", "ftps", "sftp", "urn", "cid", "mid"})
_ACTIVE_STYLE = re.compile(r"expression\s*\(|javascript:|vbscript:|behavior\s*:|-moz-binding|@import|\\", re.IGNORECASE)


class _RefusalError(Exception):
    """Stops the reading at the first thing that may not stand."""


def _start(name: str, attributes: dict[str, str]) -> None:
    if name not in _ELEMENTS:
        raise _RefusalError(f"the element <{name[:40]}> is not allowed in a narrative (txt-1)")
    if attributes:
        _check_attributes(name, attributes)


def _declaration(*_: object) -> None:
    raise _RefusalError("a narrative may hold no document type, hence no entity")


def _instruction(*_: object) -> None:
    raise _RefusalError("a narrative may hold no processing instruction")


def _check_attributes(element: str, attributes: Mapping[str, str]) -> None:
    for name, value in attributes.items():
        if name not in _ATTRIBUTES:
            raise _RefusalError(f"the attribute {name[:40]} of <{element}> is not allowed in a narrative (txt-1)")
        if name == "xmlns" and value != NAMESPACE:
            raise _RefusalError(f"<{element}> is in another namespace than {NAMESPACE}")
        if name in _LINKS:
            _check_link(element, name, value)
        elif name == "style" and _ACTIVE_STYLE.search(value):
            raise _RefusalError(f"the style of <{element}> is active; only plain declarations may stand")


def _check_link(element: str, name: str, value: str) -> None:
    # Browsers skip control characters inside a scheme: "java\tscript:" would pass a naive comparison.
    value = _CONTROLS.sub("", value)
    scheme = _SCHEME.match(value)
    if scheme is None or scheme.group(1).lower() in _SCHEMES:
        return
    if name == "src" and value[:11].lower() == "data:image/":
        return
    raise _RefusalError(f"the {name} of <{element}> may not begin with {scheme.group(1)[:20]}:")


def check_div(value: Any, state: object) -> Findings | None:
    """Check the div of a narrative: well-formed, only the allowed elements and attributes, some content.

    Source  FHIR R4 narrative.html, txt-1 and txt-2.
    """
    if type(value) is not str or not value:
        return one("structure", f"is {json_kind(value)}; the XHTML of the narrative is expected, as a string")
    # Plain functions as handlers: a parser and an object that know each other are left to the garbage collector.
    parser = expat.ParserCreate()
    parser.StartElementHandler = _start
    parser.StartDoctypeDeclHandler = _declaration
    parser.ProcessingInstructionHandler = _instruction
    try:
        parser.Parse(value, True)
    except _RefusalError as refusal:
        return one("invariant", str(refusal))
    except (expat.ExpatError, ValueError) as error:
        return one("structure", f"the narrative is not well-formed XHTML: {_reason(error)}")
    if not _ROOT(value):
        return one("invariant", f'the narrative must be one <div xmlns="{NAMESPACE}">')
    if not _SOME_TEXT(value) and "<img" not in value and not _has_text(value):
        return one("invariant", "the narrative is empty: a div holds some text or an image (txt-2)")
    return None


def _has_text(value: str) -> bool:
    texts: list[str] = []
    parser = expat.ParserCreate()
    parser.CharacterDataHandler = texts.append
    parser.Parse(value, True)
    return any(not text.isspace() for text in texts)


def _reason(error: Exception) -> str:
    if isinstance(error, expat.ExpatError):
        return f"{expat.errors.messages.get(error.code, 'error')} at line {error.lineno}, column {error.offset}"
    return "it cannot be read as UTF-8"
