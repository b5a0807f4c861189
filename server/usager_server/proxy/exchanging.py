"""The tokens of the APIs: exchanged at sign-in or when first needed, renewed before they end."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from usager_server.national.psc.exchange import exchange, renewed
from usager_server.national.psc.oauth import OAuthDown, OAuthRefused
from usager_server.national.psc.refreshing import refreshed
from usager_server.national.psc.tokens import PscTokens
from usager_server.proxy.ending import revoke_api_token
from usager_server.proxy.house import House
from usager_server.proxy.outgoing import Outgoing
from usager_server.proxy.session import Held, Session
from usager_server.requirements import fulfils

log = structlog.get_logger()

MARGIN = timedelta(seconds=20)
KEEP_ALIVE = timedelta(minutes=10)  # a third of the life of a refresh token

Failure = OAuthRefused | OAuthDown


class SignInAgain(Exception):
    """Pro Santé Connect has ended the session: the professional must sign in again. Shape: reason is for the trace."""


@dataclass(slots=True)
class Exchanged:
    """What the exchanges of a sign-in gave: a token, or a failure, for each API."""

    held: dict[str, Held] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)


async def exchange_all(house: House, client: Outgoing, tokens: PscTokens) -> Exchanged:
    """Exchange the token of Pro Santé Connect at every API that wants it at sign-in, all at once."""
    names = [name for name, it in house.settings.backends.items() if it.exchange == "connect"]
    found = Exchanged()

    async def one(name: str) -> None:
        try:
            found.held[name] = await exchanged(house, client, name, tokens)
        except (OAuthRefused, OAuthDown) as failure:
            log.warning("an exchange failed", backend=name, reason=str(failure))
            found.failures[name] = failure

    await asyncio.gather(*map(one, names))
    return found


async def exchanged(house: House, client: Outgoing, backend: str, tokens: PscTokens) -> Held:
    """Return a token of one API. Errors: OAuthRefused, OAuthDown."""
    settings, identity = house.settings.backends[backend], client.identity
    http = client.http(settings.trusted_ca_file)
    token = await exchange(
        http, identity.oauth, settings.target, tokens.access_token, identity.certificate, house.clock.now()
    )
    log.info("a token was exchanged", backend=backend, binding=token.binding or "not told")
    return Held(token, identity.digest)


def is_good(house: House, held: Held | None, client: Outgoing) -> bool:
    """Say whether a token may be used: not about to end, and bound to the certificate that we show now."""
    return (
        held is not None
        and held.certificate == client.identity.digest
        and held.token.expires > house.clock.now() + MARGIN
    )


@fulfils("P-PSC-01")
async def held_for(house: House, session: Session, backend: str) -> Held:
    """Return a good token of an API for a session, and keep it; one renewal at a time in all processes.

    Errors  SignInAgain; OAuthRefused when the API's server says no; OAuthDown.
    """
    client = house.clients[session.client_id]
    async with house.sessions.alone(session.digest):
        held = await house.sessions.held(session.digest, backend)
        if held is not None and is_good(house, held, client):  # somebody else has just renewed it
            return held
        fresh = await _renewed(house, client, backend, held) or await _exchanged_again(house, session, backend)
        if not await house.sessions.keep_api_token(session.digest, backend, fresh):
            await revoke_api_token(house, client, backend, fresh)
            raise SignInAgain("the session has ended meanwhile")
        return fresh


async def _renewed(house: House, client: Outgoing, backend: str, held: Held | None) -> Held | None:
    """Return the next token of a server that gave a refresh token; None when it must be exchanged again."""
    if held is None or not held.token.refresh_token or held.certificate != client.identity.digest:
        return None
    settings, identity = house.settings.backends[backend], client.identity
    http = client.http(settings.trusted_ca_file)
    try:
        token = await renewed(
            http, identity.oauth, settings.target, held.token, identity.certificate, house.clock.now()
        )
    except OAuthRefused:
        return None
    return Held(token, identity.digest)


async def _exchanged_again(house: House, session: Session, backend: str) -> Held:
    """Exchange with a token of Pro Santé Connect that is asked for now: the one before was not kept."""
    client = house.clients[session.client_id]
    tokens = await house.sessions.tokens(session.digest)
    if tokens is None:
        raise SignInAgain("the session has ended meanwhile")
    return await exchanged(house, client, backend, await refreshed_for(house, session, tokens))


async def refreshed_for(house: House, session: Session, tokens: PscTokens) -> PscTokens:
    """Return new tokens of Pro Santé Connect for a session, kept at once since the refresh token may rotate.

    Errors  SignInAgain when it refuses; OAuthDown.
    """
    client = house.clients[session.client_id]
    metadata = await house.discoveries[session.client_id].metadata()
    http = client.http(house.settings.psc.trusted_ca_file)
    try:
        fresh = await refreshed(http, client.identity.oauth, metadata, tokens, house.clock.now())
    except OAuthRefused as refused:
        raise SignInAgain(f"Pro Santé Connect refuses to refresh: {refused}") from refused
    await house.sessions.keep_tokens(session.digest, fresh, house.clock.now())
    return fresh


async def kept_alive(house: House, session: Session, refresh_by: datetime | None) -> None:
    """Refresh the tokens of Pro Santé Connect when theirs is about to end while the professional is at work.

    A refresh token lives for half an hour and an API token for hours: without this, the first exchange after half an
    hour of work would have the professional sign in again. What nobody uses is not kept alive.

    Errors  SignInAgain when Pro Santé Connect has ended the session.
    """
    if refresh_by is None or refresh_by - house.clock.now() > KEEP_ALIVE:
        return
    async with house.sessions.alone(session.digest):
        tokens = await house.sessions.tokens(session.digest, unless_refreshed_since=refresh_by)
        if tokens is None:
            return
        try:
            await refreshed_for(house, session, tokens)
        except OAuthDown as down:
            log.warning("Pro Santé Connect does not refresh", reason=str(down))
