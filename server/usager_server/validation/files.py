"""Files: whether bytes are what their media type says, by how they begin.

A library that guesses (`puremagic`, `filetype`) answers another question: a text that begins with "MZ" is a program to
it, a DICOM image an embroidery design, a CDA without declaration nothing. Here a type is declared, and is held to it.
"""

import base64
import binascii
import codecs
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from usager_server.validation.findings import Findings, one
from usager_server.validation.limits import FILE_HEAD_BYTES, FILE_LEAST_BYTES

BASE64_HEAD = FILE_HEAD_BYTES * 2  # what the white space between does not use up
UTF_8_MARK, UTF_16_MARKS = codecs.BOM_UTF8, (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
XML_IN_UTF_16 = (*UTF_16_MARKS, b"<\0", b"\0<")
JSON_STARTS = frozenset(b'{["-0123456789tfn')
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
PDF_START, PDF_START_WITHIN = b"%PDF-", 1024  # readers look so far for it: ISO 32000-1, annex H, note 13
HEIC_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
LOCKED_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # a document of Office with a password is no ZIP


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that is known by how it begins.

    Shape   type: its media type, other_types: what it is called as well, a last `*` standing for any end; begins: tells
            whether bytes begin as its own do; start says that in words.
    """

    name: str
    type: str
    begins: Callable[[bytes], bool]
    start: str
    other_types: tuple[str, ...] = ()


def _starting(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(starts)


KINDS = (
    Kind("PDF", "application/pdf", _starting(PDF_START), "%PDF-", ("application/x-pdf",)),
    Kind("PNG", "image/png", _starting(b"\x89PNG\r\n\x1a\n"), "89 PNG"),
    Kind("JPEG", "image/jpeg", _starting(b"\xff\xd8\xff"), "FF D8 FF", ("image/jpg", "image/pjpeg")),
    Kind("GIF", "image/gif", _starting(b"GIF87a", b"GIF89a"), "GIF87a or GIF89a"),
    Kind("TIFF", "image/tiff", _starting(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), "II or MM"),
    Kind("WebP", "image/webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP", "RIFF … WEBP"),
    Kind(
        "HEIC",
        "image/heic",
        lambda head: head[4:8] == b"ftyp" and head[8:12] in HEIC_BRANDS,
        "… ftyp",
        ("image/heif", "image/heic-sequence", "image/heif-sequence"),
    ),
    Kind("DICOM", "application/dicom", lambda head: head[128:132] == b"DICM", "DICM after 128 bytes"),
    Kind("RTF", "application/rtf", _starting(b"{\\rtf"), r"{\rtf", ("text/rtf",)),
    Kind("ZIP", "application/zip", _starting(*ZIP_STARTS), "PK", ("application/x-zip-compressed",)),
)
IN_ZIP = (
    Kind(
        "Office Open XML",
        "application/vnd.openxmlformats-officedocument.*",
        _starting(*ZIP_STARTS, LOCKED_OFFICE),
        "PK",
    ),
    Kind("OpenDocument", "application/vnd.oasis.opendocument.*", _starting(*ZIP_STARTS), "PK"),
)
"""Kinds that a ZIP is as well: they are held to what they say, and no bytes are taken for them."""

XML, JSON, TEXT = "XML", "JSON", "plain text"


def mismatch(media_type: str, head: bytes, *, known_only: bool = False) -> str | None:
    """Return how bytes are not what their media type says and what would be right; None when all is well.

    Shape   head: the first FILE_HEAD_BYTES of them, or all when there are fewer. A media type that is not known here
            promises nothing; known_only: it will not do.
    """
    if not head:
        return None
    name, _, parameters = media_type.partition(";")
    name = name.strip().lower()
    kind = BY_TYPE.get(name) or next((each for each in IN_ZIP if name.startswith(each.type[:-1])), None)
    if kind is not None:
        return None if _is(kind, head) else _other(kind.name, head) or _no_start(kind, head)
    form = _text_form(name)
    if form is None:
        return f"contentType is none of the kinds that this server takes: {TAKEN}" if known_only else None
    return _other(form, head) or _not_text(form, head, parameters.lower())


def attached(node: dict[str, Any], *, known_only: bool) -> Findings | None:
    """Return that the data of an Attachment or a Binary are not of its contentType, or None."""
    head = head_of(node["data"])
    text = None if head is None else mismatch(node.get("contentType", ""), head, known_only=known_only)
    return None if text is None else one("business-rule", text, step=".contentType")


def head_of(data: str) -> bytes | None:
    """Return how a base64Binary begins, decoded; None when it is none, which is for others to say."""
    start = "".join(data[:BASE64_HEAD].split())
    try:
        return base64.b64decode(start[: len(start) // 4 * 4])[:FILE_HEAD_BYTES]
    except (binascii.Error, ValueError):
        return None


def _types() -> Iterator[tuple[str, Kind]]:
    for kind in KINDS:
        for name in (kind.type, *kind.other_types):
            yield name, kind


BY_TYPE = dict(_types())
TAKEN = ", ".join([*(kind.name for kind in (*KINDS, *IN_ZIP)), XML, JSON, TEXT])


def _text_form(name: str) -> str | None:
    if name in ("application/xml", "text/xml") or name.endswith("+xml"):
        return XML
    if name == "application/json" or name.endswith("+json"):
        return JSON
    return TEXT if name == "text/plain" else None


def _is(kind: Kind, head: bytes) -> bool:
    return kind.begins(head) or (kind.name == "PDF" and PDF_START in head[:PDF_START_WITHIN])


def _other(name: str, head: bytes) -> str | None:
    """Return that the bytes are those of another kind, which one, and what to do."""
    seen = next((kind for kind in KINDS if kind.begins(head)), None)
    if seen is None:
        return None
    return f"the bytes are {seen.name}, contentType says {name}: {seen.type} would be right, or bytes that are {name}"


def _no_start(kind: Kind, head: bytes) -> str | None:
    if len(head) < FILE_LEAST_BYTES:
        return None
    text = f"the bytes do not begin as {kind.name} does ({kind.start}), which contentType says that they are"
    inner = head_of(head[:BASE64_HEAD].decode("latin-1")) if head[:64].isascii() else None
    return f"{text}: they are its base64, decode them once more" if inner and _is(kind, inner) else text


def _not_text(form: str, head: bytes, parameters: str) -> str | None:
    if form == TEXT:
        return _not_plain(head, parameters)
    start = head.removeprefix(UTF_8_MARK).lstrip()
    if form == XML:
        if not start or start[:1] == b"<" or head.startswith(XML_IN_UTF_16):
            return None
        return "the bytes do not begin as XML does (<), which contentType says that they are"
    if not start or start[0] in JSON_STARTS:
        return None
    return "the bytes do not begin as JSON does ({ or [), which contentType says that they are"


def _not_plain(head: bytes, parameters: str) -> str | None:
    """Return how bytes are no text: a NUL in them or, where no charset is named, something else than UTF-8."""
    charset = parameters.partition("charset=")[2].partition(";")[0].strip(" \"'")
    if charset.startswith(("utf-16", "utf-32")):
        return None
    if b"\0" in head:
        return "the bytes are no text: a NUL is among them; application/octet-stream says that they may be anything"
    if charset and charset not in UTF_8:
        return None
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < FILE_HEAD_BYTES)
    except UnicodeDecodeError:
        return "the bytes are not UTF-8: name their charset (text/plain; charset=iso-8859-1), or send UTF-8"
    return None
