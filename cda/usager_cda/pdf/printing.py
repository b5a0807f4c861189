"""A document -> its PDF/A-1b: one template family, in French."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from jinja2 import Template

from usager_cda.datatypes import Tree
from usager_cda.datatypes.times import instant_of
from usager_cda.document import cda_from_bundle, structured_model
from usager_cda.errors import Finding, IncompleteDocument
from usager_cda.header import Header
from usager_cda.pdf.archive import Description, archived
from usager_cda.pdf.layout import ROOM, drawable, pages_of
from usager_cda.pdf.narrative import Narratives
from usager_cda.pdf.printable import Printable, names_a_qualified, printable_of_bundle, printable_of_cda
from usager_cda.render.files import PDF, file_of
from usager_cda.safety import LIMITS, Limits, parse_document
from usager_cda.telling import colophon, wording
from usager_cda.telling.identity import Identity, identity_of
from usager_cda.telling.page import template_of
from usager_cda.tree import NOT_XML

UNTITLED = "Document"
SYMBOL = "usager:symbol"
# The band of identity grows with what it says, and the pages leave it room: millimetres.
BAND_LEAST, BAND_LINE, BAND_AROUND = 38.0, 3.8, 12.5
FOOT_LETTERS = 85


@dataclass(frozen=True, slots=True)
class PrintedDocument:
    """A PDF/A-1b. findings tell what could not be printed as it was given; pages is their number."""

    content: bytes
    pages: int
    findings: tuple[Finding, ...] = ()


def pdf_from_bundle(bundle: Tree, others: Iterable[Tree] = (), *, base_url: str | None = None) -> PrintedDocument:
    """Return the PDF/A-1b of a Bundle that holds a Composition: its header, its sections and their narratives.

    Shape   others are resources that the Bundle refers to without holding them; base_url the server they come from.
            The same input gives the same bytes.
    Errors  IncompleteDocument without Composition, date or readable narratives, each with its FHIRPath; PrinterMissing.
    Source  ISO 19005-1 (PDF/A-1b); RNIV and Guide d'implémentation de l'INS for the identity on each page.
    """
    others = list(others)
    if is_structured(bundle):
        return pdf_from_written(cda_from_bundle(bundle, others, base_url=base_url), [*_resources(bundle), *others])
    narratives = Narratives()
    return printed(printable_of_bundle(bundle, others, base_url, narratives), narratives)


def pdf_from_written(data: bytes, resources: Iterable[Tree]) -> PrintedDocument:
    """Return the PDF/A-1b of an N3 that was just written from resources. Errors: those of pdf_from_bundle."""
    narratives = Narratives()
    qualified = names_a_qualified(resources)
    return printed(printable_of_cda(parse_document(data), None, narratives, is_qualified=qualified), narratives)


def is_structured(bundle: Tree) -> bool:
    """Say whether a Bundle becomes an N3: it is then printed from it, so that both say the same words."""
    composition = next((each for each in _resources(bundle) if each.get("resourceType") == "Composition"), None)
    return composition is not None and structured_model(composition) is not None


def _resources(bundle: Tree) -> list[Tree]:
    return [entry.get("resource") or {} for entry in bundle.get("entry", ())]


def pdf_from_cda(data: bytes, limits: Limits = LIMITS) -> bytes:
    """Return any CDA as a PDF: the one that it carries, byte for byte, else its header and sections printed.

    Errors  UnreadableXML, TooLargeXML; NotConformant when it cannot be shown on paper; PrinterMissing.
    Source  CI-SIS: the PDF of an N1 is the one inside it, that of an N3 shows its whole header and its sections.
    """
    root = parse_document(data, limits)
    file = file_of(root)
    if file is not None and file.media_type == PDF:
        return file.content
    narratives = Narratives()
    return printed(printable_of_cda(root, file, narratives), narratives).content


def printed(printable: Printable, narratives: Narratives) -> PrintedDocument:
    """Return the PDF/A-1b of a document, wherever it was read. Errors: IncompleteDocument; PrinterMissing."""
    header = printable.header
    if not header.time or not is_instant(header.time):
        message = "Composition.date is missing, or is none of the calendar"
        raise IncompleteDocument(Finding("error", message, expression="Composition.date"))
    identity = identity_of(header.patient, is_qualified=printable.is_qualified)
    html, missing = drawable(NOT_XML.sub("", _html(printable, identity)))
    images = {**narratives.images, **({SYMBOL: ("image/png", identity.symbol)} if identity.symbol else {})}
    content, pages = pages_of(html, images)
    made = archived(content, _description(header))
    return PrintedDocument(made, pages, (*narratives.findings, *_unknown_characters(missing)))


def _unknown_characters(count: int) -> tuple[Finding, ...]:
    if not count:
        return ()
    return (Finding("warning", f"{count} characters are in no font of ours; they are printed as U+FFFD"),)


def _html(printable: Printable, identity: Identity) -> str:
    header = printable.header
    return _template().render(
        identity=identity,
        band_mm=max(BAND_LEAST, BAND_AROUND + BAND_LINE * identity.lines),
        title=header.title or wording.label(header.code) or UNTITLED,
        kind=wording.label(header.code),
        version=header.version or 1,
        written=wording.moment(header.time),
        author=_author(header),
        structure=colophon.letterhead(header),
        essential=colophon.essential(header),
        whole=colophon.whole(header),
        sections=printable.sections,
    )


def _author(header: Header) -> str:
    parties = (part.party for part in header.authors)
    named = (wording.person(party.name) or wording.structure(party.organization) for party in parties)
    return ", ".join(dict.fromkeys(filter(None, named))) or "Auteur non renseigné"


def is_instant(time: str) -> bool:
    """Say whether a FHIR dateTime names a moment that a PDF can bear."""
    try:
        datetime.fromisoformat(instant_of(time)).astimezone(UTC)
    except (ValueError, OverflowError):
        return False
    return True


def _description(header: Header) -> Description:
    written = datetime.fromisoformat(instant_of(str(header.time))).astimezone(UTC)
    title = header.title or wording.label(header.code) or UNTITLED
    return Description(title, _author(header), written, header.language or "fr-FR")


@cache
def _template() -> Template:
    return template_of(ROOM, "document.html", shortened=_shortened)


def _shortened(text: str) -> str:
    """Return a text that fits one line of the foot of the pages; the first page says it whole."""
    return text if len(text) <= FOOT_LETTERS else text[: FOOT_LETTERS - 1].rstrip() + "…"
