"""A Bundle -> a document with its own PDF inside: one source, the same words in both."""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lxml import etree

from usager_cda.datatypes import Tree
from usager_cda.document import Written, main_documents, resolver_of, structured_model, write_document
from usager_cda.errors import Finding, IncompleteDocument
from usager_cda.fhir.composition import document_of_composition
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Header
from usager_cda.pdf.printing import pdf_from_bundle, pdf_from_written
from usager_cda.render.files import PDF
from usager_cda.safety import parse_document
from usager_cda.tree import Element, child
from usager_cda.wrapping import asked, carried_pdf

IDENTITY = ("id", "setId")
DOCUMENTS = ("Composition", "DocumentReference")


@dataclass(frozen=True, slots=True)
class DocumentWithPdf:
    """A document, and the PDF that it carries, byte for byte: what goes beside it in a message.

    Shape   header is what the document says of itself; findings are those of writing it, then of printing it.
    """

    document: bytes
    pdf: bytes
    header: Header
    findings: tuple[Finding, ...] = ()


def document_with_pdf(
    bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None, pdf: bytes | None = None
) -> DocumentWithPdf:
    """Return the document of a Bundle that holds a Composition, with its PDF/A-1b inside.

    Shape   an N3 carries a copy of itself, printed from it as it is before the copy goes in; a model that takes no copy
            (TROD) has its PDF beside it only. Anything else is an N1 around its PDF: printed, or the one that a section
            without words leads to. pdf is one that takes the place of either.
    Errors  those of write_document and of pdf_from_bundle.
    Source  CI-SIS: the PDF of an N3 shows its whole header and the text of its sections; that of an N1 is its body.
    """
    others = list(others)
    composition = next((each for each in _resources(bundle) if each.get("resourceType") == "Composition"), {})
    model = structured_model(composition)
    if model is None:
        return _unstructured(bundle, others, base_url, pdf)
    return _structured(bundle, others, base_url, pdf, is_inside=model.takes_pdf)


def is_printable(bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None) -> bool:
    """Say whether a Bundle becomes a document with a PDF of its own: an N3, or words that have no file yet."""
    composition = next((each for each in _resources(bundle) if each.get("resourceType") == "Composition"), None)
    if composition is None:
        return False
    if structured_model(composition) is not None:
        return True
    resolver = resolver_of(bundle, others, base_url)
    return _has_words(composition, resolver) and not main_documents(bundle, resolver)


def _structured(
    bundle: Tree, others: list[Tree], base_url: str | None, pdf: bytes | None, *, is_inside: bool
) -> DocumentWithPdf:
    first = write_document(bundle, others, base_url=base_url)
    content: bytes | None = pdf
    told: tuple[Finding, ...] = ()
    if content is None:
        printed = pdf_from_written(first.data, [*_resources(bundle), *others])
        content, told = printed.content, printed.findings
    if not is_inside:
        return DocumentWithPdf(first.data, content, first.header, _once(first.findings, told))
    second = write_document(bundle, others, base_url=base_url, pdf=content)
    data = _with_identity_of(first, second)
    return DocumentWithPdf(data, content, first.header, _once(second.findings, told))


def _with_identity_of(known: Written, made: Written) -> bytes:
    """Return a document under the identity of another: one made from the content would tell of the copy too."""
    if made.header.id == known.header.id and made.header.set_id == known.header.set_id:
        return made.data
    root, other = parse_document(made.data), parse_document(known.data)
    for name in IDENTITY:
        _take(child(root, name), child(other, name))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _take(element: Element | None, other: Element | None) -> None:
    if element is None or other is None:
        return
    for name in ("root", "extension"):
        value = other.get(name)
        if value is not None:
            element.set(name, value)


def _unstructured(bundle: Tree, others: list[Tree], base_url: str | None, pdf: bytes | None) -> DocumentWithPdf:
    entries = [entry for entry in bundle.get("entry", ()) if entry.get("resource")]
    resolver = resolver_of(bundle, others, base_url)
    composition = next((each for each in _resources(bundle) if each["resourceType"] == "Composition"), {})
    document = document_of_composition(bundle, composition, resolver)
    content = pdf if pdf is not None or _has_words(composition, resolver) else _carried(document, resolver)
    told: tuple[Finding, ...] = ()
    if content is None:
        printed = pdf_from_bundle(bundle, others, base_url=base_url)
        content, told = printed.content, printed.findings
    title = {name: composition[name] for name in ("title", "language") if composition.get(name)}
    attachment = {"contentType": PDF, **title, "data": base64.b64encode(content).decode("ascii")}
    around = {**document, "content": [{"attachment": attachment}]}
    made = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": around}, *_kept(entries)]}
    beside = (each for each in _resources(bundle) if each["resourceType"] in DOCUMENTS)
    written = write_document(made, [*others, *beside], base_url=base_url)
    return DocumentWithPdf(written.data, content, written.header, _once(written.findings, told))


def _kept(entries: list[Tree]) -> list[Tree]:
    """Return the entries of an N1: what else is a document is no longer in it, but may still be referred to."""
    return [entry for entry in entries if entry["resource"]["resourceType"] not in DOCUMENTS]


def _carried(document: Tree, resolver: Resolver) -> bytes:
    """Return the PDF that a Composition without words leads to. Errors: IncompleteDocument when there is none."""
    content = carried_pdf(document, resolver)
    if content is None:
        text = "no section has words, and none leads to a PDF; expected one of them"
        raise IncompleteDocument(asked("Composition.section", text))
    return content


def _has_words(composition: Tree, resolver: Resolver) -> bool:
    """Say whether a section of a Composition, or an entry of it, has a narrative: there is something to print."""
    sections = list(composition.get("section", ()))
    while sections:
        section = sections.pop()
        sections.extend(section.get("section", ()))
        listed = (resolver.find(each, composition) or {} for each in section.get("entry", ()))
        if any((each.get("text") or {}).get("div") for each in (section, *listed)):
            return True
    return False


def _resources(bundle: Tree) -> Iterator[Tree]:
    return (entry["resource"] for entry in bundle.get("entry", ()) if entry.get("resource"))


def _once(*findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings of several steps, those that two of them tell once."""
    return tuple(dict.fromkeys(finding for each in findings for finding in each))
