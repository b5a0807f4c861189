"""Signing in by CIBA: without a redirect, the professional agrees on their telephone or with their card.

The one who waits asks again and again; each time the provider is asked once, never sooner than it wants. What is waited
for lies in a ticket, so that any process may answer. Source: psc.md 9.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from usager_server.accounts.journal import Actor
from usager_server.accounts.sessions import Clock, Runners
from usager_server.accounts.tickets import Tickets
from usager_server.errors import Forbidden, Invalid, LoginRequired, Throttled
from usager_server.national.psc.ciba import GRANT, MORE_TRIES, SLOW_DOWN_SECONDS, Asked, Channel, Ciba
from usager_server.national.psc.oauth import OAuthDown, OAuthRefused, post
from usager_server.national.psc.provider import Provider
from usager_server.national.psc.sign_in import Arrived, PscSignIn
from usager_server.national.psc.tokens import parse_tokens
from usager_server.repository.running import Runner
from usager_server.sealing import Sealer

NATIONAL_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z/.-]{4,59}")
CHANNELS: tuple[Channel, ...] = ("CARD", "MOBILE")
WAITS_MINUTES = 3
MOST_ASKED, WITHIN = 5, timedelta(minutes=15)
COUNTED_IN = 1  # the first tenant: a person has one telephone, in however many organisations they work
AGAIN = "This sign-in is over: begin again"
WORN_OUT = "This person was asked to sign in a moment ago: wait for their answer, or a few minutes"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign-in that waits. Shape: binding_message: two digits to show to the person, who sees them on their device."""

    ticket: str
    binding_message: str
    interval_seconds: int
    expires: datetime


