"""What comes of a verification that a person must look at: codes and texts of the Task."""

from collections.abc import Mapping
from enum import StrEnum

from usager_server.canonicals import canonical

SYSTEM = canonical("CodeSystem", "ins-verification")


class Outcome(StrEnum):
    """The outcomes."""

    differs = "differs"
    dropped = "dropped"
    unanswered = "unanswered"
    unaskable = "unaskable"


OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.differs: (
        "INSi donne d'autres traits",
        "INSi ne confirme plus cette identité et en donne une autre : comparer les deux, puis accepter ($ins-accept, "
        "avec la réponse jointe) ou corriger. Rien n'a été remplacé.",
    ),
    Outcome.dropped: (
        "INSi ne connaît plus l'identité",
        "INSi ne confirme plus cette identité et ne la retrouve pas par ses traits : l'INS a été retiré, l'ancien "
        "matricule est gardé dans l'historique. Vérifier les traits sur une pièce d'identité, puis interroger INSi.",
    ),
    Outcome.unanswered: (
        "Vérification sans réponse",
        "INSi a été interrogé et sa réponse s'est perdue. L'appel n'est pas refait de lui-même : lancer $ins-verify "
        "depuis le dossier.",
    ),
    Outcome.unaskable: (
        "INSi ne peut pas être interrogé",
        "INSi ne confirme plus cette identité, et ses traits ne permettent pas de la rechercher : les compléter, puis "
        "interroger INSi.",
    ),
}
