"""Allergies et hypersensibilités."""

from usager_cda.structured.absence import no_information
from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}137",
    parents=(
        f"{CCD}2",
        f"{IHE}1.5.3.1.3.13",
    ),
    code=loinc("48765-2", "Allergies et hypersensibilités"),
    title="Allergies, hypersensibilités non allergiques, intolérances",
    entries=(f"{FR_ENTRY}40",),
    needs_entry=True,
    nothing=no_information(
        f"{FR_ENTRY}40", "AllergyIntolerance", "code", "no-allergy-info", "Aucune information sur les allergies"
    ),
)
