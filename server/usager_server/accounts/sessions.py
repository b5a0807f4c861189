"""Sessions: opened, read, renewed and ended, each with its trace in the same transaction."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from usager_server.accounts import sessions_store as stored
from usager_server.accounts.account import Account
from usager_server.accounts.journal import Actor, Event, Journal, What
from usager_server.accounts.session import (
    LONGEST_IDLE,
    LONGEST_SESSION,
    MOST_SESSIONS,
    Exercise,
    Key,
    SignedIn,
    key_in,
    new_key,
)
from usager_server.errors import Conflict
from usager_server.repository.running import Runner
from usager_server.requirements import fulfils

TOUCH_EVERY = timedelta(seconds=20)

Clock = Callable[[], datetime]
Runners = Callable[[int], Runner]


def utc_now() -> datetime:
    """Return the instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Proof:
    """How somebody has just proven who they are.

    Shape   means: see SignedIn; until: the end of the session at the identity provider, when it says; provider, sid,
            subject and tokens (sealed): that session; authenticated: when it asked who is there, None for just now.
    """

    means: str
    acr: str | None = None
    until: datetime | None = None
    provider: str | None = None
    sid: str | None = None
    subject: str | None = None
    tokens: bytes | None = None
    authenticated: datetime | None = None


class Sessions:
    """The sessions of all tenants.

    Time    reading costs one statement by a key; a session in use is written every 20 s at most (and once a sixtieth of
            its idle time, when that is shorter).
    """

    def __init__(
        self,
        runners: Runners,
        journal: Journal,
        *,
        idle_seconds: int = 1800,
        longest_seconds: int = int(LONGEST_SESSION.total_seconds()),
        now: Clock = utc_now,
    ) -> None:
        self._runners = runners
        self._journal = journal
        self._idle_seconds = idle_seconds
        self._longest = min(timedelta(seconds=longest_seconds), LONGEST_SESSION)
        self.now = now

    async def of_request(self, headers: Mapping[bytes, bytes]) -> SignedIn | None:
        """Return who is signed in, by the cookie of a request, or None; the session counts as used."""
        key = key_in(headers)
        return None if key is None else await self.of_key(key)

    async def of_key(self, key: Key) -> SignedIn | None:
        """Return who is signed in, by the secret of a session, or None; the session counts as used."""
        runner = self._runners(key.tenant)
        found = await stored.by_digest(runner, key.digest)
        return None if found is None else await self._if_alive(runner, found)

    async def of_sid(self, tenant: int, sid: uuid.UUID, *, used: bool = True) -> SignedIn | None:
        """Return a session by its name, or None when it is over; used False: asking does not keep it alive."""
        runner = self._runners(tenant)
        found = await stored.by_sid(runner, sid)
        return None if found is None else await self._if_alive(runner, found, used=used)

    async def of_account(self, tenant: int, account: uuid.UUID) -> Sequence[SignedIn]:
        """Return the sessions of an account that are alive, newest first."""
        now = self.now()
        return [it for it in await stored.of_account(self._runners(tenant), account) if it.is_alive(now)]

    async def open(
        self,
        runner: Runner,
        account: Account,
        proof: Proof,
        actor: Actor,
        *,
        idle_seconds: int | None = None,
        exercise: Exercise | None = None,
        agent: str | None = None,
    ) -> tuple[Key, SignedIn]:
        """Open a session inside the transaction of a sign-in; those beyond the fifth end, the oldest first.

        Shape   idle_seconds: a shorter idle time than that of the server, for a station that many people share.
        """
        now, key = self.now(), new_key(account.tenant)
        session = SignedIn(
            sid=uuid.uuid4(),
            account=account,
            authenticated=min(now, proof.authenticated or now),
            created=now,
            last_seen=now,
            expires=min(now + self._longest, proof.until or now + self._longest),
            idle_seconds=self._idle(idle_seconds),
            means=proof.means,
            acr=proof.acr,
            exercise=exercise,
            provider=proof.provider,
            address=actor.address,
            agent=agent[:200] if agent else None,
        )
        await self._make_room(runner, account, actor)
        await stored.insert(runner, session, key.digest, sid=proof.sid, subject=proof.subject, tokens=proof.tokens)
        signed_in = replace(actor, account=account.id, sid=session.sid)
        details = {"means": proof.means, **({"acr": proof.acr} if proof.acr else {})}
        await self._journal.record(runner, Event(What.SIGNED_IN, account.id, signed_in, details=details))
        return key, session

    async def renew(self, session: SignedIn, proof: Proof, actor: Actor) -> Key:
        """Give a session another secret after a new proof (step-up). Errors: Conflict (409) when it is over."""
        key = new_key(session.tenant)
        async with self._runners(session.tenant).transaction() as runner:
            if not await stored.renew(runner, session.sid, key.digest, self.now(), proof.means, proof.acr):
                raise Conflict("The session is over: sign in again")
            event = Event(What.SESSION_RENEWED, session.account.id, actor, details={"means": proof.means})
            await self._journal.record(runner, event)
        return key

    async def choose(self, session: SignedIn, exercise: Exercise) -> None:
        """Note the exercise situation in which the professional works. Errors: Conflict (409) when it is over."""
        async with self._runners(session.tenant).transaction() as runner:
            if not await stored.choose(runner, session.sid, exercise):
                raise Conflict("The session is over: sign in again")

    @fulfils("SC.SSI/IE.38")
    async def end(self, session: SignedIn, actor: Actor, because: str = "signed out") -> bool:
        """End a session on the server, whoever still has its cookie; tell whether it was not over yet."""
        return bool(await self._end(session.tenant, [session], actor, because))

    async def end_all(
        self, tenant: int, account: uuid.UUID, actor: Actor, because: str, *, but: uuid.UUID | None = None
    ) -> int:
        """End the sessions of an account, all but one when that is said; return how many."""
        sessions = await stored.of_account(self._runners(tenant), account)
        return len(await self._end(tenant, [it for it in sessions if it.sid != but], actor, because))

    async def end_within(self, runner: Runner, account: uuid.UUID, actor: Actor, because: str) -> int:
        """End the sessions of an account inside a transaction of the caller's; return how many."""
        return len(await self._ended(runner, await stored.of_account(runner, account), actor, because))

    async def end_of_provider(
        self, runner: Runner, provider: str, sid: str | None, subject: str | None, because: str
    ) -> Sequence[uuid.UUID]:
        """End the sessions that an identity provider says are over, by its sid, else by its subject; return which.

        Order   inside a transaction of the caller's: that it was told is noted with what it ended, or not at all.
        """
        sessions = await stored.of_provider(runner, provider, sid, subject)
        return await self._ended(runner, sessions, Actor(provider), because) if sessions else []

    async def end_overdue(self, tenant: int) -> int:
        """End, with their traces, the sessions that ran out without anybody asking; return how many."""
        runner = self._runners(tenant)
        return len(await self._end(tenant, await stored.overdue(runner, self.now()), Actor("usager"), "ran out"))

    @fulfils("SC.SSI/IE.58")
    async def _if_alive(self, runner: Runner, session: SignedIn, *, used: bool = True) -> SignedIn | None:
        """Return the session while it is neither idle for too long nor too old; end it otherwise."""
        now = self.now()
        if not session.is_alive(now):
            because = "ran out" if now >= session.idle_ends else "the account may not sign in any more"
            await self._end(session.tenant, [session], Actor("usager"), because)
            return None
        if used and now - session.last_seen >= min(TOUCH_EVERY, timedelta(seconds=session.idle_seconds / 60)):
            async with runner.transaction() as inside:
                await stored.touch(inside, session.sid, now)
            return replace(session, last_seen=now)
        return session

    async def _make_room(self, runner: Runner, account: Account, actor: Actor) -> None:
        others = await stored.of_account(runner, account.id)
        if len(others) >= MOST_SESSIONS:
            await self._ended(runner, others[MOST_SESSIONS - 1 :], actor, "too many sessions")

    async def _end(self, tenant: int, sessions: Sequence[SignedIn], actor: Actor, because: str) -> Sequence[uuid.UUID]:
        if not sessions:
            return []
        async with self._runners(tenant).transaction() as runner:
            return await self._ended(runner, sessions, actor, because)

    async def _ended(
        self, runner: Runner, sessions: Sequence[SignedIn], actor: Actor, because: str
    ) -> Sequence[uuid.UUID]:
        accounts = {it.sid: it.account.id for it in sessions}
        ended = await stored.end(runner, list(accounts), self.now(), because)
        for sid in ended:
            event = Event(What.SESSION_ENDED, accounts[sid], replace(actor, sid=sid), because=because)
            await self._journal.record(runner, event)
        return ended

    def _idle(self, wanted: int | None) -> int:
        longest = min(self._idle_seconds, int(LONGEST_IDLE.total_seconds()))
        return longest if wanted is None else max(1, min(wanted, longest))
