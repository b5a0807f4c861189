"""Habitus, mode de vie."""

from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}141",
    parents=(f"{CCD}15", f"{IHE}1.5.3.1.3.16", f"{IHE}1.5.3.1.3.16.1"),
    code=loinc("29762-2", "Habitus, Mode de vie"),
    title="Mode de vie",
    entries=(f"{FR_ENTRY}52",),
    needs_entry=True,
)
