"""The narrative says what the entries say: what a physician reads is what a computer reads."""

import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from usager_cda.tree import HL7, XSI_TYPE, Element, child, children, text_of
from usager_cda.validation.report import Remark, remark
from usager_cda.validation.subject import Subject

NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
THOUSANDS = re.compile(r"(?<=\d)[\u00a0\u202f ](?=\d{3}\b)")
PERCENT_OF = Decimal(100)


def missing(subject: Subject) -> Iterator[Remark]:
    """A section with entries has a narrative."""
    for section in subject.sections:
        if children(section, "entry") and not _says_something(child(section, "text")):
            yield remark(
                "narrative-missing", "error", "The section has entries and says nothing to its reader", section, "text"
            )


def empty_reference(subject: Subject) -> Iterator[Remark]:
    """The text that an entry points at says something."""
    for reference in subject.all("reference"):
        value = reference.get("value") or ""
        found = subject.anchors.get(value[1:], ()) if value.startswith("#") else ()
        if found and not _says_something(found[0]) and found[0].tag != HL7 + "observationMedia":
            text = f"The text of ID {value[1:61]!r}, to which this points, is empty"
            yield remark("reference-empty", "warning", text, reference)


def values(subject: Subject) -> Iterator[Remark]:
    """A measure or a lot number of an entry is in the narrative of its section."""
    for section in subject.sections:
        entries = children(section, "entry")
        narrative = text_of(child(section, "text")) if entries else None
        if narrative is None:
            continue
        numbers = _numbers(narrative)
        for entry in entries:
            yield from _unsaid(entry, narrative, numbers)


def _unsaid(entry: Element, narrative: str, numbers: set[Decimal]) -> Iterator[Remark]:
    for value in entry.iter(HL7 + "value"):
        if _type(value) == "PQ" and (number := _decimal(value.get("value"))) is not None and number not in numbers:
            unit = value.get("unit") or ""
            text = f"The narrative does not say {value.get('value')} {unit if unit != '1' else ''}".rstrip()
            yield remark("narrative-value", "warning", text, value, "the value that the entry has")
    for lot in entry.iter(HL7 + "lotNumberText"):
        number_text = text_of(lot)
        if number_text and number_text.casefold() not in narrative.casefold():
            text = "The narrative does not say the lot number"
            yield remark("narrative-value", "warning", text, lot, "the lot number that the entry has")


def _numbers(narrative: str) -> set[Decimal]:
    found = NUMBER.findall(THOUSANDS.sub("", narrative)) + NUMBER.findall(narrative)
    return {number for text in found if (number := _decimal(text)) is not None}


def _decimal(text: str | None) -> Decimal | None:
    try:
        number = Decimal((text or "").strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number.normalize() if number.is_finite() else None


def _type(value: Element) -> str:
    return (value.get(XSI_TYPE) or "").rpartition(":")[2]


def _says_something(element: Element | None) -> bool:
    if element is None:
        return False
    return bool(text_of(element)) or next(element.iter(HL7 + "renderMultiMedia"), None) is not None


RULES = {"narrative-missing": missing, "reference-empty": empty_reference, "narrative-value": values}
