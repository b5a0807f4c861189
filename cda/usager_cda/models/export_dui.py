"""Export of a DUI (EXPORT_DUI 1.0.1): the stays, events and evaluations that a SSIAD reports."""

from collections.abc import Iterator, Sequence

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.errors import Finding
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Header
from usager_cda.structured.kinds import FR_DOCUMENT, FR_SECTION, Model, Slot


def asks(header: Header, listed: Sequence[Tree], resolver: Resolver) -> Iterator[Finding]:
    """Yield what is missing: the software as author, the rank of birth of a person without a matricule INS.

    Source  ANS, volet Transfert de données DUI 1.0.1.
    """
    if not all(author.party.device for author in header.authors):
        yield _asked("Composition.author", "expected the Device of the software that makes the export")
    patient = header.patient
    if not any(ii.is_ins for ii in patient.ids) and patient.birth_order is None:
        yield _asked("Patient.multipleBirthInteger", "expected the rank of birth of a person without a matricule INS")


def _asked(expression: str, message: str) -> Finding:
    return Finding("error", f"{expression}: {message}", expression=expression)


MODEL = Model(
    name="export-dui",
    templates=(II(f"{FR_DOCUMENT}58", "1.0.1"),),
    codes=(Code("EXPORT_DUI", "1.2.250.1.213.1.1.4.12", "Export du Dossier Usager Informatisé"),),
    title="Document transfert de données DUI",
    takes_pdf=False,
    requirements=("MS.RPT/SSIAD.03",),
    setting=Code("ESSMS", "1.2.250.1.213.1.1.4.9", "Etablissement ou Service Social ou Médico-Social"),
    slots=(
        Slot(f"{FR_SECTION}249"),
        Slot(f"{FR_SECTION}248"),
        Slot(f"{FR_SECTION}246", title="Evaluations"),
        Slot(f"{FR_SECTION}37", title="Documents ajoutés"),
    ),
    asks=asks,
)
