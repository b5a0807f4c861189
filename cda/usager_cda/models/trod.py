"""Attestation of a rapid test (BIO-TROD 2024.01): sore throat, Covid-19, influenza, cystitis and others."""

from collections.abc import Iterator, Sequence

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.errors import Finding
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Header
from usager_cda.structured.kinds import FR_DOCUMENT, FR_SECTION, IHE, Model, Slot, loinc

VALUES = ("valueCodeableConcept", "valueQuantity", "valueRange")


def asks(header: Header, listed: Sequence[Tree], resolver: Resolver) -> Iterator[Finding]:
    """Yield what is missing: what was looked for (`event.code`, CIM-10), results, the time of each, their device.

    Source  CI-SIS, volet Test rapide d'orientation diagnostique 2024.01.
    """
    if header.main_act.code is None:
        where = "Composition.event.code"
        yield _asked(where, "expected what was looked for, in CIM-10 (J02.0, U07.1, J10, N30 ...)")
    for report in listed:
        if report.get("resourceType") == "DiagnosticReport":
            yield from _of_report(report, resolver)


def _of_report(report: Tree, resolver: Resolver) -> Iterator[Finding]:
    found = (resolver.find(each, report) for each in report.get("result", ()))
    results = [each for each in found if each is not None]
    if not results:
        yield _asked("DiagnosticReport.result", "expected the Observation of one result at least")
    for result in results:
        if not result.get("effectiveDateTime"):
            yield _asked("Observation.effectiveDateTime", "expected the date and time of the test")
        if not any(name in result for name in VALUES):
            yield _asked("Observation.value", f"expected one of {', '.join(VALUES)}")
    devices = {id(device) for each in results if (device := resolver.find(each.get("device"), each)) is not None}
    if len(devices) != 1:
        yield _asked("Observation.device", f"{len(devices)} Devices; expected the one that all results were made with")


def _asked(expression: str, message: str) -> Finding:
    return Finding("error", f"{expression}: {message}", expression=expression)


MODEL = Model(
    name="trod",
    templates=(II(f"{IHE}1.5.3.1.1.1"), II(f"{FR_DOCUMENT}59", "2024.01")),
    codes=(loinc("96173-0", "Test rapide d'orientation diagnostique"),),
    title="Test rapide d'orientation diagnostique",
    takes_pdf=False,
    requirements=("TROD.01", "TROD.02"),
    setting=Code("DEPISTAGE", "1.2.250.1.213.1.1.4.9", "Dépistage"),
    slots=(Slot(f"{FR_SECTION}70", least=1, title="Résultat du test rapide d'orientation diagnostique"),),
    asks=asks,
)
