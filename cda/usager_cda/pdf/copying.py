"""A Bundle -> a document with its own PDF inside: one source, the same words in both."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from usager_cda.datatypes import Tree
from usager_cda.document import cda_from_bundle
from usager_cda.fhir.composition import document_of_composition
from usager_cda.fhir.resolver import Resolver
from usager_cda.pdf.printing import is_structured, pdf_from_bundle
from usager_cda.render.files import PDF, file_of
from usager_cda.safety import parse_document
from usager_cda.tree import Element, child

IDENTITY = ("id", "setId")


@dataclass(frozen=True, slots=True)
class DocumentWithPdf:
    """A document, and the PDF that it carries, byte for byte: what goes beside it in a message."""

    document: bytes
    pdf: bytes


def document_with_pdf(bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None) -> DocumentWithPdf:
    """Return the document of a Bundle that holds a Composition, with its PDF/A-1b inside.

    Shape   an N3 carries a copy of itself, printed from it as it is before the copy goes in; a model that takes no copy
            (TROD) has its PDF beside it only. Anything else is an N1 around its PDF.
    Errors  those of cda_from_bundle and of pdf_from_bundle.
    Source  CI-SIS: the PDF of an N3 shows its whole header and the text of its sections; that of an N1 is its body.
    """
    others = list(others)
    make = _structured if is_structured(bundle) else _unstructured
    return make(bundle, others, base_url)


def _structured(bundle: Tree, others: list[Tree], base_url: str | None) -> DocumentWithPdf:
    first = cda_from_bundle(bundle, others, base_url=base_url)
    pdf = pdf_from_bundle(bundle, others, base_url=base_url).content
    known, whole = parse_document(first), parse_document(cda_from_bundle(bundle, others, base_url=base_url, pdf=pdf))
    if file_of(whole) is None:
        return DocumentWithPdf(first, pdf)
    for name in IDENTITY:
        _take(child(whole, name), child(known, name))
    return DocumentWithPdf(etree.tostring(whole, xml_declaration=True, encoding="UTF-8"), pdf)


def _take(element: Element | None, other: Element | None) -> None:
    """Give an identifier the value of another: one made from the content would tell of the copy too."""
    if element is None or other is None:
        return
    for name in ("root", "extension"):
        value = other.get(name)
        if value is not None:
            element.set(name, value)


def _unstructured(bundle: Tree, others: list[Tree], base_url: str | None) -> DocumentWithPdf:
    pdf = pdf_from_bundle(bundle, others, base_url=base_url).content
    entries = [entry for entry in bundle.get("entry", ()) if entry.get("resource")]
    resolver = Resolver(((entry.get("fullUrl"), entry["resource"]) for entry in entries), base_url)
    composition = next(entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "Composition")
    document = document_of_composition(bundle, composition, resolver)
    title = {name: composition[name] for name in ("title", "language") if composition.get(name)}
    attachment = {"contentType": PDF, **title, "data": base64.b64encode(pdf).decode("ascii")}
    around = {**document, "content": [{"attachment": attachment}]}
    kept = [entry for entry in entries if entry["resource"] is not composition]
    made = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": around}, *kept]}
    return DocumentWithPdf(cda_from_bundle(made, others, base_url=base_url), pdf)
