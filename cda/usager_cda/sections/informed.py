"""Personnes et structures informées."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, Section, cisis

SECTION = Section(
    template=f"{FR_SECTION}251",
    code=cisis("ORG-213", "Personnes et structures informées"),
    title="Personnes et structures informées",
    entries=(f"{FR_ENTRY}48",),
    needs_entry=True,
)
