"""Synthèse médicale (IPS-FR), that of an EHPAD included: written ahead, kept up to date version after version."""

from usager_server.documents.prefill import statements
from usager_server.documents.prefill.outline import Outline

OUTLINE = Outline(
    name="ips-fr",
    code="74207-2",
    others=("60591-5",),
    model="ips-fr",
    is_kept_up=True,
    fills={
        **statements.SUMMARY,
        "44939-7": (statements.ADVERSE_EFFECTS,),
        "46264-8": (statements.DEVICES,),
        "44944-7": (statements.ALERTS,),
        "47420-5": (statements.EVALUATIONS,),
        "8716-3": (statements.VITAL_SIGNS,),
        "11369-6": (statements.VACCINATIONS,),
        "18776-5": (
            statements.CARE_PLANS,
            statements.GOALS,
            statements.REQUESTS,
            statements.RECOMMENDED_VACCINES,
        ),
        "42348-3": (statements.DIRECTIVES,),
        "30954-2": (statements.RESULTS,),
    },
)
