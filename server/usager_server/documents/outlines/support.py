"""Projet personnalisé, plan de soins, évaluations: what is planned with a person, and what it is planned from."""

from usager_server.documents.prefill import statements
from usager_server.documents.prefill.outline import COMPLEMENTARY, Outline, Part

EVALUATED = (Part("Évaluations", (statements.EVALUATIONS,)), Part("Synthèse et propositions"))

OUTLINES = (
    Outline(
        name="projet-personnalise",
        code="80788-3",
        is_kept_up=True,
        sections=(
            Part("Attentes et souhaits de la personne"),
            Part("Évaluation des besoins", (statements.EVALUATIONS,)),
            Part("Objectifs", (statements.GOALS,)),
            Part("Actions et prestations", (statements.CARE_PLANS, statements.REQUESTS)),
            Part("Participants", (statements.CARERS, statements.RELATIVES)),
            Part("Avis et accords"),
        ),
    ),
    Outline(
        name="plan-de-soins",
        code="18776-5",
        is_kept_up=True,
        sections=(
            Part("Problèmes", (statements.PROBLEMS,)),
            Part("Soins prévus", (statements.CARE_PLANS, statements.REQUESTS)),
            Part("Traitements", (statements.TREATMENTS, statements.PRESCRIPTIONS)),
            Part("Équipe", (statements.CARERS,)),
        ),
    ),
    Outline(name="evaluation", code="34842-5", others=("47420-5",), sections=EVALUATED),
    Outline(name="bilan-autonomie", code="BIL_AUTO", system=COMPLEMENTARY, sections=EVALUATED),
)
