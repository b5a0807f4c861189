"""What to tell a person when INSi finds nobody, or several: in French, one sentence each."""

from collections.abc import Sequence

from usager_server.identity.traits import UNKNOWN_PLACE, Traits
from usager_server.national.insi.messages import FOUND, NOBODY, SEVERAL
from usager_server.requirements import fulfils

MESSAGES = {
    FOUND: "INSi a trouvé une identité : comparer les traits, puis accepter.",
    NOBODY: "INSi n'a trouvé personne avec ces traits.",
    SEVERAL: "INSi a trouvé plusieurs personnes avec ces traits.",
}


@fulfils("P-INS-11")
def message(code: str) -> str:
    """Return what a code means, for the person."""
    return MESSAGES.get(code, "INSi a donné une réponse inattendue : l'identité garde son statut.")


def advice(code: str, traits: Traits) -> Sequence[str]:
    """Return what to try, the most likely first; nothing when somebody was found."""
    if code == NOBODY:
        return (
            "Vérifier l'orthographe du nom de naissance (et non du nom utilisé) sur une pièce d'identité.",
            "Vérifier le premier prénom de naissance ; en essayer un autre de l'état civil, ou tous.",
            "Vérifier le sexe et la date de naissance.",
            "Si l'identité est juste, garder le statut actuel et réessayer plus tard : certains assurés ne sont pas "
            "encore connus d'INSi.",
        )
    if code == SEVERAL:
        place = traits.birth_place in ("", UNKNOWN_PLACE)
        return (
            *(("Saisir le lieu de naissance (code INSEE) : il départage souvent les homonymes.",) if place else ()),
            "Saisir la liste entière des prénoms de naissance.",
            "Vérifier le lieu de naissance, tel qu'il était au jour de la naissance.",
        )
    return ()
