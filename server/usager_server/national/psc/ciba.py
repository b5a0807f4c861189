"""CIBA: a professional signs in on a device of their own, without a redirect; we ask, then poll."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import httpx

from usager_server.national.psc.oauth import OAuthClient, OAuthDown, OAuthRefused, post
from usager_server.national.psc.tokens import PscTokens, parse_tokens, seconds, token_of

GRANT = "urn:openid:params:grant-type:ciba"
SCOPE = "openid scope_all"
DEFAULT_INTERVAL_SECONDS = 5  # OpenID CIBA 7.3: when the answer says none
LONGEST_INTERVAL_SECONDS = 60
SLOW_DOWN_SECONDS = 5
MORE_TRIES = 2  # when Pro Santé Connect does not answer a poll

Channel = Literal["CARD", "MOBILE"]


class Abandoned(Exception):
    """Who asked has left: nobody is waiting for the sign-in any more."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A sign-in to ask for. Shape: login_hint the national id; binding_message two digits, which the user compares."""

    login_hint: str = field(repr=False)
    binding_message: str
    channel: Channel
    acr_values: str = "eidas1"
    scope: str = SCOPE


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that waits for the professional. Shape: interval in seconds, expires in UTC."""

    auth_req_id: str = field(repr=False)
    expires: datetime
    interval_seconds: int


async def is_always_wanted() -> bool:
    """Say that the sign-in is still waited for."""
    return True


@dataclass(frozen=True, slots=True)
class Ciba:
    """The flow for one client. Shape: clock gives UTC; sleep waits, and tests make it short."""

    http: httpx.AsyncClient
    caller: OAuthClient
    authentication_endpoint: str
    token_endpoint: str
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def start(self, asked: Asked) -> Pending:
        """Have Pro Santé Connect ask the professional. Errors: OAuthRefused, OAuthDown."""
        answer = await post(
            self.http,
            self.authentication_endpoint,
            {
                "scope": asked.scope,
                "acr_values": asked.acr_values,
                "login_hint": asked.login_hint,
                "binding_message": asked.binding_message,
                "channel": asked.channel,
            },
            self.caller,
        )
        interval = seconds(answer.get("interval") or DEFAULT_INTERVAL_SECONDS).total_seconds()
        return Pending(
            auth_req_id=token_of(answer, "auth_req_id"),
            expires=self.clock() + seconds(answer.get("expires_in")),
            interval_seconds=min(int(interval), LONGEST_INTERVAL_SECONDS),
        )

    async def poll(self, pending: Pending, is_wanted: Callable[[], Awaitable[bool]] = is_always_wanted) -> PscTokens:
        """Return the tokens once the professional has agreed.

        Time    as long as the sign-in may take (120 s), never faster than the interval that Pro Santé Connect wants.
        Errors  OAuthRefused (access_denied, expired_token, others); OAuthDown after MORE_TRIES; Abandoned.
        Source  OpenID CIBA Core 10.1.1 and 11.
        """
        interval, failures = pending.interval_seconds, 0
        while True:
            await self._wait(pending, interval)
            if not await is_wanted():
                raise Abandoned
            try:
                return await self._ask(pending)
            except OAuthRefused as refused:
                if refused.error not in ("authorization_pending", "slow_down"):
                    raise
                interval += SLOW_DOWN_SECONDS if refused.error == "slow_down" else 0
                failures = 0
            except OAuthDown:
                failures += 1
                if failures > MORE_TRIES:
                    raise

    async def _wait(self, pending: Pending, interval: int) -> None:
        left = (pending.expires - self.clock()).total_seconds()
        if left > 0:
            await self.sleep(min(interval, left))
        if left < interval:  # the next poll would come after the end
            raise OAuthRefused(400, "expired_token", "the professional did not answer in time")

    async def _ask(self, pending: Pending) -> PscTokens:
        form = {"grant_type": GRANT, "auth_req_id": pending.auth_req_id}
        return parse_tokens(await post(self.http, self.token_endpoint, form, self.caller), self.clock())
