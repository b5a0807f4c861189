"""An N1: the header of a DocumentReference around its file; what is structured beside it is said to be left behind."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace

from usager_cda.body import content_of
from usager_cda.building import add, markup, node
from usager_cda.classes import UNSTRUCTURED_MEDIA
from usager_cda.complete import completed
from usager_cda.datatypes import Tree
from usager_cda.errors import CDAError, Finding, IncompleteDocument
from usager_cda.fhir.header import header_of_document
from usager_cda.fhir.resolver import Resolver
from usager_cda.functions import with_listed_functions
from usager_cda.header import Act, Header
from usager_cda.safety import parse_document
from usager_cda.tree import Element, attribute, descendant
from usager_cda.write import build_document

PDF_START = b"%PDF-"
PDF = "application/pdf"
# A CDA that was read: an N1 holds its file itself, an N3 has what is structured.
DOCUMENTS = ("text/xml", "application/xml")
FILE = "DocumentReference.content.attachment"


def wrapped(document: Tree, composition: Tree | None, resolver: Resolver) -> tuple[bytes, Header, tuple[Finding, ...]]:
    """Return the N1 around the file of a DocumentReference, its header and what was changed for it.

    Errors  IncompleteDocument.
    """
    media_type, content = _file(document, composition, resolver)
    header, remarks = with_listed_functions(header_of_document(document, resolver))
    header = replace(header, media_type=media_type, acts=header.acts or (Act(),))
    header = completed(header, content_key(document, content))
    text = base64.b64encode(content).decode("ascii")
    body = add(node("nonXMLBody"), node("text", text, mediaType=media_type, representation="B64"))
    return build_document(header, markup(body)), header, remarks


def left_behind(document: Tree, composition: Tree | None) -> Iterator[Finding]:
    """Yield the remark that the structured body of a document that was read stays in the original."""
    sections = (composition or {}).get("section") or ()
    if sections and any(_media_type(content) in DOCUMENTS for content in document.get("content", ())):
        text = (
            f"{_type(document)} is read only: the N1 holds the file alone, its {len(sections)} sections are left behind"
        )
        yield Finding("warning", text, expression="Composition.section")


def _file(document: Tree, composition: Tree | None, resolver: Resolver) -> tuple[str, bytes]:
    """Return the file of a document: the first content that a non-structured body can carry, else what an N1 holds."""
    originals = []
    for content in document.get("content", ()):
        attachment = content.get("attachment") or {}
        media_type = _media_type(content)
        if media_type in UNSTRUCTURED_MEDIA:
            return media_type, _checked(media_type, _bytes(attachment, resolver))
        originals += [attachment] if media_type in DOCUMENTS else []
    for attachment in originals:
        body = _body(_bytes(attachment, resolver))
        if body is not None:
            return attribute(body, "mediaType") or "", content_of(body)
    known = ", ".join(UNSTRUCTURED_MEDIA)
    text = f"no file of type {known}"
    if (composition or {}).get("section"):
        text = f"{text}, and {_type(document)} is read only: no model writes its sections"
    raise IncompleteDocument(asked(FILE, text))


def carried_pdf(document: Tree, resolver: Resolver) -> bytes | None:
    """Return the PDF that a document is already; None when it has to be printed. Errors: IncompleteDocument."""
    content: Tree = next(iter(document.get("content", ())), {})
    attachment = content.get("attachment") or {}
    is_there = _media_type(content) == PDF and (attachment.get("data") or attachment.get("url"))
    return _checked(PDF, _bytes(attachment, resolver)) if is_there else None


def _media_type(content: Tree) -> str:
    attachment = content.get("attachment") or {}
    return str(attachment.get("contentType") or "").partition(";")[0].strip().lower()


def _type(document: Tree) -> str:
    codings = (document.get("type") or {}).get("coding") or [{}]
    return f"a document of type {codings[0].get('code')}"


def _body(data: bytes) -> Element | None:
    """Return the text of the body of an N1; None for anything else."""
    try:
        found = descendant(parse_document(data), "component/nonXMLBody/text")
    except CDAError as error:
        raise IncompleteDocument(asked(f"{FILE}.data", f"no CDA: {error}")) from error
    is_file = attribute(found, "mediaType") in UNSTRUCTURED_MEDIA and attribute(found, "representation") == "B64"
    return found if is_file else None


def _bytes(attachment: Tree, resolver: Resolver) -> bytes:
    binary = resolver.find({"reference": attachment.get("url")}) if attachment.get("url") else None
    encoded = attachment.get("data") or (binary or {}).get("data")
    if not encoded:
        raise IncompleteDocument(asked(FILE, "neither data nor a url that leads to a Binary of the Bundle"))
    try:
        return binascii.a2b_base64("".join(str(encoded).split()), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise IncompleteDocument(asked(f"{FILE}.data", f"not base64: {error}")) from error


def _checked(media_type: str, content: bytes) -> bytes:
    if media_type == PDF and not content.startswith(PDF_START):
        raise IncompleteDocument(asked(FILE, "the file is not a PDF; expected %PDF-"))
    return content


def content_key(document: Tree, content: bytes) -> str:
    """Return what stands for all that a document says."""
    told = {name: value for name, value in document.items() if name not in ("id", "meta", "text")}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode() + b"\0" + content).hexdigest()


def asked(expression: str, message: str) -> Finding:
    """Return the finding that something is asked for."""
    return Finding("error", f"{expression}: {message}", expression=expression)
