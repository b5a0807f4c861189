"""Safe reading: bytes from anywhere -> a tree. No DTD, no entity, no network, bounded in size, depth and nodes.

The prolog is scanned before any parser sees it, and the node count is bounded before a tree is built: a text node over
10,000,000 characters (a PDF of 7.5 MB) needs libxml2's huge_tree, which lifts libxml2's own bounds.
"""

import re
from dataclasses import dataclass
from functools import cache

from lxml import etree

from usager_cda.errors import Finding, NotConformant, TooLargeXML, UnreadableXML, refusal
from usager_cda.tree import HL7, Element, line_of, local_name, xpath_of

ROOT = HL7 + "ClinicalDocument"
XSL = "{http://www.w3.org/1999/XSL/Transform}"
# A document that displays itself is a style sheet that holds it.
SELF_DISPLAYING = (f"{XSL}stylesheet", f"{XSL}transform")
SMALLEST_ELEMENT_BYTES = len("<a/>")
SMALLEST_NESTING_BYTES = len("<a></a>")
LIBXML2_TEXT_LIMIT_BYTES = 10_000_000
ENCODINGS = frozenset({"utf-8", "us-ascii", "ascii", "iso-8859-1", "iso-8859-15", "latin1", "windows-1252", "cp1252"})
UTF16_ENCODINGS = frozenset({"utf-16", "utf-16le", "utf-16be"})
UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
UTF32_STARTS = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"<\x00\x00\x00", b"\x00\x00\x00<")
DECLARED = re.compile(rb"""^<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
SPACES = re.compile(rb"[ \t\r\n]*")
NAME_START = re.compile(rb"<[A-Za-z_:\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a document. Unit: size in bytes."""

    size_bytes: int = 20 * 1024 * 1024
    depth: int = 200
    nodes: int = 200_000


LIMITS = Limits()


def parse_document(data: bytes, limits: Limits = LIMITS) -> Element:
    """Return the ClinicalDocument element of a CDA, also of one inside the style sheet that displays it.

    Errors  TooLargeXML over a bound; UnreadableXML on a DOCTYPE, a bad or unusual encoding, malformed XML;
            NotConformant when the root is not a ClinicalDocument of HL7 v3. Time: about the parse alone.
    """
    root = _out_of_its_sheet(parse_xml(data, limits))
    if root.tag != ROOT:
        found = f"{local_name(root)} in namespace {etree.QName(root).namespace or 'none'}"
        expected = "ClinicalDocument in namespace urn:hl7-org:v3"
        message = f"The root element is {found}; expected {expected}"
        raise NotConformant(refusal(message, line=line_of(root), xpath=f"/{local_name(root)}"))
    return root


def _out_of_its_sheet(root: Element) -> Element:
    found = next(root.iter(ROOT), None) if root.tag in SELF_DISPLAYING else None
    parent = None if found is None else found.getparent()
    if found is None or parent is None:
        return root
    parent.remove(found)
    return found


def parse_xml(data: bytes, limits: Limits = LIMITS) -> Element:
    """Return the root of any XML, read as carefully as a CDA. Errors: as parse_document, the last one aside."""
    _check_bounds(data, limits)
    _scan_prolog(_ascii_compatible(data))
    try:
        root = etree.fromstring(data, _parser(huge=len(data) > LIBXML2_TEXT_LIMIT_BYTES))
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise _unreadable(error) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnreadableXML(refusal("A DOCTYPE is not allowed: no DTD, no entities"))
    if len(data) > SMALLEST_NESTING_BYTES * limits.depth:
        _check_depth(root, limits)
    return root


def canonical_text(element: Element) -> bytes:
    """Return an element in canonical XML (exclusive C14N). Errors: NotConformant: a namespace is no absolute URI."""
    try:
        text: bytes = etree.tostring(element, method="c14n", exclusive=True, with_comments=False)
    except etree.C14NError as error:
        message = "A namespace is no absolute URI, such as urn:hl7-org:v3"
        raise NotConformant(refusal(message, line=line_of(element), xpath=xpath_of(element)[:200])) from error
    return text


def _check_bounds(data: bytes, limits: Limits) -> None:
    if len(data) > limits.size_bytes:
        raise TooLargeXML(refusal(f"The document has {len(data)} bytes; at most {limits.size_bytes} are read"))
    # Each element costs one "<" to open, another to close. A small document cannot hold too many: no need to count.
    if len(data) > SMALLEST_ELEMENT_BYTES * limits.nodes and data.count(b"<") > 2 * limits.nodes:
        raise TooLargeXML(refusal(f"The document has over {limits.nodes} nodes"))


def _ascii_compatible(data: bytes) -> bytes:
    """Return bytes whose markup is ASCII. Other encodings than those known could hide a DOCTYPE from the scan."""
    if data.startswith(UTF32_STARTS):
        raise UnreadableXML(refusal("The encoding is UTF-32; expected UTF-8", line=1))
    if data.startswith(UTF16_STARTS):
        return _from_utf16(data)
    data = data.removeprefix(b"\xef\xbb\xbf")
    declared = DECLARED.match(data)
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    if name not in ENCODINGS:
        raise UnreadableXML(refusal(f"The declared encoding is {name} and the bytes are not; expected UTF-8", line=1))
    return data


def _from_utf16(data: bytes) -> bytes:
    big_endian = data.startswith((b"\xfe\xff", b"\x00<"))
    try:
        text = data.decode("utf-16-be" if big_endian else "utf-16-le").removeprefix("\ufeff").encode()
    except UnicodeDecodeError as error:
        raise UnreadableXML(refusal("The bytes are not the UTF-16 they begin as", line=1)) from error
    declared = DECLARED.match(text)
    if declared and declared[1].decode("ascii").lower() not in UTF16_ENCODINGS:
        raise UnreadableXML(refusal("The document is in UTF-16 and declares another encoding", line=1))
    return text


def _scan_prolog(data: bytes) -> None:
    """Walk to the root element: only white space, comments and processing instructions may come before it."""
    at = _after_spaces(data, 0)
    while not NAME_START.match(data, at):
        if data.startswith(b"<?", at):
            end = data.find(b"?>", at) + 2
        elif data.startswith(b"<!--", at):
            end = data.find(b"-->", at + 4) + 3
        else:
            raise UnreadableXML(_prolog_refusal(data, at))
        if end < 4:
            raise UnreadableXML(refusal("The prolog has no end; expected a ClinicalDocument element"))
        at = _after_spaces(data, end)


def _after_spaces(data: bytes, at: int) -> int:
    spaces = SPACES.match(data, at)
    return spaces.end() if spaces else at


def _prolog_refusal(data: bytes, at: int) -> Finding:
    line = data.count(b"\n", 0, at) + 1
    if data[at : at + 9].upper() == b"<!DOCTYPE":
        return refusal("A DOCTYPE is not allowed: no DTD, no entities", line=line)
    return refusal("The body is not XML; expected a ClinicalDocument element", line=line)


def _parser(*, huge: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=huge,
        remove_comments=True,
        remove_pis=True,
    )


def _unreadable(error: Exception) -> UnreadableXML:
    if isinstance(error, etree.XMLSyntaxError):
        return UnreadableXML(refusal(f"The XML is malformed: {error.msg}", line=error.lineno))
    return UnreadableXML(refusal(f"The XML cannot be read: {error}"))


def _check_depth(root: Element, limits: Limits) -> None:
    deep = _deeper_than(limits.depth)(root)
    if isinstance(deep, list) and deep and isinstance(deep[0], Element):
        message = f"The elements are nested over {limits.depth} levels"
        raise TooLargeXML(refusal(message, line=line_of(deep[0]), xpath=xpath_of(deep[0])[:200]))


@cache
def _deeper_than(depth: int) -> etree.XPath:
    return etree.XPath("/*" * (depth + 1))
