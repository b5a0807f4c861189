"""Dispositifs médicaux; the first templateId is misspelt in the CI-SIS itself, and tested so."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}1",
    parents=(
        "2.16.840.1.11383.10.20.1.7",
        f"{IHE}1.5.3.1.1.5.3.5",
    ),
    code=loinc("46264-8", "Dispositifs médicaux"),
    title="Dispositifs médicaux",
    may_be_silent=True,
    entries=(f"{FR_ENTRY}20",),
)
