"""Problèmes actifs."""

from usager_cda.structured.absence import no_information
from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}132",
    parents=(
        f"{CCD}11",
        f"{IHE}1.5.3.1.3.6",
    ),
    code=loinc("11450-4", "Liste des problèmes actifs"),
    title="Problèmes actifs",
    entries=(f"{FR_ENTRY}39",),
    needs_entry=True,
    nothing=no_information(
        f"{FR_ENTRY}39", "Condition", "code", "no-problem-info", "Aucune information sur les problèmes"
    ),
)
