"""What is printed, wherever it comes from: a header and its sections."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from lxml import etree

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import extension_of, value_of
from usager_cda.errors import Finding, IncompleteDocument, NotConformant, refusal
from usager_cda.fhir import names
from usager_cda.fhir.composition import document_of_composition
from usager_cda.fhir.header import header_of_document
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Header
from usager_cda.pdf.narrative import Narratives
from usager_cda.read import header_of
from usager_cda.render.body import sections_of
from usager_cda.render.files import CarriedFile
from usager_cda.render.texts import words_of
from usager_cda.telling.section import Section
from usager_cda.tree import NOT_XML, Element

QUALIFIED = ("VALI", "QUAL")
EMPTY = {
    "nilknown": "Aucun élément connu",
    "notasked": "Non recherché",
    "withheld": "Non communiqué",
    "unavailable": "Non disponible",
    "notstarted": "Non commencé",
    "closed": "Clos",
}
NOTHING = "Rubrique non renseignée"
MOST_SECTIONS_DEEP = 6


@dataclass(frozen=True, slots=True)
class Printable:
    """A document to be printed. is_qualified: its matricule INS may be shown."""

    header: Header
    is_qualified: bool
    sections: tuple[Section, ...]


def printable_of_bundle(
    bundle: Tree, others: Iterable[Tree], base_url: str | None, narratives: Narratives
) -> Printable:
    """Return what is printed of a Bundle with a Composition. Errors: IncompleteDocument."""
    entries = [entry for entry in bundle.get("entry", ()) if entry.get("resource")]
    resolver = Resolver(((entry.get("fullUrl"), entry["resource"]) for entry in entries), base_url)
    for resource in others:
        resolver.add(resource)
    composition = resolver.of_type("Composition")
    if composition is None:
        message = "Bundle.entry: no Composition; expected one"
        raise IncompleteDocument(Finding("error", message, expression="Bundle.entry"))
    document = document_of_composition(bundle, composition, resolver)
    patient = resolver.find(composition.get("subject"), composition) or {}
    reader = _Sections(composition, resolver, narratives)
    sections = tuple(reader.sections(composition, "Composition", 0))
    return Printable(header_of_document(document, resolver), is_qualified(patient), sections)


def printable_of_cda(
    root: Element, file: CarriedFile | None, narratives: Narratives, *, is_qualified: bool = True
) -> Printable:
    """Return what is printed of a parsed CDA that carries no PDF.

    Shape   its matricule is shown, unless it is said otherwise: who wrote it has answered for it.
    Errors  NotConformant for a file that is neither text nor a picture.
    """
    sections = sections_of(root) if file is None else (Section("Document", (_page_of(file),)),)
    cleaned = tuple(_cleaned(section, "ClinicalDocument", narratives) for section in sections)
    return Printable(header_of(root).header, is_qualified=is_qualified, sections=cleaned)


def _cleaned(section: Section, path: str, narratives: Narratives) -> Section:
    here = f"{path}/{section.title}"
    texts = tuple(narratives.cleaned(text, here) for text in section.texts)
    return replace(section, texts=texts, sections=tuple(_cleaned(each, here, narratives) for each in section.sections))


def _page_of(file: CarriedFile) -> Element:
    made = etree.Element("div")
    words = words_of(file)
    if words is not None:
        etree.SubElement(made, "pre").text = NOT_XML.sub("", words)
    elif file.media_type.startswith("image/"):
        etree.SubElement(made, "img", src=file.data_url, alt="")
    else:
        raise NotConformant(refusal(f"A file of type {file.media_type} cannot be printed", xpath="/ClinicalDocument"))
    return made


def names_a_qualified(resources: Iterable[Tree]) -> bool:
    """Say whether the matricule of the person of these resources may be shown."""
    return all(is_qualified(each) for each in resources if each.get("resourceType") == "Patient")


def is_qualified(patient: Tree) -> bool:
    """Say whether the matricule of a Patient may be shown: not when its identity is said to be less than validated.

    Source  RNIV, EXI SI 08; FR Core identity-reliability.
    """
    reliability = extension_of(patient, names.RELIABILITY) or {}
    status = value_of(reliability, "identityStatus", "valueCoding") or {}
    return not status or status.get("code") in QUALIFIED


class _Sections:
    def __init__(self, composition: Tree, resolver: Resolver, narratives: Narratives) -> None:
        self.composition = composition
        self.resolver = resolver
        self.narratives = narratives

    def sections(self, holder: Tree, path: str, depth: int) -> Iterator[Section]:
        if depth == MOST_SECTIONS_DEEP:
            message = f"{path}: sections are nested over {MOST_SECTIONS_DEEP} levels"
            raise IncompleteDocument(Finding("error", message, expression=path))
        for rank, section in enumerate(holder.get("section", ())):
            yield self._section(section, f"{path}.section[{rank}]", depth)

    def _section(self, section: Tree, path: str, depth: int) -> Section:
        texts = tuple(self._texts(section, path))
        inner = tuple(self.sections(section, path, depth + 1))
        note = None if texts or inner else _why_empty(section)
        return Section(_title(section), texts, note, inner)

    def _texts(self, section: Tree, path: str) -> Iterator[Element]:
        """Yield the narrative of a section; without one, those of its entries."""
        if (section.get("text") or {}).get("div"):
            yield self.narratives.printable(section["text"]["div"], f"{path}.text.div")
            return
        for rank, reference in enumerate(section.get("entry", ())):
            found = self.resolver.find(reference, self.composition) or {}
            if (found.get("text") or {}).get("div"):
                yield self.narratives.printable(found["text"]["div"], f"{path}.entry[{rank}].resolve().text.div")


def _title(section: Tree) -> str:
    coding: Tree = next(iter((section.get("code") or {}).get("coding", ())), {})
    return section.get("title") or (section.get("code") or {}).get("text") or coding.get("display") or "Rubrique"


def _why_empty(section: Tree) -> str:
    reason = section.get("emptyReason") or {}
    coding: Tree = next(iter(reason.get("coding", ())), {})
    return reason.get("text") or EMPTY.get(coding.get("code", "")) or coding.get("display") or NOTHING
