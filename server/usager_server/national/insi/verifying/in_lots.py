"""Many people at once: lots of a thousand, handed in once and collected when INSi has worked through them.

A lot bears an id of ours. One whose deposit got no answer is asked after: INSi has it, or it is handed in again.
"""

import uuid
from collections.abc import Sequence

import structlog

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.identity.events import Verified
from usager_server.identity.traits import traits_of
from usager_server.interactions.session import Session, instant_text, now
from usager_server.jsontext import parse_json
from usager_server.national.insi.calling import record
from usager_server.national.insi.client import InsiClient
from usager_server.national.insi.mapping import claimed_of
from usager_server.national.insi.messages import FOUND, MOST_CLAIMS, Claimed, Deposit
from usager_server.national.insi.verification import to_verify
from usager_server.national.insi.verifying import store
from usager_server.national.insi.verifying.effects import confirm
from usager_server.national.insi.verifying.store import State

MOST_LOTS = 5
TOGETHER = 50
"""How many are concluded in one transaction."""

log = structlog.get_logger()


async def hand_in(session: Session, client: InsiClient) -> bool:
    """Make a lot of those whose time has come and hand it in, unless MOST_LOTS are under way; say whether one was."""
    if len(await store.lots(session.repository.runner)) >= MOST_LOTS:
        return False
    async with session.transaction() as inner:
        lot = await store.make_lot(inner.repository.runner, MOST_CLAIMS)
    return await _deposited(session, client, lot)


async def collect(session: Session, client: InsiClient) -> int:
    """Go on with the lots under way, and return how many people were concluded."""
    concluded = 0
    for lot, is_deposited in await store.lots(session.repository.runner):
        before = len(client.calls)
        try:
            found = await client.collect(str(lot))
        except (ServiceDown, ServiceRefused) as error:
            await record(session, client.calls[before:])
            log.warning("INSi did not give a lot", lot=str(lot), error=str(error)[:200])
            return concluded
        await record(session, client.calls[before:])
        if found is None:
            await _deposited(session, client, lot)
        elif found.is_ready:
            concluded += await _conclude(session, lot, found.codes)
        elif not is_deposited:
            async with session.transaction() as inner:
                await store.note_deposited(inner.repository.runner, lot)
    return concluded


async def _deposited(session: Session, client: InsiClient, lot: uuid.UUID) -> bool:
    claims = await _claims(session, await store.in_lot(session.repository.runner, lot))
    if not claims:
        async with session.transaction() as inner:
            await store.end_lot(inner.repository.runner, lot)
        return False
    before = len(client.calls)
    try:
        await client.deposit(Deposit(str(lot), claims))
    except (ServiceDown, ServiceRefused) as error:
        await record(session, client.calls[before:])
        log.warning("INSi did not take a lot", lot=str(lot), error=str(error)[:200])
        return False
    async with session.transaction() as inner:
        await record(inner, client.calls[before:])
        await store.note_deposited(inner.repository.runner, lot)
    return True


async def _claims(session: Session, patients: Sequence[str]) -> list[tuple[str, Claimed]]:
    """Return what is to be verified of each person; those without anything are watched no longer."""
    stored = await session.repository.read_many([("Patient", it) for it in patients])
    claims, others = [], []
    for patient_id in patients:
        found = stored.get(("Patient", patient_id))
        tree = parse_json((found.document or "{}").encode()) if found else {}
        matricule = to_verify(tree)
        if matricule is None:
            others.append(patient_id)
        else:
            claims.append((patient_id, claimed_of(matricule, traits_of(tree))))
    async with session.transaction() as inner:
        await store.forget(inner.repository.runner, others)
    return claims


async def _conclude(session: Session, lot: uuid.UUID, codes: dict[str, str]) -> int:
    """Write what INSi says of each person of a lot, TOGETHER in a transaction; who is left over is searched, or told.

    Order   a worker that dies here leaves the lot: it is collected again, and the rest is concluded.
    """
    people = await store.in_lot(session.repository.runner, lot)
    event = Verified(instant_text(now()), "deposerLotVerification", str(lot))
    for start in range(0, len(people), TOGETHER):
        group = people[start : start + TOGETHER]
        async with session.transaction() as inner:
            runner = inner.repository.runner
            await confirm(inner, [it for it in group if codes.get(it) == FOUND], event)
            await store.put(runner, [it for it in group if codes.get(it) not in (FOUND, None)], State.to_search)
            await store.put(runner, [it for it in group if it not in codes], State.waiting)
    async with session.transaction() as inner:
        await store.end_lot(inner.repository.runner, lot)
    return len(people)
