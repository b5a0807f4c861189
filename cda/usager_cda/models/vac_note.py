"""Note de vaccination (VAC-NOTE 2023.01): one vaccination that was given."""

from collections.abc import Iterator, Sequence

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import extensions_of, value_of
from usager_cda.datatypes.identifiers import II
from usager_cda.errors import Finding
from usager_cda.fhir import names
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Header
from usager_cda.structured.kinds import FR_DOCUMENT, FR_SECTION, IHE, Model, Slot, loinc
from usager_cda.systems import url_of

CIS, ATC = url_of("1.2.250.1.213.2.3.1"), url_of("2.16.840.1.113883.6.73")
DAY = len("2026-03-12")
TYPE = loinc("87273-9", "Note de vaccination")


def asks(header: Header, listed: Sequence[Tree], resolver: Resolver) -> Iterator[Finding]:
    """Yield what is missing: one vaccination that was given, its day, its lot, the codes of its vaccine.

    Source  CI-SIS, volet Note de vaccination 2023.01.
    """
    notes = [each for each in listed if each.get("resourceType") == "Immunization"]
    if len(notes) != 1:
        yield _asked("Composition.section.entry", f"{len(notes)} Immunizations; expected the one of the note")
    for note in notes:
        codings = (note.get("vaccineCode") or {}).get("coding", ())
        named = {coding.get("system") for coding in codings if coding.get("display")}
        if note.get("status") != "completed":
            yield _asked(
                "Immunization.status", f"{note.get('status')}; expected completed: a note tells what was given"
            )
        if len(note.get("occurrenceDateTime") or "") < DAY:
            yield _asked("Immunization.occurrenceDateTime", "expected the day of the vaccination")
        if not note.get("lotNumber"):
            yield _asked("Immunization.lotNumber", "expected the lot of the vaccine")
        for system, name in ((CIS, "CIS"), (ATC, "ATC")):
            if system not in named:
                text = f"expected the {name} code of the vaccine ({system}), with its display"
                yield _asked("Immunization.vaccineCode", text)


def adapts(resource: Tree, composition: Tree) -> Tree:
    """Return a vaccination as a note tells it: CIS code first, day, author (that of the document when it has none)."""
    if resource.get("resourceType") != "Immunization":
        return resource
    vaccine = resource.get("vaccineCode") or {}
    codings = sorted(vaccine.get("coding", ()), key=lambda coding: coding.get("system") != CIS)
    day = (resource.get("occurrenceDateTime") or "")[:DAY]
    made = {**resource, "vaccineCode": {**vaccine, "coding": codings}, "occurrenceDateTime": day}
    known = {value_of(each, "role", "valueCode") for each in extensions_of(resource, names.PARTICIPATION)}
    author = next(iter(composition.get("author", ())), None)
    if "author" in known or author is None:
        return made
    parts = [{"url": "role", "valueCode": "author"}, {"url": "time", "valueDateTime": composition.get("date")}]
    participation = {"url": names.PARTICIPATION, "extension": [*parts, {"url": "party", "valueReference": author}]}
    return {**made, "extension": [*resource.get("extension", ()), participation]}


def _asked(expression: str, message: str) -> Finding:
    return Finding("error", f"{expression}: {message}", expression=expression)


MODEL = Model(
    name="vac-note",
    templates=(II(f"{IHE}1.5.3.1.1.18.1.2"), II(f"{FR_DOCUMENT}46", "2023.01")),
    codes=(TYPE,),
    title="NOTE DE VACCINATION",
    act=TYPE,
    takes_pdf=False,
    requirements=("MS.VACC/NOTE.07", "SC.CDA/DD.23"),
    slots=(Slot(f"{FR_SECTION}147", least=1, title="Note de vaccination"),),
    asks=asks,
    adapts=adapts,
)
