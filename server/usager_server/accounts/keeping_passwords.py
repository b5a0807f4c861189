"""Setting passwords: by the policy, not one of the earlier ones, with every session ended."""

from datetime import timedelta

from usager_server.accounts import accounts_store, credentials_store
from usager_server.accounts.account import Account, State
from usager_server.accounts.hashing import hashed, is_outdated, matches
from usager_server.accounts.journal import Actor, Event, Journal, What
from usager_server.accounts.passwords import POLICIES, check_password
from usager_server.accounts.sessions import Runners, Sessions
from usager_server.accounts.tickets import Tickets
from usager_server.errors import FHIRError, Invalid, Unprocessable
from usager_server.repository.running import Runner
from usager_server.sealing import Sealer

RESET_MINUTES = 30
STEP = "second-step"  # the tickets of sign-ins that are under way
TOO_OLD = "This link was used, or is too old: ask for another one"


class Passwords:
    """The passwords of all tenants."""

    def __init__(self, runners: Runners, sessions: Sessions, journal: Journal, sealer: Sealer) -> None:
        self._runners = runners
        self._sessions = sessions
        self._journal = journal
        self._resets = Tickets("reset", timedelta(minutes=RESET_MINUTES), sealer)
        self._steps = Tickets(STEP, timedelta(0), sealer)  # to forget them only

    async def reset_link(self, runner: Runner, account: Account, actor: Actor) -> str:
        """Return what a person shows, once and within RESET_MINUTES, to choose a password; inside a transaction."""
        await self._resets.forget(runner, account.id)
        secret = await self._resets.put(runner, self._sessions.now(), {}, account.id)
        await self._journal.record(runner, Event(What.PASSWORD_RESET_ASKED, account.id, actor))
        return str(secret)

    async def reset(self, tenant: int, secret: str, password: str, actor: Actor) -> Account:
        """Set the password of the person who was given a link; what waits for its first password becomes active.

        Errors  Invalid (400): the link was used, or is too old; Unprocessable (422): the password will not do, and the
                link still holds.
        """
        runner, now = self._runners(tenant), self._sessions.now()
        ticket = await self._resets.look(runner, now, secret)
        if ticket is None or ticket.account is None:
            raise Invalid(TOO_OLD)
        account = await accounts_store.by_id(runner, ticket.account)
        if account is None or account.state is State.DISABLED:
            raise Invalid(TOO_OLD)
        stored = await self.judged(runner, account, password, actor)
        async with runner.transaction() as inside:
            current = await accounts_store.locked(inside, account.id)  # it may have been closed meanwhile
            if current is None or current.state is State.DISABLED:
                raise Invalid(TOO_OLD)
            if await self._resets.take(inside, now, secret) is None:
                raise Invalid(TOO_OLD)
            await self.put(inside, account, stored, actor)
            if current.state is State.PENDING:
                await accounts_store.change(inside, account.id, {"state": State.ACTIVE})
                event = Event(What.STATE_CHANGED, account.id, actor, details={"state": State.ACTIVE})
                await self._journal.record(inside, event)
        return account

    async def change(self, account: Account, password: str, actor: Actor) -> None:
        """Set the password of somebody who has just proven the one before. Errors: Unprocessable (422)."""
        runner = self._runners(account.tenant)
        stored = await self.judged(runner, account, password, actor)
        async with runner.transaction() as inside:
            await accounts_store.locked(inside, account.id)
            await self.put(inside, account, stored, actor)

    async def put(self, runner: Runner, account: Account, stored: str, actor: Actor) -> None:
        """Put a hash in force and end the sessions, inside a transaction that holds the account.

        Order   what the password before had begun or asked for is over too: sign-ins under way, links for another one.
        """
        kept = POLICIES[account.kind].history
        await self._steps.forget(runner, account.id)
        await self._resets.forget(runner, account.id)
        await credentials_store.add_password(runner, account.id, self._sessions.now(), stored, kept)
        await accounts_store.change(runner, account.id, {"failures": 0, "delayed_until": None})
        await self._sessions.end_within(runner, account.id, actor, "the password was changed")
        await self._journal.record(runner, Event(What.PASSWORD_CHANGED, account.id, actor))

    async def renew_hash(self, runner: Runner, account: Account, password: str, stored: str) -> None:
        """Hash a password anew, when its hash was made with other parameters than today's."""
        if is_outdated(stored):
            fresh = await hashed(password)
            async with runner.transaction() as inside:
                await credentials_store.rehash(inside, account.id, stored, fresh)

    async def judged(self, runner: Runner, account: Account, password: str, actor: Actor) -> str:
        """Return the hash of a password that will do. Errors: Unprocessable (422), which is traced."""
        try:
            check_password(password, account, [await accounts_store.tenant_name(runner)])
            for earlier, _ in await credentials_store.passwords(runner, account.id):
                if await matches(password, earlier):
                    raise Unprocessable("This password was used before: choose another", "password", code="value")
        except FHIRError as refusal:
            async with runner.transaction() as inside:
                event = Event(What.PASSWORD_REFUSED, account.id, actor, False, str(refusal))
                await self._journal.record(inside, event)
            raise
        return await hashed(password)
