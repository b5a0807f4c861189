"""Directives anticipées."""

from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}157",
    parents=(
        f"{CCD}1",
        f"{IHE}1.5.3.1.3.34",
        f"{IHE}1.5.3.1.3.35",
    ),
    code=loinc("42348-3", "Directives anticipées"),
    title="Directives anticipées",
    entries=(f"{FR_ENTRY}54",),
    needs_entry=True,
)
