"""Raison de la recommandation: narrative only."""

from usager_cda.structured.kinds import FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}127",
    parents=(f"{IHE}1.5.3.1.3.1",),
    code=loinc("42349-1", "Raison de la recommandation"),
    title="Motif",
)
