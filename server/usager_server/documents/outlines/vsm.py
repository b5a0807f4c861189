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
        **statements.SUMMARY,
        "30954-2": (statements.ALERTS,),
    },
)
