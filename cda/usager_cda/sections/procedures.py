"""Historique des actes."""

from usager_cda.structured.absence import no_information
from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}136",
    parents=(
        f"{CCD}12",
        f"{IHE}1.5.3.1.3.11",
        f"{IHE}1.5.3.1.3.12",
    ),
    code=loinc("47519-4", "Historique des actes"),
    title="Historique des actes",
    entries=(f"{FR_ENTRY}62",),
    needs_entry=True,
    nothing=no_information(
        f"{FR_ENTRY}62", "Procedure", "code", "no-procedure-info", "Aucune information sur les actes"
    ),
)
