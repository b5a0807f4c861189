"""Volet de synthèse médicale (VSM): that of the general practitioner."""

from usager_server.documents.prefill import statements
from usager_server.documents.prefill.outline import Outline

OUTLINE = Outline(
    name="vsm",
    code="SYNTH",
    system="1.2.250.1.213.1.1.4.12",
    model="vsm",
    is_kept_up=True,
    fills={
        "11450-4": (statements.PROBLEMS,),
        "11348-0": (statements.HISTORY,),
        "47519-4": (statements.ACTS,),
        "48765-2": (statements.ALLERGIES,),
        "29762-2": (statements.HABITS,),
        "10157-6": (statements.FAMILY,),
        "30954-2": (statements.ALERTS,),
        "10160-0": (statements.TREATMENTS, statements.PRESCRIPTIONS),
    },
)
