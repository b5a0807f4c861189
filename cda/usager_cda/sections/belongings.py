"""Prothèses et objets personnels."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}53",
    code=loinc("46264-8", "Dispositifs médicaux"),
    title="Prothèses et objets personnels",
    entries=(f"{FR_ENTRY}12",),
    needs_entry=True,
)
