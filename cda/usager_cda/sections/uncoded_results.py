"""Résultats, non codés: narrative only; the VSM names it « Points de vigilance »."""

from usager_cda.structured.kinds import FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}150",
    parents=(f"{IHE}1.5.3.1.3.27",),
    code=loinc("30954-2", "Résultats d'''examens"),
    title="Résultats",
    entries=(),
)
