"""The kinds of acts that are recorded, with the codes that an AuditEvent gives them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

REST: Final = "http://terminology.hl7.org/CodeSystem/audit-event-type"
INTERACTION: Final = "http://hl7.org/fhir/restful-interaction"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of act.

    Shape   title is French, for the person who reads an export. action is C, R, U, D or E. system and code become
            AuditEvent.type, with subsystem and subcode AuditEvent.subtype ("" when there is none).
    """

    name: str
    title: str
    action: str
    system: str
    code: str
    subsystem: str = ""
    subcode: str = ""


def _rest(name: str, title: str, action: str, interaction: str) -> Kind:
    return Kind(name, title, action, REST, "rest", INTERACTION, interaction)


def _user(name: str, title: str, action: str, subcode: str) -> Kind:
    """Return an act about who may enter: User Authentication (110114) in DICOM's words."""
    return Kind(name, title, action, DICOM, "110114", DICOM, subcode)


def _alert(name: str, title: str, action: str, subcode: str) -> Kind:
    """Return an act that changes what accounts may do: Security Alert (110113) in DICOM's words."""
    return Kind(name, title, action, DICOM, "110113", DICOM, subcode)


LOGIN, LOGOUT = "110122", "110123"
EMERGENCY_BEGINS, EMERGENCY_ENDS = "110127", "110138"
SECURITY_CONFIGURATION, SOFTWARE_CONFIGURATION, RESTRICTED = "110129", "110131", "110132"
OBJECT_ATTRIBUTES, ROLES, USER_ATTRIBUTES = "110135", "110136", "110137"

INTERACTIONS = (
    _rest("read", "Lecture", "R", "read"),
    _rest("vread", "Lecture d'une version", "R", "vread"),
    _rest("history_instance", "Historique d'une ressource", "R", "history-instance"),
    _rest("history_type", "Historique d'un type", "R", "history-type"),
    _rest("history_system", "Historique général", "R", "history-system"),
    _rest("search_type", "Recherche", "E", "search-type"),
    _rest("search_compartment", "Recherche dans un dossier", "E", "search-type"),
    _rest("search_system", "Recherche générale", "E", "search-system"),
    _rest("create", "Création", "C", "create"),
    _rest("update", "Modification", "U", "update"),
    _rest("patch", "Modification partielle", "U", "patch"),
    _rest("delete", "Suppression", "D", "delete"),
    _rest("operation", "Opération", "E", "operation"),
    _rest("batch", "Lot de requêtes", "E", "batch"),
    _rest("transaction", "Transaction", "E", "transaction"),
)

# SC.SSI/IAM.91: identity attributes, authorisations, sign-in attempts, password changes, and what ends a session.
ACCOUNTS = (
    _alert("account-created", "Création d'un compte", "C", USER_ATTRIBUTES),
    _alert("account-changed", "Modification d'un attribut d'identité", "U", USER_ATTRIBUTES),
    _alert("account-state-changed", "Changement d'état d'un compte", "U", USER_ATTRIBUTES),
    _alert("account-locked", "Blocage d'un compte", "U", USER_ATTRIBUTES),
    _alert("account-unlocked", "Déblocage d'un compte", "U", USER_ATTRIBUTES),
    _alert("account-linked", "Liaison avec une identité nationale", "U", USER_ATTRIBUTES),
    _alert("account-unlinked", "Fin de liaison avec une identité nationale", "U", USER_ATTRIBUTES),
    _alert("right-granted", "Attribution d'un droit", "U", ROLES),
    _alert("right-removed", "Retrait d'un droit", "U", ROLES),
    _user("sign-in", "Connexion", "E", LOGIN),
    _user("sign-out", "Déconnexion ou fin de session", "E", LOGOUT),
    _user("password-changed", "Changement de mot de passe", "U", USER_ATTRIBUTES),
    _user("password-reset", "Demande de réinitialisation du mot de passe", "E", USER_ATTRIBUTES),
    _user("factor-changed", "Second facteur ajouté ou retiré", "U", USER_ATTRIBUTES),
    _user("contact-verification", "Vérification d'une adresse ou d'un numéro", "E", USER_ATTRIBUTES),
    _user("token-issued", "Jeton délivré", "E", LOGIN),
    _user("token-revoked", "Jeton révoqué", "E", LOGOUT),
    _alert("client-registered", "Logiciel client enregistré", "C", SECURITY_CONFIGURATION),
    _alert("client-changed", "Logiciel client modifié", "U", SECURITY_CONFIGURATION),
    _alert("client-revoked", "Logiciel client révoqué", "D", SECURITY_CONFIGURATION),
)

ADMINISTRATION = (
    _alert("break-glass", "Accès en urgence (bris de glace)", "E", EMERGENCY_BEGINS),
    _alert("break-glass-ended", "Fin d'un accès en urgence", "E", EMERGENCY_ENDS),
    _alert("emergency-account", "Compte d'urgence activé ou désactivé", "U", EMERGENCY_BEGINS),
    _alert("consent-decided", "Accord ou opposition enregistré", "U", OBJECT_ATTRIBUTES),
    _alert("key-rotated", "Renouvellement de clé", "U", SECURITY_CONFIGURATION),
    _alert("setting-changed", "Changement de paramètre", "U", SOFTWARE_CONFIGURATION),
    _alert("tenant-added", "Organisme ajouté", "C", SECURITY_CONFIGURATION),
    Kind("traces-exported", "Extraction de traces", "R", DICOM, "110106", DICOM, RESTRICTED),
    Kind("traces-removed", "Suppression de traces anciennes", "D", DICOM, "110101", DICOM, RESTRICTED),
    Kind("traces-verified", "Vérification des traces", "R", DICOM, "110101", DICOM, RESTRICTED),
    Kind("backup", "Sauvegarde", "R", DICOM, "110106", DICOM, RESTRICTED),
    Kind("restore", "Restauration", "E", DICOM, "110107", DICOM, RESTRICTED),
)

# One for each message: detail names service, direction, message (its id) and transaction.
EXCHANGES = (
    Kind("national-exchange", "Échange avec un service national", "E", DICOM, "110100"),
    Kind("document-received", "Document reçu d'un service national", "C", DICOM, "110107"),
    Kind("document-sent", "Document envoyé à un service national", "R", DICOM, "110106"),
)

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in (*INTERACTIONS, *ACCOUNTS, *ADMINISTRATION, *EXCHANGES)}
