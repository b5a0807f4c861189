"""A message of the master of identities, applied: whose record it is about, and what is written of it, once."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from usager_server.documents.editions import token
from usager_server.errors import Conflict
from usager_server.identity.inheriting import anomaly
from usager_server.interactions.conditions import Identity, parse_identity
from usager_server.interactions.request import Preference
from usager_server.interactions.session import Session, instant_text, now
from usager_server.interactions.transaction import transaction
from usager_server.jsontext import parse_json
from usager_server.pam.mapping import MESSAGE_IDS, digest_in, key_of, patient_of, provenance_of, system_of
from usager_server.pam.messages import Message, Number
from usager_server.repository import Stored
from usager_server.traces.audit_event import who

Resource = dict[str, Any]

MINIMAL = Preference(returns="minimal")
NEW = "urn:uuid:6f0f7c1e-6c1b-4c58-9d5c-0c1f4ad6f2a1"
RECORDS_MOST = 10

REPEATED = "Message déjà reçu et appliqué : rien n'est changé"
REUSED = "Cet identifiant de message (MSH-10) est celui d'un autre message, déjà reçu : lui en donner un nouveau"
SEVERAL = "Plusieurs dossiers portent ces identifiants : les fusionner d'abord"
GONE = "Le dossier de ces identifiants a été fusionné avec un autre : envoyer les identifiants de celui-ci"


async def apply_message(session: Session, message: Message, digest: str) -> str:
    """Write what a message says, in one transaction; return what is odd in it, in French, "" for nothing.

    Shape   digest is that of the bytes of the message: the same id with another content is refused.
    Errors  Conflict (409) on a message id that is another's, on records that must be merged first; those of a write.
    """
    async with session.transaction() as inner:
        identities = _identities(inner, message.person.numbers)
        await inner.repository.claim(*sorted([key_of(message), *(each.key for each in identities)]))
        if await _is_known(inner, message, digest):
            return REPEATED
        known = await _record(inner, identities)
        return await _write(inner, message, known, digest)


async def _is_known(session: Session, message: Message, digest: str) -> bool:
    value = token({"system": MESSAGE_IDS, "value": key_of(message)})
    (found,) = await session.repository.matches(
        [parse_identity(session, "Provenance", [("entity:identifier", value)]).query]
    )
    known = [_tree(stored) for stored in found]
    if any(digest_in(each) != digest for each in known):
        raise Conflict(REUSED, code="duplicate")
    return bool(known)


def _identities(session: Session, numbers: Sequence[Number]) -> list[Identity]:
    named = [token({"system": system_of(each), "value": each.value}) for each in dict.fromkeys(numbers)]
    return [parse_identity(session, "Patient", [("identifier", each)]) for each in named]


async def _record(session: Session, identities: Sequence[Identity]) -> Stored | None:
    """Return the one record that bears local numbers, None for a person who is not known."""
    queries = [replace(each.query, count=RECORDS_MOST) for each in identities]
    found = {stored.id: stored for part in await session.repository.matches(queries) for stored in part}
    standing = [stored for stored in found.values() if not _is_replaced(_tree(stored))]
    if len(standing) > 1:
        raise Conflict(SEVERAL, code="multiple-matches")
    if found and not standing:
        raise Conflict(GONE, code="business-rule")
    return standing[0] if standing else None


async def _write(session: Session, message: Message, known: Stored | None, digest: str) -> str:
    """Write the Patient, and the Provenance by which the message is known again; return what contradicts itself."""
    target = NEW if known is None else f"Patient/{known.id}"
    patient = patient_of(message.person, None if known is None else _tree(known))
    author = who(session.caller.grant.practitioner or session.caller.subject)
    provenance = provenance_of(message, target, instant_text(now()), author, digest)
    written = {"method": "POST", "url": "Patient"}
    if known is not None:
        written = {"method": "PUT", "url": target, "ifMatch": f'W/"{known.version}"'}
    entries = [
        {"fullUrl": NEW, "resource": patient, "request": written},
        {"resource": provenance, "request": {"method": "POST", "url": "Provenance"}},
    ]
    await transaction(session, {"resourceType": "Bundle", "type": "transaction", "entry": entries}, MINIMAL)
    return anomaly(patient)


def _is_replaced(patient: Resource) -> bool:
    return any(each.get("type") == "replaced-by" for each in patient.get("link", ()))


def _tree(stored: Stored) -> Resource:
    tree: Resource = parse_json((stored.document or "{}").encode())
    return tree
