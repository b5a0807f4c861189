"""One person after the other: claimed, asked about once, concluded."""

from datetime import timedelta

import structlog

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.interactions.session import Session, instant_text, now
from usager_server.national.insi.calling import record
from usager_server.national.insi.channels import NotSent
from usager_server.national.insi.client import InsiClient
from usager_server.national.insi.faults import InsiRefused
from usager_server.national.insi.verification import Verdict, search_instead, to_verify, verify
from usager_server.national.insi.verifying import store
from usager_server.national.insi.verifying.effects import conclude, current, tell_unanswered
from usager_server.national.insi.verifying.store import Claim, State

AFTER_REFUSAL = timedelta(days=1)
"""How long somebody waits about whom INSi refused to answer: at the head of those who are due they hold up the rest."""

log = structlog.get_logger()


async def verify_next(session: Session, client: InsiClient) -> bool:
    """Verify the next person whose time has come; say whether to go on.

    Order   the claim is kept before the call: whoever dies in between leaves somebody who is not asked about again by
            itself. A call that surely did not reach INSi gives the claim back, and ends the round. So does one that it
            refused; unless that is for the software or its certificate, others come first the next day.
    """
    async with session.transaction() as inner:
        claim = await store.claim(inner.repository.runner)
    if claim is None:
        return False
    found = await current(session, claim.patient)
    matricule = None if found is None else to_verify(found[0])
    if found is None or matricule is None:
        async with session.transaction() as inner:
            await store.forget(inner.repository.runner, [claim.patient])
        return True
    patient, moment = found[0], instant_text(now())
    before = len(client.calls)
    try:
        if claim.state is State.to_search:
            verdict = await search_instead(client, patient, "01", moment)
        else:
            verdict = await verify(client, patient, matricule, moment, str(claim.message))
    except (ServiceDown, ServiceRefused) as error:
        return await _failed(session, client, claim, error, before)
    await _concluded(session, client, claim, patient, verdict, before)
    return True


async def _concluded(
    session: Session, client: InsiClient, claim: Claim, patient: dict[str, object], verdict: Verdict, before: int
) -> None:
    async with session.transaction() as inner:
        await record(inner, client.calls[before:], claim.patient)
        await conclude(inner, claim.patient, patient, verdict, client.calls[-1])


async def _failed(session: Session, client: InsiClient, claim: Claim, error: Exception, before: int) -> bool:
    """Give a claim back, or leave it without an answer; say whether to go on."""
    was_refused = isinstance(error, InsiRefused)
    is_unasked = isinstance(error, NotSent) or was_refused
    async with session.transaction() as inner:
        await record(inner, client.calls[before:], claim.patient)
        if isinstance(error, InsiRefused) and not error.is_of_installation:
            await store.postpone(inner.repository.runner, [claim.patient], AFTER_REFUSAL)
        else:
            state = claim.state if is_unasked else State.unanswered
            await store.put(inner.repository.runner, [claim.patient], state)
        if not is_unasked:
            await tell_unanswered(inner, claim.patient)
    log.warning("INSi did not verify", message=str(claim.message), error=str(error)[:200])
    return not is_unasked and not isinstance(error, ServiceDown)


async def note_lost(session: Session) -> int:
    """Leave a Task for each person whose call was under way when a worker died; return how many."""
    async with session.transaction() as inner:
        lost = await store.lose(inner.repository.runner)
        for patient in lost:
            await tell_unanswered(inner, patient)
    return len(lost)
