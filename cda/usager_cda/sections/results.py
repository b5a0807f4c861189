"""Résultats, as the IPS has them."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}244",
    code=loinc("30954-2", "Résultats d'examens"),
    title="Résultats",
    entries=(f"{FR_ENTRY}208",),
    needs_entry=True,
)
