"""A message of the master of identities, applied: whose record it is about, and what is written of it, once."""

from contextlib import suppress
from typing import Any

from usager_server.documents.editions import token
from usager_server.errors import Conflict
from usager_server.identity.inheriting import anomaly
from usager_server.interactions.conditions import parse_identity
from usager_server.interactions.request import Preference
from usager_server.interactions.session import Session, instant_text, now
from usager_server.interactions.transaction import transaction
from usager_server.operations.identity_records import identities_of, record_of, records_to_merge
from usager_server.operations.merge import AlreadyMerged, merged
from usager_server.operations.merged_records import tree_of
from usager_server.pam.mapping import MESSAGE_IDS, digest_in, key_of, patient_of, provenance_of
from usager_server.pam.messages import Message
from usager_server.repository import Stored
from usager_server.traces.audit_event import who

Resource = dict[str, Any]

MINIMAL = Preference(returns="minimal")
NEW = "urn:uuid:6f0f7c1e-6c1b-4c58-9d5c-0c1f4ad6f2a1"

REPEATED = "Message déjà reçu et appliqué : rien n'est changé"
REUSED = "Cet identifiant de message (MSH-10) est celui d'un autre message, déjà reçu : lui en donner un nouveau"
ALREADY = "Ces dossiers n'en font déjà qu'un : seule l'identité est mise à jour"


async def apply_message(session: Session, message: Message, digest: str) -> str:
    """Write what a message says, in one transaction; return what is odd in it, in French, "" for nothing.

    Shape   digest is that of the bytes of the message: the same id with another content is refused.
    Errors  Conflict (409) on a message id that is another's, on records that must be merged first; NotFound (404) on a
            merge of what is not here; those of a write.
    """
    async with session.transaction() as inner:
        identities = identities_of(inner, [*message.person.numbers, *message.merged])
        await inner.repository.claim(*sorted({key_of(message), *(each.key for each in identities)}))
        if await _is_known(inner, message, digest):
            return REPEATED
        if not message.merged:
            return await _write(inner, message, await record_of(inner, message.person.numbers), digest)
        return await _merge(inner, message, digest)


async def _merge(session: Session, message: Message, digest: str) -> str:
    """Merge two records, and write what the message says of the one that stays."""
    source, target = await records_to_merge(session, message.person.numbers, message.merged)
    odd = ALREADY
    if source is not None:
        keys = ("Patient", source.id), ("Patient", target.id)
        # Of two that were merged before, and to which nothing came since, nothing is left to do.
        with suppress(AlreadyMerged):
            await merged(session, keys, f"ADT^{message.event}", is_ordered=True)
            odd = ""
    stays = await session.repository.read("Patient", target.id)
    told = await _write(session, message, stays, digest)
    return " ; ".join(filter(None, (odd, told)))


async def _is_known(session: Session, message: Message, digest: str) -> bool:
    value = token({"system": MESSAGE_IDS, "value": key_of(message)})
    (found,) = await session.repository.matches(
        [parse_identity(session, "Provenance", [("entity:identifier", value)]).query]
    )
    known = [tree_of(stored) for stored in found]
    if any(digest_in(each) != digest for each in known):
        raise Conflict(REUSED, code="duplicate")
    return bool(known)


async def _write(session: Session, message: Message, known: Stored | None, digest: str) -> str:
    """Write the Patient, and the Provenance by which the message is known again; return what contradicts itself."""
    target = NEW if known is None else f"Patient/{known.id}"
    patient = patient_of(message.person, None if known is None else tree_of(known), message.merged)
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
