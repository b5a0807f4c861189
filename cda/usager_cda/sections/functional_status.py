"""Statut fonctionnel."""

from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}246",
    parents=(
        f"{CCD}5",
        "2.16.840.1.113883.10.22.3.8",
    ),
    code=loinc("47420-5", "Évaluation du statut fonctionnel"),
    title="Statut fonctionnel",
    entries=(f"{FR_ENTRY}95",),
    needs_entry=True,
    link="COMP",
)
