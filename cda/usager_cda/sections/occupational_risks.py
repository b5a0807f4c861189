"""Facteurs de risques professionnels: narrative only."""

from usager_cda.structured.kinds import FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}74",
    parents=(f"{IHE}1.5.3.1.1.5.3.1",),
    code=loinc("10161-8", "Facteurs de risques professionnels"),
    title="Facteurs de risques professionnels",
    entries=(),
)
