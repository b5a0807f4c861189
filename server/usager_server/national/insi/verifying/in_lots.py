"""Many people at once: lots of a thousand, handed in once and collected when INSi has worked through them.

A lot bears an id of ours. One whose deposit got no answer is asked after: INSi has it, or it is handed in again. One
that INSi refuses as a whole is put off, so that it is not handed in each round for ever.
"""

import uuid
from collections.abc import Sequence
from datetime import timedelta

import structlog

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.identity.events import Verified
from usager_server.identity.traits import traits_of
from usager_server.interactions.session import Session, instant_text, now
from usager_server.jsontext import parse_json
from usager_server.national.insi.calling import record
from usager_server.national.insi.client import InsiClient
from usager_server.national.insi.faults import InsiRefused
from usager_server.national.insi.mapping import claimed_of
from usager_server.national.insi.messages import FOUND, MOST_CLAIMS, Claimed, Deposit
from usager_server.national.insi.verification import to_verify
from usager_server.national.insi.verifying import store
from usager_server.national.insi.verifying.effects import confirm
from usager_server.national.insi.verifying.store import Lot, State

MOST_LOTS = 5
MOST_REFUSED = 20
"""Lots that are put off at once: beyond, those who are due are asked about one by one only."""
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(days=1)
"""How long a lot waits that was refused: at first, and after many times in a row."""
TOGETHER = 50
"""How many are concluded in one transaction."""

log = structlog.get_logger()


async def hand_in(session: Session, client: InsiClient) -> bool:
    """Make a lot of those whose time has come and hand it in, unless MOST_LOTS are under way; say whether one was.

    Time    none within FIRST_PAUSE of a refusal: what one lot was refused for, the next may be too.
    """
    about = await store.lots_about(session.repository.runner, FIRST_PAUSE)
    if about.under_way >= MOST_LOTS or about.refused >= MOST_REFUSED or about.is_recent:
        return False
    async with session.transaction() as inner:
        lot = await store.make_lot(inner.repository.runner, MOST_CLAIMS)
    return await _deposited(session, client, Lot(lot, is_deposited=False, refusals=0))


async def collect(session: Session, client: InsiClient) -> int:
    """Go on with the lots whose time it is, and return how many people were concluded.

    Order   one that INSi refuses is put off, and the next is gone on with; a refusal of the software or its certificate
            would be that of the next too, and ends the round, as does an INSi that is down.
    """
    concluded = 0
    for lot in await store.lots(session.repository.runner):
        before = len(client.calls)
        try:
            found = await client.collect(str(lot.id))
        except (ServiceDown, ServiceRefused) as error:
            await _failed(session, client, lot, error, before)
            if _is_of_lot(error):
                continue
            return concluded
        await record(session, client.calls[before:])
        if found is None:
            await _deposited(session, client, lot)
        elif found.is_ready:
            concluded += await _conclude(session, lot.id, found.codes)
        elif not lot.is_deposited or lot.refusals:
            async with session.transaction() as inner:
                await store.note_deposited(inner.repository.runner, lot.id)
    return concluded


async def _deposited(session: Session, client: InsiClient, lot: Lot) -> bool:
    claims = await _claims(session, await store.in_lot(session.repository.runner, lot.id))
    if not claims:
        async with session.transaction() as inner:
            await store.end_lot(inner.repository.runner, lot.id)
        return False
    before = len(client.calls)
    try:
        await client.deposit(Deposit(str(lot.id), claims))
    except (ServiceDown, ServiceRefused) as error:
        await _failed(session, client, lot, error, before)
        return False
    async with session.transaction() as inner:
        await record(inner, client.calls[before:])
        await store.note_deposited(inner.repository.runner, lot.id)
    return True


async def _failed(session: Session, client: InsiClient, lot: Lot, error: Exception, before: int) -> None:
    """Put off a lot that was refused, longer each time; one that did not reach INSi is tried in the next round."""
    if isinstance(error, ServiceDown):
        await record(session, client.calls[before:])
        log.warning("INSi did not answer about a lot", lot=str(lot.id), error=str(error)[:200])
        return
    wait, code = _pause(lot, error), str(error)[:200]
    async with session.transaction() as inner:
        await record(inner, client.calls[before:])
        await store.put_off(inner.repository.runner, lot.id, wait, code)
    refusals, minutes = lot.refusals + 1, round(wait.total_seconds() / 60)
    log.warning("INSi refused a lot", lot=str(lot.id), refusals=refusals, again_in_minutes=minutes, error=code)


def _pause(lot: Lot, error: Exception) -> timedelta:
    """Return how long a lot waits: what an operator mends (settings, a certificate, a gateway) is soon tried again."""
    doublings = min(lot.refusals, 10) if _is_of_lot(error) else 0
    return min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)


def _is_of_lot(error: Exception) -> bool:
    return isinstance(error, InsiRefused) and not error.is_of_installation


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
