"""The sections that only the emergency return sheet and the former EHPAD sheets have: read only."""

from usager_cda.structured.kinds import CCD, FR_SECTION, IHE, Section, loinc

SECTIONS = (
    Section(
        template=f"{FR_SECTION}133",
        parents=(f"{IHE}1.5.3.1.3.7",),
        code=loinc("11535-2", "Diagnostic de sortie"),
        title="Diagnostic de sortie",
    ),
    Section(
        template=f"{FR_SECTION}151",
        parents=(f"{IHE}1.5.3.1.3.27", f"{IHE}1.5.3.1.3.28"),
        code=loinc("30954-2", "Résultats d'examens"),
        title="Résultats",
    ),
    Section(
        template=f"{FR_SECTION}154",
        parents=(f"{CCD}10", f"{IHE}1.5.3.1.3.31"),
        code=loinc("18776-5", "Plan de soins"),
        title="Examens ou consultations prévus",
    ),
    Section(
        template=f"{FR_SECTION}162",
        parents=(f"{IHE}1.7.3.1.1.13.5",),
        code=loinc("47420-5", "Évaluation du statut fonctionnel"),
        title="Statut fonctionnel",
    ),
    Section(
        template=f"{FR_SECTION}172",
        parents=(f"{IHE}1.5.3.1.1.13.2.10",),
        code=loinc("11302-7", "Etablissement de santé de préférence"),
        title="Etablissement de santé de préférence",
    ),
    Section(
        template=f"{FR_SECTION}253",
        code=loinc("77599-9", "Documents complémentaires"),
        title="Documents remis au patient",
    ),
)
