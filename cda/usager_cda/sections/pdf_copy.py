"""Copie PDF du document."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}243",
    code=loinc("55108-5", "Copie du document"),
    title="Copie du document",
    entries=(f"{FR_ENTRY}18",),
    needs_entry=True,
)
