"""Lettres de liaison at the entry into a structure and at the exit from it."""

from usager_server.documents.prefill import statements
from usager_server.documents.prefill.outline import Outline, Part

STATE = (
    Part("Problèmes", (statements.PROBLEMS,)),
    Part("Antécédents", (statements.HISTORY,)),
    Part("Allergies", (statements.ALLERGIES,)),
    Part("Traitements", (statements.TREATMENTS, statements.PRESCRIPTIONS)),
    Part("Constantes", (statements.VITAL_SIGNS,)),
    Part("Autonomie", (statements.EVALUATIONS,)),
    Part("Points de vigilance", (statements.ALERTS,)),
)

OUTLINES = (
    Outline(
        name="lettre-entree",
        code="88348-8",
        sections=(
            Part("Motif"),
            *STATE,
            Part("Entourage et personnes à prévenir", (statements.RELATIVES,)),
            Part("Directives anticipées", (statements.DIRECTIVES,)),
        ),
    ),
    Outline(
        name="lettre-sortie",
        code="83981-1",
        sections=(
            Part("Motif et évolution pendant le séjour"),
            *STATE,
            Part("Suites à donner", (statements.REQUESTS, statements.CARE_PLANS)),
        ),
    ),
)
