"""The end of a session: ours told to Pro Santé Connect, theirs told to us. Source: psc.md 8."""

from datetime import timedelta

import structlog

from usager_server.accounts import sessions_store
from usager_server.accounts.session import SignedIn
from usager_server.accounts.sessions import Runners, Sessions
from usager_server.accounts.tickets import Tickets
from usager_server.errors import Invalid, ServiceDown, ServiceRefused
from usager_server.national.psc.id_token import key_id
from usager_server.national.psc.logout_token import LogoutToken, read_logout_token
from usager_server.national.psc.oauth import post
from usager_server.national.psc.provider import Provider
from usager_server.national.psc.refreshing import revoke
from usager_server.national.psc.token_keeping import TokenKeeping
from usager_server.sealing import Sealer

log = structlog.get_logger()

REMEMBERED = timedelta(minutes=15)  # longer than a logout token is believed
BECAUSE = "Pro Santé Connect ended the session"


class PscLogout:
    """Ends sessions on both sides. Order: ours ends whatever comes of theirs."""

    def __init__(
        self, provider: Provider, keeping: TokenKeeping, sessions: Sessions, runners: Runners, sealer: Sealer
    ) -> None:
        self._provider = provider
        self._keeping = keeping
        self._sessions = sessions
        self._runners = runners
        self._seen = Tickets("logout", REMEMBERED, sealer)

    async def end_there(self, session: SignedIn) -> None:
        """Revoke the tokens of a session and close it at the provider; a failure is only logged."""
        if session.provider != self._provider.issuer:
            return
        async with self._runners(session.tenant).transaction() as runner:
            kept = await self._keeping.kept(runner, session.sid)
            await sessions_store.keep_tokens(runner, session.sid, None)
        self._keeping.forget(session.sid)
        if kept is None:
            return
        http, caller = self._provider.http(), self._provider.caller
        try:
            metadata = await self._provider.discovery.metadata()
            if kept.refresh_token and metadata.revocation_endpoint:
                await revoke(http, caller, metadata.revocation_endpoint, kept.refresh_token, "refresh_token")
            if kept.id_token and metadata.end_session_endpoint:
                await post(http, metadata.end_session_endpoint, {"id_token_hint": kept.id_token}, caller)
        except (ServiceDown, ServiceRefused) as error:
            log.warning("the session at Pro Santé Connect could not be closed", reason=str(error))

    async def told(self, token: str) -> int:
        """End the sessions that a logout token names, in whichever tenant; return how many.

        Errors  Invalid (400): the token is not believed, or was shown before; ServiceDown.
        """
        provider, now = self._provider, self._sessions.now()
        try:
            keys = await provider.discovery.key_set(key_id(token))
            found = read_logout_token(
                token, keys, provider.issuer, provider.caller.client_id, now, may_be_untyped=provider.untyped_logout
            )
        except ServiceRefused as refusal:
            log.warning("a logout token is refused", reason=str(refusal))
            raise Invalid(f"The logout token is refused: {refusal}", code="security") from refusal
        return await self._end(found)

    async def _end(self, found: LogoutToken) -> int:
        issuer, ended, shown_before = self._provider.issuer, 0, False
        tenants = await sessions_store.tenants_of_provider(self._runners(0), issuer, found.sid, found.subject)
        for tenant in tenants:
            async with self._runners(tenant).transaction() as runner:
                if await self._seen.put(runner, self._sessions.now(), {}, secret=f"{issuer} {found.id}") is None:
                    shown_before = True
                    continue
                sids = await self._sessions.end_of_provider(runner, issuer, found.sid, found.subject, BECAUSE)
            ended += len(sids)
            for sid in sids:
                self._keeping.forget(sid)
        if shown_before and not ended:
            raise Invalid("This logout token was shown before", code="security")
        return ended
