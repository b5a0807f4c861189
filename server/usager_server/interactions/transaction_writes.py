"""The creates and updates of a transaction, stored in few statements."""

import asyncio
from collections.abc import Sequence

from usager_server.errors import FHIRError
from usager_server.interactions.entries import Entry, refuse_entry
from usager_server.interactions.origins import is_compared
from usager_server.interactions.request import Request
from usager_server.interactions.session import Session
from usager_server.interactions.writing import expected_version, prepared, refuse_known, written_reply
from usager_server.repository import Change, Draft, Stored

SLICE = 25


async def store(session: Session, entries: Sequence[Entry]) -> None:
    """Write these entries, whose targets are known: one statement for all that are new, few for the others."""
    creates, updates = list[tuple[Entry, Draft]](), list[tuple[Entry, Change]]()
    followed = await _followed(session, entries)
    for number, entry in enumerate(entries):
        if number % SLICE == 0:
            await asyncio.sleep(0)
        method = "POST" if entry.interaction == "create" else "PUT"
        _, resource_id = entry.target or ("", "")
        try:
            current = followed.get(entry.target or ("", ""))
            draft, told = await prepared(session, entry.resource or {}, resource_id, method, current=current)
            entry.told = [*told, *entry.told]
            if entry.is_new:
                creates.append((entry, draft))
            else:
                updates.append((entry, await _change(session, entry.request, draft)))
        except FHIRError as error:
            refuse_entry(error, entry)
    await _create(session, creates)
    await _update(session, updates)


async def _followed(session: Session, entries: Sequence[Entry]) -> dict[tuple[str, str], Stored]:
    """Return the versions that Patients and documents here follow, which nobody may replace before this is done."""
    targets = [entry.target for entry in entries if entry.target and not entry.is_new]
    compared = [target for target in targets if is_compared(target[0])]
    if not compared:
        return {}
    await session.repository.lock(compared)
    return await session.repository.read_many(compared)


async def _change(session: Session, request: Request, draft: Draft) -> Change:
    if request.id:
        await refuse_known(session, request)
    expected = await expected_version(session, request.if_match, draft.type, draft.id)
    return Change(draft, expected, may_create=request.if_match is None)


async def _create(session: Session, creates: Sequence[tuple[Entry, Draft]]) -> None:
    if creates:
        await session.repository.create([draft for _, draft in creates])
    for entry, draft in creates:
        entry.reply = written_reply(draft.stored(1), 201, entry.request.prefer, entry.told)


async def _update(session: Session, updates: Sequence[tuple[Entry, Change]]) -> None:
    if not updates:
        return
    try:
        written = await session.repository.write([change for _, change in updates])
    except FHIRError as error:
        refused = [entry for entry, change in updates if f"{change.draft.type}/{change.draft.id} " in str(error)]
        refuse_entry(error, (refused or [entry for entry, _ in updates])[0])
    for (entry, _), made in zip(updates, written, strict=True):
        status = 201 if made.created else 200
        entry.reply = written_reply(made.stored, status, entry.request.prefer, entry.told)
