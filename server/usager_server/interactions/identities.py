"""The identity of a Patient on its way in: what is sent, compared with the version that it follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from usager_server.errors import Forbidden, Issue, Unprocessable
from usager_server.interactions.session import Session, instant_text, now
from usager_server.jsontext import parse_json
from usager_server.repository import Stored

if TYPE_CHECKING:  # the room of identities is opened by the first Patient that is written: not at every start
    from usager_server.identity.settling import Terms


def is_identity_written(resource_type: str) -> bool:
    """Say whether what is written of this type is compared with the version before."""
    return resource_type == "Patient"


def settled_identity(
    session: Session, resource: dict[str, Any], current: Stored | None
) -> tuple[dict[str, Any], Sequence[Issue]]:
    """Return a checked resource as it is stored, a Patient with the status of its identity, and what is told of it.

    Shape   current is the version that it follows, None for a new one; another type comes back as it is.
    Errors  Unprocessable (422) for what an identity may not become (`identity/settling.py`).
    """
    if not is_identity_written(resource["resourceType"]):
        return resource, ()
    from usager_server.identity.settling import settled

    known = None if current is None or current.document is None else parse_json(current.document.encode())
    terms = terms_of(session)
    if known is not None:
        _refuse_revival(resource, known)
        _refuse_replacement(resource, known, terms)
    return settled(resource, known, terms)


def _refuse_revival(resource: dict[str, Any], known: dict[str, Any]) -> None:
    """Refuse to make of a record that another one replaces a record of its own: that is for $unmerge to do."""
    from usager_server.matching.absorbing import replacement_of

    other = replacement_of(known)
    if other is None or (replacement_of(resource) == other and resource.get("active") is False):
        return
    text = f"Ce dossier est remplacé par {other} : garder active = false et le lien, ou défaire la fusion ($unmerge)"
    raise Unprocessable(text, "Patient.link", code="business-rule")


def _refuse_replacement(resource: dict[str, Any], known: dict[str, Any], terms: "Terms") -> None:
    """Refuse to let a record give way to another by its link alone: nothing more would be written about the person.

    Shape   $merge does it, and can undo it. Who loads what another software merged may say so, and the master of
            identities.
    """
    from usager_server.identity.settling import Master
    from usager_server.matching.absorbing import replacement_of

    is_told_by_others = terms.may_migrate or terms.master is Master.caller
    if not is_told_by_others and replacement_of(known) is None and replacement_of(resource) is not None:
        text = "Un dossier est remplacé par un autre quand on les fusionne ($merge), ce qui se défait ($unmerge)"
        raise Unprocessable(text, "Patient.link", code="business-rule")


def told_of_identity(session: Session, resource: dict[str, Any]) -> Sequence[Issue]:
    """Return what a write of this resource would be refused for, or would tell, of the traits of an identity."""
    from usager_server.identity.settling import told

    return told(resource, terms_of(session)) if is_identity_written(resource["resourceType"]) else ()


def terms_of(session: Session) -> "Terms":
    """Return under which terms the caller writes an identity."""
    from usager_server.identity.settling import Master, Terms
    from usager_server.trusted_devices import devices_of

    settings, caller = session.house.settings, session.caller
    names = (caller.grant.client, caller.subject)
    return Terms(
        settings.fr_core_release,
        instant_text(now()),
        lambda code: session.house.birthplaces.gazetteer.standing(code),
        is_production=settings.ins_production,
        is_received=session.receives,
        may_migrate=bool(settings.identity_migrator) and settings.identity_migrator in names,
        master=Master.nobody if not is_slave(session) else Master.caller if is_master(session) else Master.other,
        devices=devices_of(settings.identity_devices, caller.tenant),
    )


def is_slave(session: Session) -> bool:
    """Say whether identities come from another software (profile `esclave-identite`): settings name it then."""
    return bool(session.house.settings.identity_master)


def is_master(session: Session) -> bool:
    """Say whether the caller is the software from which identities come."""
    return is_slave(session) and session.house.settings.identity_master in (
        session.caller.grant.client,
        session.caller.subject,
    )


def refuse_other_than_master(session: Session, resource_type: str = "Patient") -> None:
    """Refuse to do to a record what changes whose it is (merge, delete) where another software is master of that.

    Errors  Forbidden (403).
    """
    if is_slave(session) and is_identity_written(resource_type) and not is_master(session):
        from usager_server.identity.inheriting import NOT_DONE_HERE

        raise Forbidden(NOT_DONE_HERE, resource_type)
