"""Scopes in the words of the person who is asked."""

from collections.abc import Sequence

from usager_server.access.scopes import Scope
from usager_server.authorization.scopes import FHIR_USER, OFFLINE, ONLINE, OPENID, Granted

VERBS = {"c": "créer", "r": "lire", "u": "modifier", "d": "supprimer", "s": "chercher"}
WHERE = {"patient": "de la personne choisie", "user": "auxquels vous avez accès"}
KINDS = {
    "*": "tous les éléments du dossier",
    "AllergyIntolerance": "les allergies",
    "Appointment": "les rendez-vous",
    "CarePlan": "les projets d'accompagnement",
    "Condition": "les problèmes de santé",
    "DocumentReference": "les documents",
    "Encounter": "les venues et séjours",
    "Immunization": "les vaccinations",
    "MedicationRequest": "les prescriptions",
    "MedicationStatement": "les traitements",
    "Observation": "les mesures et observations",
    "Patient": "l'identité",
    "Practitioner": "les professionnels",
    "QuestionnaireResponse": "les questionnaires remplis",
}
OTHERS = {
    OPENID: "savoir qui vous êtes",
    FHIR_USER: "connaître votre fiche de professionnel",
    ONLINE: "garder cet accès tant que votre session est ouverte",
    OFFLINE: "garder cet accès après la fin de votre session, jusqu'à ce qu'il lui soit retiré",
}


def told(granted: Granted) -> Sequence[str]:
    """Return what is granted, a sentence each."""
    return [*map(_told, granted.scopes), *(OTHERS[word] for word in granted.words if word in OTHERS)]


def _told(scope: Scope) -> str:
    verbs = [VERBS[letter] for letter in scope.letters]
    listed = f"{', '.join(verbs[:-1])} et {verbs[-1]}" if len(verbs) > 1 else verbs[0]
    narrowing = f" ({', '.join(f'{name} : {value}' for name, value in scope.parameters)})" if scope.parameters else ""
    return f"{listed} {KINDS.get(scope.type, f'les {scope.type}')} {WHERE[scope.context]}{narrowing}"
