"""The sections of a structured prescription (eP-MED-DM): read only."""

from usager_cda.structured.kinds import FR_SECTION, IHE, Section, loinc

SECTIONS = (
    Section(
        template=f"{FR_SECTION}171",
        parents=(f"{IHE}1.9.1.2.1",),
        code=loinc("57828-6", "Prescriptions"),
        title="Prescription de médicaments",
    ),
    Section(
        template=f"{FR_SECTION}222",
        code=loinc("46264-8", "Dispositifs médicaux"),
        title="Prescription de dispositifs médicaux",
    ),
    Section(
        template=f"{FR_SECTION}223",
        code=loinc("57723-9", "Numéro de code à barres unique"),
        title="Code 2D de la prescription",
    ),
)
