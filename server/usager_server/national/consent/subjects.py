"""What a person is asked about, and what holds while they have not answered. Source: DSR MS-DUI va2, 3.2.3 a."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from usager_server.canonicals import canonical

SYSTEM = canonical("CodeSystem", "consent-subject")


class Subject(StrEnum):
    """What a decision is about: the codes of a provision of a Consent."""

    DMP_FEEDING = "dmp-feeding"
    DMP_CONSULTATION = "dmp-consultation"
    DMP_EMERGENCY = "dmp-emergency"
    MSS_PERSON = "mss-person"
    MSS_PROFESSIONALS = "mss-professionals"
    REPRESENTATIVES = "representatives"


UNANSWERED: Mapping[Subject, bool] = {
    Subject.DMP_FEEDING: True,
    Subject.DMP_CONSULTATION: False,
    Subject.DMP_EMERGENCY: True,
    Subject.MSS_PERSON: True,
    Subject.MSS_PROFESSIONALS: True,
    Subject.REPRESENTATIVES: True,
}
"""Whether it may be done while the person has said nothing."""

_SHOWN: Mapping[Subject, tuple[str, str]] = {
    Subject.DMP_FEEDING: ("Alimentation du DMP", "Verser des documents au DMP ; permis sauf opposition."),
    Subject.DMP_CONSULTATION: ("Consultation du DMP", "Consulter le DMP ; interdit sans accord."),
    Subject.DMP_EMERGENCY: (
        "Consultation du DMP en urgence",
        "Consulter le DMP en bris de glace, quand la personne ne peut pas répondre ; permis sauf opposition.",
    ),
    Subject.MSS_PERSON: (
        "Messages à la personne",
        "Écrire à la messagerie citoyenne de la personne ; permis sauf opposition.",
    ),
    Subject.MSS_PROFESSIONALS: (
        "Messages entre professionnels",
        "Écrire à d'autres professionnels au sujet de la personne par MSSanté ; permis sauf opposition.",
    ),
    Subject.REPRESENTATIVES: (
        "Information des titulaires de l'autorité parentale",
        "Laisser voir les soins d'un mineur à ses représentants légaux ; permis sauf refus du mineur.",
    ),
}

CODE_SYSTEM: Mapping[str, Any] = {
    "resourceType": "CodeSystem",
    "id": "consent-subject",
    "url": SYSTEM,
    "name": "ConsentSubject",
    "title": "Ce sur quoi une personne donne ou refuse son accord",
    "status": "active",
    "caseSensitive": True,
    "content": "complete",
    "concept": [{"code": each, "display": _SHOWN[each][0], "definition": _SHOWN[each][1]} for each in Subject],
}
