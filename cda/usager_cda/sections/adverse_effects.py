"""Effets indésirables prévisibles liés aux médicaments."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}247",
    code=loinc("44939-7", "Effets indésirables prévisibles liés aux médicaments"),
    title="Effets indésirables prévisibles liés aux médicaments",
    entries=(f"{FR_ENTRY}210",),
)
