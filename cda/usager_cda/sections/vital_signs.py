"""Signes vitaux."""

from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}75",
    parents=(
        f"{CCD}16",
        f"{IHE}1.5.3.1.3.25",
        f"{IHE}1.5.3.1.1.5.3.2",
    ),
    code=loinc("8716-3", "Signes vitaux"),
    title="Constantes",
    entries=(f"{FR_ENTRY}49",),
    needs_entry=True,
)
