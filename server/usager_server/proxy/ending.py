"""The end of a session: it is over at once, then its tokens are made worth nothing, however long that takes."""

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import timedelta

import structlog

from usager_server.national.psc.oauth import OAuthDown, OAuthRefused
from usager_server.national.psc.refreshing import end_session, revoke
from usager_server.national.psc.tokens import PscTokens
from usager_server.proxy.caller import Caller
from usager_server.proxy.house import House
from usager_server.proxy.outgoing import Outgoing
from usager_server.proxy.session import Held, Session
from usager_server.proxy.trace import Trace, TraceType
from usager_server.proxy.traces import record
from usager_server.sealing import SealError

log = structlog.get_logger()

LEASE = timedelta(minutes=2)  # who revokes has that long; then another process takes over
GIVEN_UP = timedelta(hours=4)  # the longest life of a token: later there is nothing left to revoke
AT_ONCE = 20


async def end(house: House, digest: bytes, caller: Caller, reason: str = "") -> Session | None:
    """End a live session of the caller, with its trace; None when there is none.

    Errors  Unavailable, and it is not ended.
    """
    now = house.clock.now()
    async with house.database.transaction() as connection:
        session = await house.sessions.end(connection, digest, house.clients_of(caller), now, LEASE)
        if session is not None:
            await record(connection, _trace(house, session, caller, reason))
    return session


async def sweep(house: House) -> int:
    """End what has expired and revoke what has ended; return how many sessions were forgotten. Errors: Unavailable."""
    async with house.database.transaction() as connection:
        for session, reason in await house.sessions.end_expired(connection, house.clock.now(), AT_ONCE):
            await record(connection, _trace(house, session, None, reason))
    ended = await house.sessions.lease_ended(house.clock.now(), LEASE, AT_ONCE)
    late = {session.digest for session, at in ended if at + GIVEN_UP < house.clock.now()}
    done = await asyncio.gather(*(wipe(house, session, session.digest in late) for session, _ in ended))
    return sum(done)


async def wipe(house: House, session: Session, is_late: bool = False) -> bool:
    """Revoke the tokens of an ended session and forget it; False when it must be tried again later."""
    async with house.sessions.alone(session.digest):
        client = house.clients.get(session.client_id)
        if client is not None and not is_late and not await _revoked(house, session, client):
            return False
        await house.sessions.remove(session.digest)
    return True


async def revoke_all(house: House, client: Outgoing, tokens: PscTokens | None, held: Mapping[str, Held]) -> bool:
    """Have every token be worth nothing, all at once; False when somebody did not answer."""
    tasks = [revoke_api_token(house, client, backend, each) for backend, each in held.items()]
    if tokens is not None:
        tasks.append(_revoke_at_psc(house, client, tokens))
    return all(await asyncio.gather(*tasks))


async def revoke_api_token(house: House, client: Outgoing, backend: str, held: Held) -> bool:
    """Revoke a token at the server that gave it, where it can be; False when it did not answer."""
    settings = house.settings.backends.get(backend)
    if settings is None or settings.revocation_endpoint is None:
        return True
    http, endpoint, caller = client.http(settings.trusted_ca_file), settings.revocation_endpoint, client.identity.oauth
    tokens = {"access_token": held.token.access_token, "refresh_token": held.token.refresh_token}
    calls = [revoke(http, caller, endpoint, token, kind) for kind, token in tokens.items() if token]
    return all([await _has_answered(backend, call) for call in calls])


async def _revoke_at_psc(house: House, client: Outgoing, tokens: PscTokens) -> bool:
    """Close the session at Pro Santé Connect, which ours does not wait for."""
    http, caller = client.http(house.settings.psc.trusted_ca_file), client.identity.oauth
    try:
        metadata = await house.discoveries[caller.client_id].metadata()
    except (OAuthDown, OAuthRefused):
        return False
    calls = []
    if metadata.revocation_endpoint and tokens.refresh_token:
        calls.append(revoke(http, caller, metadata.revocation_endpoint, tokens.refresh_token, "refresh_token"))
    if metadata.end_session_endpoint and tokens.id_token:
        calls.append(end_session(http, caller, metadata.end_session_endpoint, tokens.id_token))
    return all([await _has_answered("psc", call) for call in calls])


async def _revoked(house: House, session: Session, client: Outgoing) -> bool:
    try:
        tokens = await house.sessions.tokens(session.digest)
        held = await house.sessions.all_held(session.digest)
    except SealError as error:
        log.error("tokens cannot be opened, and are not revoked", reason=str(error))
        return True
    return await revoke_all(house, client, tokens, held)


async def _has_answered(where: str, call: Awaitable[None]) -> bool:
    """Say whether a server has answered: a refusal is an answer, since what it refuses is not valid there."""
    try:
        await call
    except OAuthRefused as refused:
        log.warning("a token is not revoked", backend=where, reason=str(refused))
    except OAuthDown as down:
        log.warning("a token is not revoked yet", backend=where, reason=str(down))
        return False
    return True


def _trace(house: House, session: Session, caller: Caller | None, reason: str) -> Trace:
    client = house.clients.get(session.client_id)
    return Trace(
        TraceType.DISCONNECT,
        house.clock.now(),
        session.national_id,
        caller,
        session,
        client.identity.subject if client else "",
        reason=reason,
    )
