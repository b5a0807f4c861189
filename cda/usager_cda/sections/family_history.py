"""Antécédents familiaux."""

from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}139",
    parents=(f"{CCD}4", f"{IHE}1.5.3.1.3.14", f"{IHE}1.5.3.1.3.15"),
    code=loinc("10157-6", "Historique des pathologies familiales"),
    title="Antécédents familiaux",
    entries=(f"{FR_ENTRY}59",),
    needs_entry=True,
)
