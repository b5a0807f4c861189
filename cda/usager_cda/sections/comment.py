"""Commentaire: narrative only."""

from usager_cda.structured.kinds import FR_SECTION, IHE, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}73",
    parents=(
        "2.16.840.1.113883.10.12.201",
        f"{IHE}1.4.1.2.16",
    ),
    code=loinc("55112-7", "Commentaire"),
    title="Commentaires",
)
