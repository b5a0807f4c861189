"""Traitements."""

from usager_cda.structured.absence import no_information
from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}143",
    parents=(
        f"{CCD}8",
        f"{IHE}1.5.3.1.3.19",
    ),
    code=loinc("10160-0", "Historique de la prise médicamenteuse"),
    title="Traitements",
    entries=(f"{FR_ENTRY}42",),
    needs_entry=True,
    link="DRIV",
    nothing=no_information(
        f"{FR_ENTRY}42",
        "MedicationStatement",
        "medicationCodeableConcept",
        "no-medication-info",
        "Aucune information sur les traitements",
    ),
)
