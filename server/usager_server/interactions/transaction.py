"""transaction: entries that stand or fall together, whose links to each other become links to what was stored."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from usager_server.errors import FHIRError, Invalid
from usager_server.interactions.bundle_text import bundle_text
from usager_server.interactions.checks import check_id, check_resource
from usager_server.interactions.entries import (
    OPERATIONS,
    Entry,
    count_operations,
    entry_text,
    parse_entry,
    refuse_entry,
)
from usager_server.interactions.gate import refuse_ungranted
from usager_server.interactions.operation import find_operation
from usager_server.interactions.request import Preference
from usager_server.interactions.routing import Name
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.transaction_identities import (
    hold_identities,
    refuse_doubles,
    refuse_overlaps,
    settle,
)
from usager_server.interactions.transaction_links import link, resolve_waiting
from usager_server.interactions.transaction_writes import store
from usager_server.interactions.update import check_replacement, check_update

# Between two of these, other requests get their turn.
SLICE = 25
# Creates before updates: of one resource that both name, the create is the older one.
ORDER: Sequence[Sequence[Name]] = (("create",), ("update", "conditional_update", "patch", "conditional_patch"))


async def transaction(session: Session, bundle: dict[str, Any], prefer: Preference) -> Reply:
    """Do all entries in one database transaction, or none.

    Order   DELETE, then POST, then PUT and PATCH, then GET and HEAD; the response is in the order of the request.
    Errors  those of the first entry that cannot be done, with its place: Bundle.entry[3].resource.name[0].
    Source  FHIR R4 http.html#trules.
    """
    entries = [parse_entry(session, i, entry, prefer) for i, entry in enumerate(bundle.get("entry", []))]
    await _check(session, entries)
    await count_operations(session, [entry.interaction for entry in entries])
    async with session.transaction() as inner:
        await _run(inner, entries)
        texts = [await entry_text(inner, entry.reply or Reply()) for entry in entries]
    return Reply(document=bundle_text("transaction-response", session.base_url, [], texts))


async def _check(session: Session, entries: Iterable[Entry]) -> None:
    """Refuse whatever can be refused before the database is asked."""
    for number, entry in enumerate(entries):
        if number % SLICE == 0:
            await asyncio.sleep(0)
        try:
            await _check_entry(session, entry)
        except FHIRError as error:
            refuse_entry(error, entry)


async def _check_entry(session: Session, entry: Entry) -> None:
    request, resource = entry.request, entry.resource
    if entry.interaction in OPERATIONS and find_operation(session, request).stands_alone:
        text = f"${request.operation} waits for another service, or its turn, as no transaction does: call it by itself"
        raise Invalid(text, code="not-supported")
    refuse_ungranted(session, entry.interaction, request)
    if entry.interaction not in ("create", "update", "conditional_update"):
        return
    if not isinstance(resource, dict):
        raise Invalid("This entry needs a resource", code="required")
    if entry.interaction == "create":
        entry.told = await check_resource(session, resource, request.type)
    elif entry.interaction == "update":
        check_id(request.type, request.id)
        entry.told = await check_update(session, resource, request.type, request.id)
    else:
        entry.told = await check_replacement(session, resource, request.type)


async def _run(session: Session, entries: Sequence[Entry]) -> None:
    await hold_identities(session, entries)
    await _hold_targets(session, entries)
    deletes = [entry for entry in entries if entry.interaction in ("delete", "conditional_delete")]
    await settle(session, deletes)
    await _each(session, deletes)
    writes = [entry for names in ORDER for entry in entries if entry.interaction in names]
    await settle(session, writes)
    refuse_overlaps(entries)
    await _write(session, writes)
    await _each(session, writes)
    await refuse_doubles(session, writes)
    await _tell_namesakes(session, writes)
    await _each(session, entries)


async def _write(session: Session, writes: Sequence[Entry]) -> None:
    """Create and update, in the order that lets conditional references see what this transaction creates."""
    waiting = await link(session, [entry for entry in writes if entry.reply is None], writes)
    stored = [entry for entry in writes if entry.reply is None and entry.interaction != "patch"]
    await store(session, [entry for entry in stored if entry.index not in waiting])
    await resolve_waiting(session, writes, waiting)
    await store(session, [entry for entry in stored if entry.index in waiting])


async def _tell_namesakes(session: Session, writes: Iterable[Entry]) -> None:
    """Tell each person that was created of those like them, whom this transaction creates too or the store knew."""
    people = [entry for entry in writes if entry.is_new and entry.request.type == "Patient" and entry.resource]
    if not people:
        return
    from usager_server.interactions.namesakes import namesakes_of_each, told_in_entry  # not at start

    found = await namesakes_of_each(session, [entry.resource or {} for entry in people])
    for entry, names in zip(people, found, strict=True):
        others = [name for name in names if name != "/".join(entry.target or ())]
        entry.reply = told_in_entry(entry.reply or Reply(), others)


async def _hold_targets(session: Session, entries: Iterable[Entry]) -> None:
    """Lock what will be deleted, updated and patched, in one order for all: two transactions must not cross."""
    written = [(e.request.type, e.request.id) for e in entries if e.interaction in ("delete", "update", "patch")]
    if len(written) > 1:
        await session.repository.lock(written)


async def _each(session: Session, entries: Iterable[Entry]) -> None:
    """Do what is left of these entries, one after the other."""
    for entry in entries:
        if entry.reply is not None:
            continue
        try:
            entry.reply = await session.house.interactions[entry.interaction](session, entry.request)
        except FHIRError as error:
            refuse_entry(error, entry)
