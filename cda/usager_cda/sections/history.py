"""Antécédents médicaux."""

from usager_cda.structured.absence import no_information
from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}134",
    parents=(f"{IHE}1.5.3.1.3.8",),
    code=loinc("11348-0", "Antécédents médicaux"),
    title="Antécédents",
    entries=(f"{FR_ENTRY}39",),
    needs_entry=True,
    nothing=no_information(
        f"{FR_ENTRY}39", "Condition", "code", "no-problem-info", "Aucune information sur les antécédents"
    ),
)
