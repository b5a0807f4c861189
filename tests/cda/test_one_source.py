"""One source: every coded value, date and quantity of the entries stands in the narrative and in the PDF."""

import re
from collections.abc import Iterator

import pytest

from tests.cda.documents import example, resources
from tests.cda.pdf.looking import texts
from tests.cda.test_bodies import BODIES, WRITTEN
from usager_cda import bundle_from_cda, cda_from_bundle
from usager_cda.datatypes.times import parse_ts
from usager_cda.pdf import document_with_pdf
from usager_cda.safety import parse_document
from usager_cda.structured import french
from usager_cda.tree import HL7, Element, local_name, text_of

# What a code is the heading of in the narrative, or says of a statement what its place says already.
HEADINGS = {
    "DRUG",  # a treatment
    "SEV",  # Gravité
    "33999-4",  # Statut
    "66455-7",  # Certitude
    "82606-5",  # Criticité
    "30973-2",  # Dose
    "48767-8",  # Commentaire
    "69764-9",  # Document
    "55107-7",  # Document
    "85353-1",  # the group of vital signs, which its section is
    "282291009",  # a problem is a diagnosis
    "418799008",  # a reaction is a symptom
    "ORG-211",  # a stay, which its section lists
    "IMMUNIZ",  # a vaccination, which its section lists
    "INITIMMUNIZ",
}
# Who takes part is told by the header and the narrative in names; an internal reference repeats the entry it points at.
ASIDE = ("author", "informant", "performer", "templateId", "id", "statusCode", "languageCode")
CODED = ("code", "value", "routeCode", "approachSiteCode", "targetSiteCode", "methodCode", "interpretationCode")
PLAIN = re.compile(r"[\s­￾-]+")


def squeezed(text: str) -> str:
    """Return a text without white space and hyphens: a PDF breaks lines where it likes."""
    return PLAIN.sub("", text).casefold()


def told(element: Element, words: dict[str, str]) -> Iterator[tuple[str, set[str]]]:
    """Yield what an entry says, each with the ways to say it."""
    for inner in element:
        if local_name(inner) in ASIDE or is_reference(inner):
            continue
        name = local_name(inner)
        if name.removeprefix("pharm:") in CODED and inner.get("code") and inner.get("code") not in HEADINGS:
            yield f"{name} {inner.get('code')}", set(said_of(inner, words))
        number = inner.get("value")
        if number is not None and is_time(inner):
            yield f"{name} {number}", {french.day(parse_ts(number))}
        elif number is not None and ("unit" in inner.attrib or "currency" in inner.attrib):
            unit = inner.get("unit") or inner.get("currency")
            amount = french.amount({"value": number, "code": unit})
            yield f"{name} {number} {unit}", {amount, *every(number, unit), *said_of(inner, words)}
        yield from told(inner, words)


def every(number: str, unit: str) -> set[str]:
    """Return how the time between two takings is said."""
    of = french.EVERY.get(unit)
    return {f"fois par {of}", f"{number} {of}"} if of else set()


def is_reference(element: Element) -> bool:
    return any(each.get("root") == "1.2.250.1.213.1.1.3.36" for each in element.findall(f"{HL7}templateId"))


def is_time(element: Element) -> bool:
    """Say whether the value of an element is a moment."""
    name, around = local_name(element), local_name(element.getparent())
    kind = element.get("{http://www.w3.org/2001/XMLSchema-instance}type", "")
    is_bound = name in ("low", "high") and around in ("effectiveTime", "value", "comp")
    is_moment = name == "effectiveTime" or kind in ("TS", "IVL_TS") or is_bound
    return is_moment and not {"unit", "currency"} & set(element.attrib)


def said_of(element: Element, words: dict[str, str]) -> Iterator[str]:
    """Yield the label of a code, the code, its words and those of the statement it is the value of."""
    yield from filter(None, (element.get("displayName"), element.get("code")))
    around = element.getparent()
    for text in (*element.iter(f"{HL7}originalText"), *(around.findall(f"{HL7}text") if around is not None else ())):
        reference = text.find(f"{HL7}reference")
        found = text_of(text) if reference is None else words.get(reference.get("value").removeprefix("#"))
        yield from filter(None, (found,))


def silent(document: bytes, pdf: bytes | None = None) -> list[str]:
    """Return what the entries of a document say and its narrative, or its PDF, does not."""
    page = squeezed(" ".join(texts(pdf))) if pdf else None
    found = []
    for section in parse_document(document).iter(f"{HL7}section"):
        text, code = section.find(f"{HL7}text"), section.find(f"{HL7}code")
        if text is None or code is None or code.get("code") == "55108-5":
            continue
        narrative = squeezed(" ".join(text.itertext()))
        words = {each.get("ID"): text_of(each) or "" for each in text.iter() if each.get("ID")}
        for what, ways in (said for entry in section.findall(f"{HL7}entry") for said in told(entry, words)):
            ways = {squeezed(way) for way in ways if way}
            found += [f"{code.get('code')} narrative: {what}"] if not any(way in narrative for way in ways) else []
            found += [f"{code.get('code')} PDF: {what}"] if page and not any(way in page for way in ways) else []
    return found


@pytest.mark.parametrize("name", BODIES)
def test_whatever_the_entries_say_the_narrative_and_the_pdf_say(name):
    made = document_with_pdf(example(name))
    assert silent(made.document, made.pdf) == []


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_a_narrative_made_anew_says_whatever_the_entries_of_a_sample_say(path):
    bundle = bundle_from_cda(path.read_bytes())
    for section in (each for made in resources(bundle, "Composition") for each in flattened(made.get("section", ()))):
        if section.get("entry"):
            section.pop("text", None)
    assert silent(cda_from_bundle(bundle)) == []


def flattened(sections):
    for section in sections:
        yield section
        yield from flattened(section.get("section", ()))
