"""Documents ajoutés."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}37",
    code=loinc("55107-7", "Documents ajoutés"),
    title="Documents joints",
    entries=(f"{FR_ENTRY}18",),
    needs_entry=True,
)
