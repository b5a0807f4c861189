"""What a person may do at most by their role, whatever the scopes of the application say (user/ scopes only)."""

from collections.abc import Callable, Iterable, Mapping

from usager_server.access.kinds import DEFINITIONS, DIRECTORY, SHARED
from usager_server.access.scopes import LETTERS

Ceiling = Callable[[str], str]
"""Of a resource type, the letters of a role."""

ADMINISTRATIVE = frozenset(
    {
        "Account",
        "Appointment",
        "AppointmentResponse",
        "Contract",
        "Coverage",
        "EpisodeOfCare",
        "Encounter",
        "Group",
        "Invoice",
        "Patient",
        "RelatedPerson",
    }
)
"""What the reception and the administration of a structure work with: who comes, when, and who pays."""

TRACES = frozenset({"AuditEvent", "Provenance"})


def _professional(resource_type: str) -> str:
    """Return what a professional does: the records of persons, save their traces; the rest is read."""
    return "rs" if resource_type in SHARED | TRACES else LETTERS


def _administrative(resource_type: str) -> str:
    if resource_type in ADMINISTRATIVE or resource_type in ("Schedule", "Slot"):
        return LETTERS
    return "rs" if resource_type in SHARED else ""


def _administrator(resource_type: str) -> str:
    """Return what a privileged account does: who and what there is, nothing of the persons cared for (IAM.92)."""
    if resource_type in DIRECTORY:
        return LETTERS
    return "rs" if resource_type in DEFINITIONS | {"AuditEvent"} else ""


def _auditor(resource_type: str) -> str:
    return "rs" if resource_type in TRACES else ""


ROLES: Mapping[str, Ceiling] = {
    "professional": _professional,
    "administrative": _administrative,
    "administrator": _administrator,
    "auditor": _auditor,
}


def ceiling(roles: Iterable[str] | None, resource_type: str) -> str:
    """Return the letters that a person of these roles may have at most; a role that is not known gives none.

    Shape   None, nobody is behind the client: all of them.
    """
    if roles is None:
        return LETTERS
    given = {letter for role in roles if role in ROLES for letter in ROLES[role](resource_type)}
    return "".join(letter for letter in LETTERS if letter in given)
