"""Codes: of the list that the CI-SIS gives for their place, called as that list calls them, of a named code system."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from unicodedata import category, normalize

from usager_cda.systems import OID, UUID
from usager_cda.terminology import ValueSet, value_sets
from usager_cda.tree import Element, children
from usager_cda.validation.report import Remark, remark
from usager_cda.validation.subject import Subject

CDA_CONFIDENTIALITY = ("N", "R", "V")
CODED = ("code", "value", "translation", "confidentialityCode", "functionCode", "routeCode", "approachSiteCode")
MEMBER = "assignedEntity/representedOrganization/standardIndustryClassCode"

PLACES: Sequence[tuple[str, str]] = (
    ("code", "type"),
    ("confidentialityCode", "confidentiality"),
    ("recordTarget/patientRole/patient/administrativeGenderCode", "gender"),
    ("author/functionCode", "function"),
    ("author/assignedAuthor/code", "author"),
    ("author/assignedAuthor/representedOrganization/standardIndustryClassCode", "practice"),
    ("legalAuthenticator/assignedEntity/code", "author"),
    ("authenticator/assignedEntity/code", "author"),
    ("participant/functionCode", "function"),
    ("documentationOf/serviceEvent/performer/assignedEntity/code", "author"),
    (f"documentationOf/serviceEvent/performer/{MEMBER}", "practice"),
    ("componentOf/encompassingEncounter/code", "encounter"),
    ("componentOf/encompassingEncounter/location/healthCareFacility/code", "facility"),
)
"""Where the header has a code, and the list it is of."""

TEMPLATES: Mapping[str, tuple[str, str]] = {
    "1.2.250.1.213.1.1.3.29": ("value", "severity"),
    "1.2.250.1.213.1.1.3.37": ("code", "problem-kind"),
    "1.2.250.1.213.1.1.3.41": ("code", "allergy-kind"),
    "1.2.250.1.213.1.1.3.50": ("code", "vital-sign"),
    "1.2.250.1.213.1.1.3.52": ("code", "habit"),
    "1.2.250.1.213.1.1.3.54": ("code", "directive"),
    "1.2.250.1.213.1.1.3.172": ("value", "criticality"),
}
"""By the template of an entry, the element that has a code, and the list it is of."""


def header(subject: Subject) -> Iterator[Remark]:
    """The codes of the header are of their lists."""
    for path, key in PLACES:
        for element in _found(subject.root, path.split("/")):
            yield from _judged(element, _lists()[key], "error")
    for element in children(subject.root, "confidentialityCode"):
        code = element.get("code")
        if code is not None and code not in CDA_CONFIDENTIALITY:
            text = f"{code[:60]} is a mark of sharing, told beside the document"
            yield remark("confidentiality", "error", text, element, "N, R or V")


def entries(subject: Subject) -> Iterator[Remark]:
    """The codes of the entries are of their lists; a model may ask for another list, hence a warning."""
    for template in subject.all("templateId"):
        place = TEMPLATES.get(template.get("root") or "")
        holder = template.getparent()
        if place is None or holder is None:
            continue
        for element in children(holder, place[0]):
            yield from _judged(element, _lists()[place[1]], "warning")


def systems(subject: Subject) -> Iterator[Remark]:
    """A code system is named by its OID."""
    for element in subject.all(*CODED):
        system = element.get("codeSystem")
        if system is not None and not OID.fullmatch(system) and not UUID.fullmatch(system):
            text = f"The code system {system[:60]!r} is no OID"
            yield remark("code-system", "error", text, element, "an OID")
        elif system is None and element.get("code") is not None and element.get("nullFlavor") is None:
            yield remark("code-system", "warning", "The code has no code system", element, "codeSystem")


def _judged(element: Element, listed: ValueSet, severity: str) -> Iterator[Remark]:
    system, code = element.get("codeSystem"), element.get("code")
    if system is None or code is None:
        return
    known = listed.find(system, code)
    if known is None:
        if listed.is_whole:
            text = f"{code[:60]} of {system[:60]} is not in {listed.name}"
            yield remark("code-unknown", severity, text, element, _some(listed))
        return
    display = element.get("displayName")
    if display is not None and not known.is_ours and _plain(display) != _plain(known.display):
        text = f"{code[:60]} is called {display[:120]!r}"
        yield remark("code-display", "information", text, element, f"{known.display!r}, as in {listed.name}")


def _some(listed: ValueSet) -> str:
    codes = [code.code for code in listed.codes]
    return f"one of {', '.join(codes)}" if len(codes) <= 12 else f"one of the {len(codes)} codes of {listed.name}"


def _plain(text: str) -> str:
    letters = (letter for letter in normalize("NFD", text.replace("’", "'")) if category(letter) != "Mn")
    return " ".join("".join(letters).split()).casefold()


def _found(element: Element, steps: Sequence[str]) -> Iterator[Element]:
    found = [element]
    for step in steps:
        found = [each for holder in found for each in children(holder, step)]
    yield from found


@cache
def _lists() -> Mapping[str, ValueSet]:
    return value_sets()


RULES = {
    "code-unknown": header,
    "code-display": entries,
    "confidentiality": header,
    "code-system": systems,
}
