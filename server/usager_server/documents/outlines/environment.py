"""Synthèse environnementale: how a person lives and with whom, kept up to date by those who help at home.

No national model: the sections are ours (the part of the emergency file that is written without a physician).
"""

from usager_server.documents.prefill import statements
from usager_server.documents.prefill.outline import Outline, Part

OUTLINE = Outline(
    name="synthese-environnementale",
    code="28653-4",
    others=("83963-9",),
    title="Synthèse environnementale",
    is_kept_up=True,
    sections=(
        Part("Entourage et personnes à prévenir", (statements.RELATIVES,)),
        Part("Protection juridique et directives", (statements.DIRECTIVES,)),
        Part("Logement et cadre de vie"),
        Part("Intervenants et aides", (statements.CARERS,)),
        Part("Autonomie", (statements.EVALUATIONS,)),
        Part("Aides techniques et dispositifs", (statements.DEVICES,)),
        Part("Habitudes de vie", (statements.HABITS,)),
        Part("Communication et comportement"),
        Part("Points de vigilance", (statements.ALERTS,)),
        Part("Souhaits de la personne", (statements.GOALS,)),
    ),
)
