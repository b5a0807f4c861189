"""Séjours and évènements of the export of a DUI."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, Section, cisis, loinc

SECTIONS = (
    Section(
        template=f"{FR_SECTION}249",
        code=cisis("GEN-362", "Historique des séjours"),
        title="Séjours",
        entries=(f"{FR_ENTRY}219",),
    ),
    Section(
        template=f"{FR_SECTION}248",
        code=loinc("89793-4", "Evènements"),
        title="Evènements",
        entries=(f"{FR_ENTRY}215",),
    ),
)
