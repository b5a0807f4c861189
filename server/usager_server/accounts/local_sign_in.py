"""Signing in without Pro Santé Connect: a password, then a code; slow for who guesses, silent about who exists."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog

from usager_server.accounts import accounts_store, credentials_store, totp
from usager_server.accounts.account import Account, Kind
from usager_server.accounts.credentials_store import Factor
from usager_server.accounts.hashing import matches
from usager_server.accounts.journal import Actor, Event, Journal, What
from usager_server.accounts.keeping_passwords import STEP, Passwords
from usager_server.accounts.locking import Tries, after_failure, without_one
from usager_server.accounts.passwords import has_expired
from usager_server.accounts.session import Key, SignedIn
from usager_server.accounts.sessions import Proof, Runners, Sessions
from usager_server.accounts.tickets import Ticket, Tickets
from usager_server.errors import Invalid, LoginRequired, Throttled, Unavailable
from usager_server.repository.running import Runner
from usager_server.requirements import fulfils
from usager_server.sealing import Sealer, SealError

log = structlog.get_logger()

STEP_MINUTES = 10
MEANS = "password+totp"
WRONG = "The name or the password is wrong"
WRONG_PASSWORD = "Your password is wrong"  # noqa: S105 - no password
WRONG_CODE = "The code is wrong, or was used already"
SLOW = "Too many wrong tries: wait, or ask an administrator"
BEGIN_AGAIN = "This sign-in took too long: begin again"
LONGEST_WAIT_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Next:
    """What comes after the password.

    Shape   step: "code" (of the application), "enrol" (an application, by this secret), "password" (it has expired).
    """

    step: str
    ticket: str
    secret: bytes | None = None
    username: str = ""


class LocalSignIn:
    """Signs in who has a password here: administrators, emergency accounts and, where the tenant lets them, all."""

    def __init__(
        self, runners: Runners, sessions: Sessions, passwords: Passwords, journal: Journal, sealer: Sealer
    ) -> None:
        self._runners = runners
        self._sessions = sessions
        self._passwords = passwords
        self._journal = journal
        self._sealer = sealer
        self._steps = Tickets(STEP, timedelta(minutes=STEP_MINUTES), sealer)
        self._strangers = Tickets("tries", timedelta(hours=24), sealer)

    async def first(self, tenant: int, username: str, password: str, actor: Actor) -> Next:
        """Take a name and a password.

        Time    the same for a name that nobody has.
        Errors  LoginRequired (401), in the same words whatever was wrong; Throttled (429).
        """
        runner = self._runners(tenant)
        before, account = await self._counted(runner, username, actor, is_proven=False)
        stored = await credentials_store.passwords(runner, account.id) if account else []
        right = await matches(password, stored[0][0] if stored else None)
        why = await self._why_not(runner, account, right)
        if account is None or why:
            await self._refuse(runner, account, actor, why)
            raise LoginRequired(WRONG)
        await self._restore(runner, account, before)
        await self._passwords.renew_hash(runner, account, password, stored[0][0])
        if has_expired(stored[0][1], account.kind, self._sessions.now()):
            return await self._next(runner, account, "password")
        return await self.after_password(runner, account)

    async def after_password(self, runner: Runner, account: Account) -> Next:
        """Return what comes after a password that is right and in force."""
        if await credentials_store.factors(runner, account.id):
            return await self._next(runner, account, "code")
        return await self._next(runner, account, "enrol", totp.new_secret())

    async def new_password(self, tenant: int, ticket: str, password: str, actor: Actor) -> tuple[Account, Next]:
        """Take the password that follows one that has expired. Errors: Invalid (400), Unprocessable (422)."""
        runner = self._runners(tenant)
        _, account = await self._step(runner, ticket, "password")
        stored = await self._passwords.judged(runner, account, password, actor)
        async with runner.transaction() as inside:
            await accounts_store.locked(inside, account.id)
            if await self._steps.take(inside, self._sessions.now(), ticket) is None:
                raise Invalid(BEGIN_AGAIN)  # another password was chosen meanwhile
            await self._passwords.put(inside, account, stored, actor)
        return account, await self.after_password(runner, account)

    async def second(
        self, tenant: int, ticket: str, code: str, actor: Actor, agent: str | None, idle_seconds: int | None = None
    ) -> tuple[Key, SignedIn]:
        """Take the code of the application, and open the session.

        Errors  LoginRequired (401): the code is wrong, was used, or the account is closed meanwhile; Throttled (429);
                Invalid (400): too late.
        """
        runner, now = self._runners(tenant), self._sessions.now()
        found, account = await self._step(runner, ticket, "code", "enrol")
        await self._counted(runner, account.username, actor)
        async with runner.transaction() as inside:
            current = await accounts_store.locked(inside, account.id)
            right = current is not None and await self._code_is_right(inside, found, account, code, actor)
            opened = None
            if right and current is not None and current.is_in_force(now):
                if await self._steps.take(inside, now, ticket) is None:
                    raise Invalid(BEGIN_AGAIN)
                await self._reset(inside, account)
                clean = replace(current, failures=0, locked=False, locked_until=None, delayed_until=None)
                proof = Proof(MEANS, until=current.until)
                opened = await self._sessions.open(
                    inside, clean, proof, as_actor(actor, account), idle_seconds=idle_seconds, agent=agent
                )
        if opened is None:
            await self._refuse(runner, account, actor, "the code is wrong" if not right else "the account is closed")
            raise LoginRequired(WRONG_CODE)
        return opened

    async def confirm(self, session: SignedIn, code: str, actor: Actor) -> Key:
        """Take a code again for what wants a recent proof (step-up); return the new secret of the session.

        Errors  LoginRequired (401), Throttled (429), Conflict (409) when the session is over.
        """
        runner, account = self._runners(session.tenant), session.account
        before, _ = await self._counted(runner, account.username, actor)
        async with runner.transaction() as inside:
            now = await accounts_store.locked(inside, account.id)
            right = now is not None and await self._factor_used(inside, account.id, code)
            if right and now is not None:
                clean = replace(without_one(before, _tries_of(now)), failures=0)
                await self._store_tries(inside, account, account.username, clean)
        if not right:
            await self._refuse(runner, account, actor, "the code is wrong")
            raise LoginRequired(WRONG_CODE)
        return await self._sessions.renew(session, Proof(MEANS), actor)

    async def replace_password(self, session: SignedIn, old: str, new: str, actor: Actor) -> None:
        """Put a password in the place of the one that its owner types again; every session ends.

        Errors  LoginRequired (401) when the old one is wrong, Throttled (429), Unprocessable (422) when the new one
                will not do.
        """
        await self.retype(session, old, actor)
        await self._passwords.change(session.account, new, actor)

    async def retype(self, session: SignedIn, password: str, actor: Actor) -> None:
        """Take the password again of who is signed in. Errors: LoginRequired (401), Throttled (429)."""
        runner, account = self._runners(session.tenant), session.account
        before, _ = await self._counted(runner, account.username, actor)
        stored = await credentials_store.passwords(runner, account.id)
        if not await matches(password, stored[0][0] if stored else None):
            await self._refuse(runner, account, actor, "the password is wrong")
            raise LoginRequired(WRONG_PASSWORD)
        await self._restore(runner, account, before)

    async def _why_not(self, runner: Runner, account: Account | None, right: bool) -> str:
        """Return why somebody may not go on, for the trace alone; empty when they may."""
        if account is None:
            return "nobody has this name"
        if not right:
            return "the password is wrong"
        if account.is_locked(self._sessions.now()):
            return "the account is locked"
        if not account.is_in_force(self._sessions.now()):
            return "the account is not open"
        if account.kind is Kind.BUSINESS and not await accounts_store.local_sign_in(runner):
            return "the organisation lets professionals sign in with Pro Santé Connect only"
        return ""

    async def _counted(
        self, runner: Runner, username: str, actor: Actor, *, is_proven: bool = True
    ) -> tuple[Tries, Account | None]:
        """Count a try before it is made, so that a hundred at once are not one; return how things stood.

        Shape   is_proven: who tries has the password, or a session. Who has not is told nothing of a lock: they wait as
                long as with a name that nobody has, and are refused in the same words.
        Errors  Throttled (429), traced: the try is not made.
        """
        now = self._sessions.now()
        async with runner.transaction() as inside:
            named = await accounts_store.by_name(inside, username)
            account = None if named is None else await accounts_store.locked(inside, named.id)
            before = _tries_of(account) if account else await self._stranger(inside, username)
            waits = before.waits(now) if is_proven else before.slowed(now)
            if waits <= 0:
                after = after_failure(before, account.kind if account else Kind.BUSINESS, now)
                await self._store_tries(inside, account, username, after)
            else:
                because = "it was tried too often"
                event = Event(What.SIGN_IN_REFUSED, account.id if account else None, actor, False, because)
                await self._journal.record(inside, event)
        if waits > 0:
            seconds = int(min(waits, LONGEST_WAIT_SECONDS)) + 1
            raise Throttled(SLOW, headers={"Retry-After": str(seconds)})
        return before, account

    async def _stranger(self, runner: Runner, username: str) -> Tries:
        await self._strangers.put(runner, self._sessions.now(), _data(Tries()), secret=_name(username))
        found = await self._strangers.hold(runner, self._sessions.now(), _name(username))
        return _tries_in(found) if found else Tries()

    async def _store_tries(self, runner: Runner, account: Account | None, username: str, tries: Tries) -> None:
        if account is not None:
            await accounts_store.change(runner, account.id, _data(tries))
        else:
            await self._strangers.renew(runner, self._sessions.now(), _name(username), _data(tries))

    async def _restore(self, runner: Runner, account: Account, before: Tries) -> None:
        """Take back the try that was counted beforehand: it was a good one."""
        async with runner.transaction() as inside:
            now = await accounts_store.locked(inside, account.id)
            if now is not None:
                await self._store_tries(inside, account, account.username, without_one(before, _tries_of(now)))

    async def _reset(self, runner: Runner, account: Account) -> None:
        await self._store_tries(runner, account, account.username, Tries())

    async def _refuse(self, runner: Runner, account: Account | None, actor: Actor, because: str) -> None:
        async with runner.transaction() as inside:
            named = account.id if account else None
            await self._journal.record(inside, Event(What.SIGN_IN_REFUSED, named, actor, False, because))
            now = None if account is None else await accounts_store.by_id(inside, account.id)
            if now is not None and now.locked and account is not None and not account.locked:
                await self._journal.record(inside, Event(What.LOCKED, account.id, actor, because="wrong tries"))

    async def _next(self, runner: Runner, account: Account, step: str, secret: bytes | None = None) -> Next:
        data = {"step": step, "secret": secret.hex() if secret else ""}
        async with runner.transaction() as inside:
            ticket = await self._steps.put(inside, self._sessions.now(), data, account.id)
        return Next(step, str(ticket), secret, account.username)

    async def _step(self, runner: Runner, ticket: str, *steps: str) -> tuple[Ticket, Account]:
        found = await self._steps.look(runner, self._sessions.now(), ticket)
        if found is None or found.account is None or found.data["step"] not in steps:
            raise Invalid(BEGIN_AGAIN)
        account = await accounts_store.by_id(runner, found.account)
        if account is None:
            raise Invalid(BEGIN_AGAIN)
        return found, account

    async def _code_is_right(self, runner: Runner, step: Ticket, account: Account, code: str, actor: Actor) -> bool:
        if step.data["step"] == "code":
            return await self._factor_used(runner, account.id, code)
        if await credentials_store.factors(runner, account.id):
            return False  # somebody has enrolled meanwhile, with the same first password
        secret = bytes.fromhex(step.data["secret"])
        used = totp.accepted_step(secret, code, self._sessions.now(), after=-1)
        if used is None:
            return False
        sealed = self._sealer.seal(_purpose(runner.tenant, account.id), secret)
        factor = Factor(uuid.uuid4(), "totp", "application", sealed, None, used, self._sessions.now())
        await credentials_store.add_factor(runner, account.id, factor)
        event = Event(What.FACTOR_ADDED, account.id, as_actor(actor, account), details={"factor": "totp"})
        await self._journal.record(runner, event)
        return True

    @fulfils("SC.SSI/IAM.92")
    async def _factor_used(self, runner: Runner, account: uuid.UUID, code: str) -> bool:
        """Tell whether a code is of one of the account's applications, and use it up."""
        for factor in await credentials_store.factors(runner, account):
            if factor.kind == "totp":
                secret = self._opened(runner.tenant, account, factor)
                step = totp.accepted_step(secret, code, self._sessions.now(), after=factor.last_used)
                if step is not None and await credentials_store.use_factor(runner, account, factor.id, step):
                    return True
        return False

    def _opened(self, tenant: int, account: uuid.UUID, factor: Factor) -> bytes:
        try:
            return self._sealer.open(_purpose(tenant, account), factor.secret)
        except SealError as error:  # the key was lost, or replaced without keeping the old one
            log.error("a second factor cannot be opened", reason=str(error))
            raise Unavailable(
                "Second factors cannot be checked: an administrator must restore the sealing key"
            ) from error


def as_actor(actor: Actor, account: Account) -> Actor:
    """Return somebody as who they turned out to be."""
    return replace(actor, label=account.practitioner or account.username, account=account.id)


def _tries_of(account: Account) -> Tries:
    return Tries(account.failures, account.delayed_until, account.locked, account.locked_until)


def _data(tries: Tries) -> dict[str, Any]:
    return {
        "failures": tries.failures,
        "delayed_until": tries.delayed_until,
        "locked": tries.locked,
        "locked_until": tries.locked_until,
    }


def _tries_in(found: Ticket) -> Tries:
    def instant(name: str) -> datetime | None:
        return datetime.fromisoformat(found.data[name]) if found.data[name] else None

    return Tries(found.data["failures"], instant("delayed_until"), found.data["locked"], instant("locked_until"))


def _name(username: str) -> str:
    return sha256(username.encode()).hexdigest()


def _purpose(tenant: int, account: uuid.UUID) -> str:
    return f"factor {tenant} {account}"
