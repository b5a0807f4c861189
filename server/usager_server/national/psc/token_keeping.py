"""The tokens of Pro Santé Connect during a session: which are kept, where, and how new ones come. Source: psc.md 6.

The access token is never stored: it lives in the memory of the process that fetched it, as long as it is good. The
refresh token and the id_token (for the logout) lie sealed in the row of the session, and go with it.
"""

import asyncio
import uuid
from dataclasses import asdict
from datetime import datetime, timedelta

import orjson

from usager_server.accounts import sessions_store
from usager_server.accounts.sessions import Clock, utc_now
from usager_server.errors import LoginRequired
from usager_server.national.psc.discovery import Metadata
from usager_server.national.psc.oauth import OAuthRefused
from usager_server.national.psc.provider import Provider
from usager_server.national.psc.refreshing import refreshed
from usager_server.national.psc.tokens import PscTokens
from usager_server.repository.running import Runner
from usager_server.requirements import fulfils
from usager_server.sealing import Sealer, SealError

MARGIN = timedelta(seconds=20)
MOST_REMEMBERED = 1000
LOGIN = "The session at Pro Santé Connect is over: sign in again"


class TokenKeeping:
    """Gives an access token to the calls that need one, by one refresh at a time for each session."""

    def __init__(self, provider: Provider, sealer: Sealer, now: Clock = utc_now) -> None:
        self._provider = provider
        self._sealer = sealer
        self._now = now
        self._remembered: dict[uuid.UUID, PscTokens] = {}
        self._refreshing: dict[uuid.UUID, asyncio.Task[str]] = {}

    @fulfils("SC.MSS/CONF.28")
    def sealed(self, tenant: int, tokens: PscTokens) -> bytes:
        """Return what the row of a session is given: everything but the access token."""
        kept = {name: value for name, value in asdict(tokens).items() if name != "access_token"}
        return self._sealer.seal(f"psc {tenant}", orjson.dumps(kept))

    def remember(self, sid: uuid.UUID, tokens: PscTokens) -> None:
        """Keep an access token in memory, as long as it is good, for the calls of a session."""
        if len(self._remembered) >= MOST_REMEMBERED:
            now = self._now()
            self._remembered = {key: it for key, it in self._remembered.items() if it.expires > now}
        if len(self._remembered) < MOST_REMEMBERED:
            self._remembered[sid] = tokens

    def forget(self, sid: uuid.UUID) -> None:
        """Let go of what is in memory."""
        self._remembered.pop(sid, None)

    async def access_token(self, runner: Runner, sid: uuid.UUID) -> str:
        """Return an access token that is good for MARGIN at least.

        Order   fifty calls at once make one refresh; other processes wait for the row, then use the token it left.
        Errors  LoginRequired (401): the provider has ended the session, or ours is over; OAuthDown: try later.
        """
        found = self._remembered.get(sid)
        if found is not None and found.expires - self._now() > MARGIN:
            return found.access_token
        if (task := self._refreshing.get(sid)) is None:
            task = self._refreshing[sid] = asyncio.create_task(self._refreshed(runner, sid))
            task.add_done_callback(lambda _: self._refreshing.pop(sid, None))
        return await asyncio.shield(task)

    async def kept(self, runner: Runner, sid: uuid.UUID) -> PscTokens | None:
        """Return what is kept for a session, inside a transaction; None when nothing is, or it cannot be opened.

        Shape   the access token is empty.
        """
        return self._opened(runner, await sessions_store.tokens_held(runner, sid))

    async def _refreshed(self, runner: Runner, sid: uuid.UUID) -> str:
        metadata = await self._provider.discovery.metadata()
        async with runner.transaction() as inside:  # holds the row: the provider may give another refresh token
            kept = await self.kept(inside, sid)
            tokens = None if kept is None else await self._asked(metadata, kept)
            sealed = None if tokens is None else self.sealed(inside.tenant, tokens)
            await sessions_store.keep_tokens(inside, sid, sealed)
        if tokens is None:
            self.forget(sid)
            raise LoginRequired(LOGIN)
        self.remember(sid, tokens)
        return tokens.access_token

    async def _asked(self, metadata: Metadata, kept: PscTokens) -> PscTokens | None:
        """Return new tokens; None when the provider has ended the session."""
        provider = self._provider
        try:
            return await refreshed(provider.http(), provider.caller, metadata, kept, self._now())
        except OAuthRefused as refusal:
            if refusal.error == "invalid_grant":
                return None
            raise

    def _opened(self, runner: Runner, sealed: bytes | None) -> PscTokens | None:
        if sealed is None:
            return None
        try:
            found = orjson.loads(self._sealer.open(f"psc {runner.tenant}", sealed))
        except SealError:
            return None
        ends = found.pop("refresh_expires")
        return PscTokens(
            access_token="",
            expires=datetime.fromisoformat(found.pop("expires")),
            refresh_expires=None if ends is None else datetime.fromisoformat(ends),
            **found,
        )
