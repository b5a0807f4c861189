"""The identities of a transaction: which resource each entry is about, and that no two entries are about the same."""

from collections import Counter
from collections.abc import Sequence

from usager_server.errors import FHIRError, Invalid, NotFound
from usager_server.interactions.conditions import Identity, create_condition, parse_identity, the_one
from usager_server.interactions.delete import nothing_deleted
from usager_server.interactions.entries import Entry, refuse_entry
from usager_server.interactions.routing import Name
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.update import refuse_unmet, replaced_id
from usager_server.interactions.writing import new_id, written_reply
from usager_server.repository import Stored

CONDITIONAL: Sequence[Name] = ("conditional_update", "conditional_patch", "conditional_delete")
UPDATING: Sequence[Name] = ("update", "conditional_update", "patch")

# What two entries may do to one identity: make it once for both, or delete the old one and make a new one.
TOGETHER: Sequence[set[Name]] = ({"create"}, {"create", "conditional_delete"})


async def hold_identities(session: Session, entries: Sequence[Entry]) -> None:
    """Claim every condition, in one order for all transactions so that two of them cannot wait for each other.

    Errors  Invalid (400) when two entries write to what one condition names, however it is spelled.
    """
    asked: dict[Identity, set[Name]] = {}
    for entry in entries:
        try:
            entry.identity = _identity(session, entry)
        except FHIRError as error:
            refuse_entry(error, entry)
        if entry.identity is not None:
            _refuse_second(entry, entry.identity, asked.setdefault(entry.identity, set()))
    guarded = (entry.request for entry in entries if entry.interaction == "update" and entry.request.if_none_match)
    keys = {identity.key for identity in asked} | {f"{request.type}/{request.id}" for request in guarded}
    if keys:
        await session.repository.claim(*sorted(keys))


def _refuse_second(entry: Entry, identity: Identity, before: set[Name]) -> None:
    """Refuse an entry that writes to an identity of those before it, and note what it does."""
    if not all({entry.interaction, other} in TOGETHER for other in before):
        raise Invalid(f"Two entries write to the one that {identity.text} names", entry.place, code="duplicate")
    before.add(entry.interaction)


def _identity(session: Session, entry: Entry) -> Identity | None:
    if entry.interaction == "create":
        return create_condition(session, entry.request)
    if entry.interaction in CONDITIONAL:
        return parse_identity(session, entry.request.type, entry.request.query)
    return None


async def settle(session: Session, entries: Sequence[Entry]) -> None:
    """Decide which resource each of these entries is about, or that it writes none.

    Shape   afterwards a conditional delete or patch is a plain one. A create has its reply already when one like it is
            there, or when an entry before it makes it.
    """
    identities = list(dict.fromkeys(entry.identity for entry in entries if entry.identity))
    matches = await session.repository.matches([identity.query for identity in identities]) if identities else []
    found = dict(zip(identities, matches, strict=True))
    made: dict[Identity, Entry] = {}
    for entry in entries:
        try:
            stored = the_one(entry.identity, found[entry.identity]) if entry.identity else None
            _settle(entry, stored, made)
        except FHIRError as error:
            refuse_entry(error, entry)


def _settle(entry: Entry, stored: Stored | None, made: dict[Identity, Entry]) -> None:
    match entry.interaction:
        case "create":
            _settle_create(entry, stored, made)
        case "conditional_update":
            _settle_update(entry, stored)
        case "conditional_patch" | "conditional_delete" if stored is not None:
            entry.interaction = "patch" if entry.interaction == "conditional_patch" else "delete"
            entry.request.id = stored.id
        case "conditional_patch":
            raise NotFound(f"Nothing matches {entry.identity.text if entry.identity else 'the condition'}")
        case "conditional_delete":
            entry.reply = nothing_deleted(entry.request)
    if entry.request.id:
        entry.target = (entry.request.type, entry.request.id)


def _settle_create(entry: Entry, stored: Stored | None, made: dict[Identity, Entry]) -> None:
    if stored is not None:
        entry.target = (stored.type, stored.id)
        entry.reply = written_reply(stored, 200, entry.request.prefer)
    elif entry.identity in made:
        entry.target = made[entry.identity].target
        entry.reply = Reply(200, location="/".join(entry.target or ()))
    else:
        entry.target, entry.is_new = (entry.request.type, new_id()), True
        if entry.identity is not None:
            made[entry.identity] = entry


def _settle_update(entry: Entry, stored: Stored | None) -> None:
    refuse_unmet(entry.request, stored)
    known_id = replaced_id(entry.resource or {}, stored.id if stored else None)
    entry.target = (entry.request.type, known_id or new_id())
    entry.is_new = known_id is None


def refuse_overlaps(entries: Sequence[Entry]) -> None:
    """Refuse two entries that write one resource. Source: FHIR R4 http.html#trules."""
    seen: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if entry.target is None or not (entry.is_new or entry.interaction in (*UPDATING, "delete")):
            continue
        other = seen.setdefault(entry.target, entry)
        if other is not entry:
            text = f"This entry and {other.place} both write {'/'.join(entry.target)}"
            raise Invalid(text, entry.place, code="duplicate")


async def refuse_doubles(session: Session, entries: Sequence[Entry]) -> None:
    """Refuse what would leave two resources to a condition that was to name one.

    Two conditions may differ (an identifier, a name) and yet be met by the same resource: what the entries have made
    tells. An entry that alone writes its type cannot have made a double.
    """
    written = Counter(entry.request.type for entry in entries if entry.is_new or entry.interaction in UPDATING)
    asked = {
        entry.identity: entry
        for entry in entries
        if entry.identity and entry.interaction in ("create", "conditional_update") and written[entry.request.type] > 1
    }
    found = await session.repository.matches([identity.query for identity in asked]) if asked else []
    for (identity, entry), stored in zip(asked.items(), found, strict=True):
        if len(stored) > 1:
            text = f"Several resources would match {identity.text} once this transaction is done"
            raise Invalid(text, entry.place, code="duplicate")
