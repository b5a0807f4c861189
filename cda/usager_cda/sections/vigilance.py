"""Points de vigilance: narrative only."""

from usager_cda.structured.kinds import FR_SECTION, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}245",
    code=loinc("44944-7", "Autres alertes"),
    title="Points de vigilance",
)