class CibaSignIn:
    """Asks, and asks after it."""

    def __init__(self, provider: Provider, sign_in: PscSignIn, runners: Runners, sealer: Sealer, now: Clock) -> None:
        self._provider = provider
        self._sign_in = sign_in
        self._runners = runners
        self._now = now
        self._waiting = Tickets("ciba", timedelta(minutes=WAITS_MINUTES), sealer)
        self._asked = Tickets("ciba-asked", WITHIN, sealer)

    async def start(self, tenant: int, national_id: str, channel: str) -> Waiting:
        """Have the provider ask somebody.

        Errors  Invalid (400) for what is no identifier or channel; Throttled (429): people are not worn out with
                requests; OAuthRefused, OAuthDown.
        """
        if channel not in CHANNELS or not NATIONAL_ID.fullmatch(national_id):
            raise Invalid(f"national_id is that of a professional; channel is one of {', '.join(CHANNELS)}")
        runner, now = self._runners(tenant), self._now()
        await self._count(national_id, now)
        binding_message = f"{secrets.randbelow(100):02d}"
        metadata = await self._provider.discovery.metadata()
        if not metadata.backchannel_authentication_endpoint:
            raise OAuthRefused(200, "unreadable_answer", "the provider does not offer CIBA")
        flow = Ciba(
            self._provider.http(),
            self._provider.caller,
            metadata.backchannel_authentication_endpoint,
            metadata.token_endpoint,
            clock=self._now,
        )
        wanted = next(each for each in CHANNELS if each == channel)
        pending = await flow.start(Asked(national_id, binding_message, wanted))
        data = {
            "auth_req_id": pending.auth_req_id,
            "national_id": national_id,
            "interval": pending.interval_seconds,
            "next": now + timedelta(seconds=pending.interval_seconds),
            "failures": 0,
        }
        async with runner.transaction() as inside:
            ticket = await self._waiting.put(inside, now, data)
        return Waiting(str(ticket), binding_message, pending.interval_seconds, pending.expires)

    async def poll(self, tenant: int, ticket: str, actor: Actor, agent: str | None) -> Arrived | float:
        """Return who arrived, or in how many seconds to ask again.

        Errors  LoginRequired (401): they said no, or did not answer in time; those of `PscSignIn.arrive`; OAuthDown
                after MORE_TRIES.
        """
        runner, now = self._runners(tenant), self._now()
        found = await self._waiting.look(runner, now, ticket)
        if found is None:
            raise LoginRequired(AGAIN)
        wait = (datetime.fromisoformat(found.data["next"]) - now).total_seconds()
        if wait > 0:
            return wait
        interval = found.data["interval"]
        await self._note(runner, ticket, {**found.data, "next": now + timedelta(seconds=interval)})
        metadata = await self._provider.discovery.metadata()
        form = {"grant_type": GRANT, "auth_req_id": found.data["auth_req_id"]}
        try:
            answer = await post(self._provider.http(), metadata.token_endpoint, form, self._provider.caller)
        except OAuthRefused as refusal:
            return await self._refused(runner, ticket, found.data, refusal)
        except OAuthDown:
            if found.data["failures"] >= MORE_TRIES:
                raise
            await self._note(runner, ticket, {**found.data, "failures": found.data["failures"] + 1})
            return float(interval)
        async with runner.transaction() as inside:
            if await self._waiting.take(inside, now, ticket) is None:
                raise LoginRequired(AGAIN)
        proving = self._provider.proven(parse_tokens(answer, now), None, now)
        proven = await self._sign_in.judged(runner, actor, proving)
        if proven.identity.national_id != found.data["national_id"]:
            raise Forbidden("The provider proves somebody else than who was asked")
        await self._answered(found.data["national_id"])
        return await self._sign_in.arrive(runner, proven, actor, agent, "/session")

    async def _refused(self, runner: Runner, ticket: str, data: Mapping[str, Any], refusal: OAuthRefused) -> float:
        slower = SLOW_DOWN_SECONDS if refusal.error == "slow_down" else 0
        if refusal.error in ("authorization_pending", "slow_down"):
            interval = data["interval"] + slower
            after = self._now() + timedelta(seconds=interval)
            await self._note(runner, ticket, {**data, "interval": interval, "next": after, "failures": 0})
            return float(interval)
        async with runner.transaction() as inside:
            await self._waiting.take(inside, self._now(), ticket)
        await self._answered(data["national_id"])
        raise LoginRequired("The sign-in was refused, or not answered in time: begin again") from refusal

    async def _note(self, runner: Runner, ticket: str, data: Mapping[str, Any]) -> None:
        async with runner.transaction() as inside:
            await self._waiting.change(inside, ticket, data)

    async def _count(self, national_id: str, now: datetime) -> None:
        """Count a request for somebody, by whichever organisation.

        Errors  Throttled (429): one waits already, or there were MOST_ASKED WITHIN.
        """
        async with self._runners(COUNTED_IN).transaction() as inside:
            before = await self._asked.take(inside, now, _name(national_id))
            asked = [datetime.fromisoformat(it) for it in before.data["asked"]] if before else []
            recent = [it for it in asked if it > now - WITHIN]
            until = datetime.fromisoformat(before.data["until"]) if before else now
            refused = len(recent) >= MOST_ASKED or until > now
            if not refused:
                recent, until = [*recent, now], now + timedelta(seconds=120)
            data = {"asked": recent, "until": until}
            stored = await self._asked.put(inside, now, data, secret=_name(national_id))
        if refused or stored is None:
            raise Throttled(WORN_OUT, headers={"Retry-After": "60"})

    async def _answered(self, national_id: str) -> None:
        """Note that nobody is being asked any more."""
        async with self._runners(COUNTED_IN).transaction() as inside:
            found = await self._asked.look(inside, self._now(), _name(national_id))
            if found is not None:
                await self._asked.change(inside, _name(national_id), {**found.data, "until": self._now()})


def _name(national_id: str) -> str:
    """Return what counts the askings of a person, however their identifier is written."""
    return sha256(national_id.upper().encode()).hexdigest()
