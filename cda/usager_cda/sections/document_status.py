"""Statut du document: whether a discharge letter is the last word."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}35",
    code=loinc("33557-0", "Etat d'achèvement"),
    title="Statut du document",
    entries=(f"{FR_ENTRY}48",),
    needs_entry=True,
)
