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
        "11450-4": (statements.PROBLEMS,),
        "11348-0": (statements.HISTORY,),
        "47519-4": (statements.ACTS,),
        "48765-2": (statements.ALLERGIES,),
        "44939-7": (statements.ADVERSE_EFFECTS,),
        "10160-0": (statements.TREATMENTS, statements.PRESCRIPTIONS),
        "46264-8": (statements.DEVICES,),
        "44944-7": (statements.ALERTS,),
        "47420-5": (statements.EVALUATIONS,),
        "8716-3": (statements.VITAL_SIGNS,),
        "29762-2": (statements.HABITS,),
        "10157-6": (statements.FAMILY,),
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
