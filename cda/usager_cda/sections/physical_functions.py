"""Fonctions physiques."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}115",
    parents=(f"{IHE}1.5.3.1.1.12.2.5",),
    code=loinc("46006-3", "Problèmes physiques fonctionnels et structurels"),
    title="Observations",
    entries=(f"{FR_ENTRY}25", f"{FR_ENTRY}48"),
    needs_entry=True,
)
