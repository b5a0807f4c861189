"""Résultats d'évènements: what happened during a stay."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}163",
    parents=(f"{IHE}1.5.3.1.1.21.2.9", f"{IHE}1.7.3.1.1.13.7"),
    code=loinc("42545-4", "Evènements observés"),
    title="Evènements observés",
    entries=(f"{FR_ENTRY}48",),
    needs_entry=True,
)
