"""Vaccinations."""

from usager_cda.structured.absence import no_information
from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}147",
    parents=(
        f"{CCD}6",
        f"{IHE}1.5.3.1.3.23",
    ),
    code=loinc("11369-6", "Historique des vaccinations"),
    title="Vaccinations",
    entries=(f"{FR_ENTRY}45",),
    needs_entry=True,
    nothing=no_information(
        f"{FR_ENTRY}45",
        "Immunization",
        "vaccineCode",
        "no-immunization-info",
        "Aucune information sur les vaccinations",
    ),
)
