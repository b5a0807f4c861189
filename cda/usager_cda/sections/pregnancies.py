"""Historique des grossesses."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}77",
    parents=(f"{IHE}1.5.3.1.1.5.3.4",),
    code=loinc("10162-6", "Historique des grossesses"),
    title="Historique des grossesses",
    entries=(f"{FR_ENTRY}53",),
    needs_entry=True,
)
