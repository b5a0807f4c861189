"""The sections of a structuredBody -> Composition.section: title, code, narrative, References of the entries."""

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import concept_from_code
from usager_cda.datatypes.extensions import filled, put_extension
from usager_cda.datatypes.identifiers import identifier_from_ii, parse_ii
from usager_cda.structured import registry
from usager_cda.structured.narrative import div_of, narrative
from usager_cda.structured.reading import Reading
from usager_cda.structured.statement import Statement
from usager_cda.systems import EXTENSIONS
from usager_cda.tree import HL7, Element, Kids, child, children, kids_of, local_name, text_of

# The id of a section, which R4 has no element for: Element.id must be unique in its resource, theirs are not.
SECTION_ID = f"{EXTENSIONS}/cda-id"
PARTS = frozenset(HL7 + name for name in ("templateId", "id", "code", "title", "text", "entry", "component"))


def read_sections(body: Element, reading: Reading) -> list[Tree]:
    """Return the sections of a structuredBody; their resources are in the reading."""
    found = [read_section(section, reading) for section in _sections_in(body)]
    reading.finish()
    return found


def _sections_in(element: Element) -> list[Element]:
    inside = (child(component, "section") for component in children(element, "component"))
    return [section for section in inside if section is not None]


def read_section(element: Element, reading: Reading) -> Tree:
    """Return one section, those inside it included."""
    kids = Kids(element)
    templates = tuple(root for each in kids.all("templateId") if (root := each.get("root")))
    known = registry.section_of(templates)
    code = reading.reader.code(kids.first("code"))
    if known is not None and (code is None or code.code is None):
        code = known.code
    if known is None:
        named = code.code if code and code.code else "without a code"
        message = f"The section {named} is of no template we know; its narrative is kept, its entries as far as known"
        reading.reader.report(element, message)
    words = kids.first("text")
    div, reading.words = div_of(words) if words is not None else (None, {})
    entries = [reference for entry in kids.all("entry") for reference in reading.entry(entry)]
    if known is not None and known.around is not None and entries:
        around = known.around.read(Statement(element), text_of(kids.first("title")), entries, reading)
        entries = [*([around] if around else []), *entries]
    made: Tree = {}
    for each in kids.all("id"):
        ii = parse_ii(each)
        put_extension(made, SECTION_ID, valueIdentifier=identifier_from_ii(ii) if ii.is_known else None)
    for other in kids_of(element):
        if other.tag not in PARTS:
            reading.reader.report(other, f"{local_name(other)} is kept in the original document only", "information")
    inside = [read_section(section, reading) for section in _sections_in(element)]
    is_bare = div is None and not entries and not inside
    return filled(
        {
            **made,
            "title": text_of(kids.first("title")),
            "code": concept_from_code(code) if code else None,
            "text": narrative(div) if div is not None or is_bare else None,
            "entry": _once(entries),
            "section": inside,
        }
    )


def _once(references: list[Tree]) -> list[Tree]:
    """Return the References without those that come twice: one statement, said twice in the same words."""
    return list({reference["reference"]: reference for reference in references}.values())
