"""The two ways of the library: a CDA document -> a transaction Bundle, and FHIR around a file -> an N1 document."""

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace

from usager_cda.body import check_body
from usager_cda.classes import UNSTRUCTURED_MEDIA
from usager_cda.complete import completed
from usager_cda.coverage import unmapped
from usager_cda.datatypes import Tree
from usager_cda.errors import Finding, IncompleteDocument
from usager_cda.fhir.bundle import transaction_of
from usager_cda.fhir.composition import document_of_composition
from usager_cda.fhir.header import header_of_document
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Act
from usager_cda.read import header_of
from usager_cda.safety import LIMITS, Limits, parse_document
from usager_cda.tree import add, node
from usager_cda.write import build_document

PDF_START = b"%PDF-"
TEXT_MEDIA = "text/plain"


def bundle_from_cda(data: bytes, limits: Limits = LIMITS) -> Tree:
    """Return the transaction Bundle of a document: its header as resources, its bytes as a Binary.

    Shape   what was remarkable is in cda-finding extensions of the entry of the DocumentReference.
    Errors  UnreadableXML, TooLargeXML, NotConformant.
    Source  cda.md 6.1 and 6.3.
    """
    root = parse_document(data, limits)
    read = header_of(root)
    return transaction_of(read.header, data, (*read.findings, *check_body(root), *unmapped(root)))


def cda_from_bundle(bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None) -> bytes:
    """Return the N1 document of a Bundle that holds a DocumentReference (or a Composition) and its file.

    Shape   others are resources that the Bundle refers to without holding them; base_url the server they come from.
    Errors  IncompleteDocument with all that is missing. Source: CI-SIS structuration minimale; IHE XDS-SD.
    """
    resolver = _resolver(bundle, others, base_url)
    document = _document(bundle, resolver)
    media_type, content = _file(document, resolver)
    header = header_of_document(document, resolver)
    header = replace(header, media_type=media_type, acts=header.acts or (Act(),))
    header = completed(header, _content_key(document, content))
    text = base64.b64encode(content).decode("ascii")
    body = add(node("nonXMLBody"), node("text", text, mediaType=media_type, representation="B64"))
    try:
        return build_document(header, body)
    except ValueError as error:  # a time that is none, in a resource nobody validated
        raise IncompleteDocument(_asked("Bundle", str(error))) from error


def references_needed(bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None) -> set[str]:
    """Return the references ("Type/id") that a Bundle needs and that neither it nor others hold."""
    others = list(others)
    resolver = _resolver(bundle, others, base_url)
    resources = [entry.get("resource") or {} for entry in bundle.get("entry", ())]
    return {
        text
        for resource in (*resources, *others)
        for text in (*resolver.missing(resource), *_file_url(resource, resolver))
    }


def _file_url(resource: Tree, resolver: Resolver) -> Iterable[str]:
    for content in resource.get("content", ()) if resource.get("resourceType") == "DocumentReference" else ():
        attachment = content.get("attachment") or {}
        url = str(attachment.get("url") or "")
        if url.startswith("Binary/") and "data" not in attachment and resolver.find({"reference": url}) is None:
            yield url


def _resolver(bundle: Tree, others: Iterable[Tree], base_url: str | None) -> Resolver:
    entries = [entry for entry in bundle.get("entry", ()) if entry.get("resource")]
    resolver = Resolver(((entry.get("fullUrl"), entry["resource"]) for entry in entries), base_url)
    for resource in others:
        resolver.add(resource)
    return resolver


def _document(bundle: Tree, resolver: Resolver) -> Tree:
    resources = [entry.get("resource") or {} for entry in bundle.get("entry", ())]
    documents = [found for found in resources if found.get("resourceType") == "DocumentReference"]
    if len(documents) > 1:
        raise IncompleteDocument(_asked("Bundle.entry", f"{len(documents)} DocumentReferences; expected one"))
    if documents:
        return documents[0]
    composition = resolver.of_type("Composition")
    if composition is None:
        raise IncompleteDocument(_asked("Bundle.entry", "no DocumentReference nor Composition; expected one"))
    return document_of_composition(bundle, composition, resolver)


def _file(document: Tree, resolver: Resolver) -> tuple[str, bytes]:
    """Return the file of a document: the first content that a non-structured body can carry."""
    for content in document.get("content", ()):
        attachment = content.get("attachment") or {}
        media_type = str(attachment.get("contentType") or "").partition(";")[0].strip().lower()
        if media_type in UNSTRUCTURED_MEDIA:
            return media_type, _checked(media_type, _bytes(attachment, resolver))
    known = ", ".join(UNSTRUCTURED_MEDIA)
    raise IncompleteDocument(_asked("DocumentReference.content.attachment", f"no file of type {known}"))


def _bytes(attachment: Tree, resolver: Resolver) -> bytes:
    binary = resolver.find({"reference": attachment.get("url")}) if attachment.get("url") else None
    encoded = attachment.get("data") or (binary or {}).get("data")
    if not encoded:
        expected = "neither data nor a url that leads to a Binary of the Bundle"
        raise IncompleteDocument(_asked("DocumentReference.content.attachment", expected))
    try:
        return binascii.a2b_base64("".join(str(encoded).split()), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise IncompleteDocument(_asked("DocumentReference.content.attachment.data", f"not base64: {error}")) from error


def _checked(media_type: str, content: bytes) -> bytes:
    if media_type == "application/pdf" and not content.startswith(PDF_START):
        raise IncompleteDocument(
            _asked("DocumentReference.content.attachment", "the file is not a PDF; expected %PDF-")
        )
    return content


def _content_key(document: Tree, content: bytes) -> str:
    told = {name: value for name, value in document.items() if name not in ("id", "meta", "text")}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode() + b"\0" + content).hexdigest()


def _asked(expression: str, message: str) -> Finding:
    return Finding("error", f"{expression}: {message}", expression=expression)
