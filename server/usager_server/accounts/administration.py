"""What an administrator does to accounts: makes them, changes, suspends, unlocks, unlinks; each act with its trace."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from usager_server.accounts import accounts_store, credentials_store, links_store
from usager_server.accounts.account import Account, Kind, Link, State, emergency_end, moved
from usager_server.accounts.attributes import checked, checked_contact, checked_username, refusal
from usager_server.accounts.contacts import Contacts
from usager_server.accounts.journal import Actor, Event, Journal, What
from usager_server.accounts.keeping_passwords import Passwords
from usager_server.accounts.sessions import Runners, Sessions
from usager_server.errors import Conflict, Forbidden, NotFound
from usager_server.repository.running import Runner
from usager_server.requirements import fulfils

REASON_CHARACTERS = 500
NEEDED = ("family", "given")
EndGrants = Callable[[Runner, uuid.UUID, Actor, str], Awaitable[None]]
"""Ends, inside a transaction, what an account let applications do, for the reason that is said."""

RIGHTS = ("roles", "structures", "practitioner")
CONTACTS = ("email", "telephone")


@dataclass(frozen=True, slots=True)
class Made:
    """A new account, and what its owner shows, once, to choose a password."""

    account: Account
    reset: str


class Administration:
    """The accounts of all tenants, for those who administer them."""

    def __init__(
        self,
        runners: Runners,
        sessions: Sessions,
        passwords: Passwords,
        contacts: Contacts,
        journal: Journal,
        end_grants: EndGrants,
    ) -> None:
        self._runners = runners
        self._sessions = sessions
        self._passwords = passwords
        self._contacts = contacts
        self._journal = journal
        self._end_grants = end_grants

    async def listed(self, tenant: int, after: str = "", count: int = 100) -> Sequence[Account]:
        """Return accounts in the order of their user names."""
        return await accounts_store.listed(self._runners(tenant), after, count)

    async def account(self, tenant: int, account: uuid.UUID) -> Account:
        """Return an account. Errors: NotFound (404)."""
        found = await accounts_store.by_id(self._runners(tenant), account)
        if found is None:
            raise NotFound("There is no such account")
        return found

    async def named(self, tenant: int, username: str) -> Account:
        """Return the account of a user name. Errors: NotFound (404)."""
        found = await accounts_store.by_name(self._runners(tenant), username)
        if found is None:
            raise NotFound("There is no account of that name")
        return found

    async def create(self, tenant: int, username: Any, kind: Kind, given: Mapping[str, Any], actor: Actor) -> Made:
        """Make an account. It waits for its first password; an emergency account is made switched off.

        Errors  Unprocessable (422) for attributes; Conflict (409) when the name is taken.
        """
        contacts = {name: checked_contact(name, given[name]) for name in CONTACTS if given.get(name) is not None}
        attributes = checked({name: value for name, value in given.items() if name not in CONTACTS}, kind)
        for name in NEEDED:
            if name not in attributes:
                raise refusal(name, "needed")
        account = Account(
            tenant=tenant,
            id=uuid.uuid4(),
            username=checked_username(username),
            kind=kind,
            state=State.SUSPENDED if kind is Kind.EMERGENCY else State.PENDING,
            created=self._sessions.now(),
            psc=Link.DECLARED if attributes.get("rpps") else Link.UNLINKED,
            **attributes,
        )
        async with self._runners(tenant).transaction() as runner:
            if not await accounts_store.tenant_name(runner):
                raise NotFound(f"There is no tenant {tenant}: usager tenants list")
            await accounts_store.insert(runner, account)
            details = {"username": account.username, "kind": kind.value, **_told(attributes)}
            await self._journal.record(runner, Event(What.CREATED, account.id, actor, details=details))
            reset = await self._passwords.reset_link(runner, account, actor)
        for name, value in contacts.items():
            await self._contacts.change(account, name, value, actor)
        return Made(account, reset)

    @fulfils("SC.SSI/IE.33")
    async def change(
        self, tenant: int, account: uuid.UUID, given: Mapping[str, Any], reason: str, actor: Actor
    ) -> Account:
        """Change attributes. Another RPPS is another identity: the account is detached, and its sessions end.

        Errors  NotFound (404); Unprocessable (422), also without a reason.
        """
        why = checked_reason(reason)
        async with self._locked(tenant, account) as (runner, before):
            changes = {name: it for name, it in checked(given, before.kind).items() if it != getattr(before, name)}
            if not changes:
                return before
            if "rpps" in changes:
                changes |= {"psc": Link.DECLARED if changes["rpps"] else Link.UNLINKED, "rpps_checked": None}
                await self._detach(runner, before, actor, why)
            await accounts_store.change(runner, account, changes)
            await self._trace_changes(runner, before, changes, why, actor)
        return await self.account(tenant, account)

    async def suspend(self, tenant: int, account: uuid.UUID, reason: str, actor: Actor) -> None:
        """Close an account for a while; its sessions end."""
        await self._move(tenant, account, State.SUSPENDED, reason, actor)

    async def resume(self, tenant: int, account: uuid.UUID, reason: str, actor: Actor) -> None:
        """Open again an account that was suspended."""
        await self._move(tenant, account, State.ACTIVE, reason, actor)

    async def disable(self, tenant: int, account: uuid.UUID, reason: str, actor: Actor) -> None:
        """Close an account for ever; it is not deleted, since traces point at it."""
        await self._move(tenant, account, State.DISABLED, reason, actor)

    async def switch_on(self, tenant: int, account: uuid.UUID, hours: int, reason: str, actor: Actor) -> Account:
        """Open an emergency account for a few hours, 24 at most. Errors: Conflict (409) when it is none."""
        why, now = checked_reason(reason), self._sessions.now()
        async with self._locked(tenant, account) as (runner, before):
            if before.kind is not Kind.EMERGENCY or before.state is State.DISABLED:
                raise Conflict("Only an emergency account is switched on for some hours")
            until = emergency_end(now, hours)
            await self._end_grants(runner, account, actor, "the account is switched on anew")
            await accounts_store.change(runner, account, {"state": State.ACTIVE, "until": until})
            details = {"reason": why, "until": until.isoformat()}
            await self._journal.record(runner, Event(What.EMERGENCY, account, actor, details=details))
        return await self.account(tenant, account)

    async def unlock(self, tenant: int, account: uuid.UUID, reason: str, actor: Actor) -> None:
        """Open again what wrong passwords had locked. Errors: Forbidden (403) to oneself."""
        why = checked_reason(reason)
        if actor.account == account:
            raise Forbidden("An account is unlocked by another administrator")
        clean = {"failures": 0, "locked": False, "locked_until": None, "delayed_until": None}
        async with self._locked(tenant, account) as (runner, _):
            await accounts_store.change(runner, account, clean)
            await self._journal.record(runner, Event(What.UNLOCKED, account, actor, because=why))

    async def unlink(self, tenant: int, account: uuid.UUID, reason: str, actor: Actor) -> None:
        """Detach an account from its national identity; its sessions end. Errors: Conflict (409) when it is not."""
        why = checked_reason(reason)
        async with self._locked(tenant, account) as (runner, before):
            if not await self._detach(runner, before, actor, why):
                raise Conflict("The account is not attached to a national identity")
            await accounts_store.change(runner, account, {"psc": Link.UNLINKED})

    async def reset_link(self, tenant: int, account: uuid.UUID, actor: Actor) -> str:
        """Return what the owner shows, once and within 30 min, to choose a password."""
        async with self._locked(tenant, account) as (runner, before):
            if before.state is State.DISABLED:
                raise Conflict("The account is disabled")
            return await self._passwords.reset_link(runner, before, actor)

    async def reset_factors(self, tenant: int, account: uuid.UUID, reason: str, actor: Actor) -> tuple[Account, str]:
        """Take the second factors of somebody who has lost theirs; return what they show to choose a password.

        Order   the account waits for that password, since whoever knows the old one would enrol an application with it;
                its sessions end.
        Errors  Forbidden (403) to oneself; Conflict (409) unless the account is active.
        """
        why = checked_reason(reason)
        if actor.account == account:
            raise Forbidden("A second factor is taken away by another administrator")
        async with self._locked(tenant, account) as (runner, before):
            if before.state is not State.ACTIVE:
                raise Conflict("Only an active account has its second factors taken away")
            for factor in await credentials_store.factors(runner, account):
                await credentials_store.remove_factor(runner, account, factor.id)
                event = Event(What.FACTOR_REMOVED, account, actor, because=why, details={"factor": factor.kind})
                await self._journal.record(runner, event)
            await accounts_store.change(runner, account, {"state": State.PENDING})
            details = {"state": State.PENDING.value, "before": before.state.value}
            await self._journal.record(runner, Event(What.STATE_CHANGED, account, actor, because=why, details=details))
            await self._sessions.end_within(runner, account, actor, "its second factors were taken away")
            await self._end_grants(runner, account, actor, "its second factors were taken away")
            return before, await self._passwords.reset_link(runner, before, actor)

    async def _move(self, tenant: int, account: uuid.UUID, state: State, reason: str, actor: Actor) -> None:
        why = checked_reason(reason)
        async with self._locked(tenant, account) as (runner, before):
            if before.kind is Kind.EMERGENCY and state is State.ACTIVE:
                raise Conflict("An emergency account is switched on for some hours, with a reason")
            await accounts_store.change(runner, account, {"state": moved(before, state)})
            details = {"state": state.value, "before": before.state.value}
            await self._journal.record(runner, Event(What.STATE_CHANGED, account, actor, because=why, details=details))
            if state is not State.ACTIVE:
                await self._sessions.end_within(runner, account, actor, f"the account is {state.value}")

    async def _detach(self, runner: Runner, account: Account, actor: Actor, reason: str) -> bool:
        if not await links_store.detach(runner, account.id):
            return False
        await self._journal.record(runner, Event(What.UNLINKED, account.id, actor, because=reason))
        await self._sessions.end_within(runner, account.id, actor, "the national identity was detached")
        await self._end_grants(runner, account.id, actor, "the national identity was detached")
        return True

    async def _trace_changes(
        self, runner: Runner, before: Account, changes: Mapping[str, Any], reason: str, actor: Actor
    ) -> None:
        attributes = {name: it for name, it in changes.items() if name not in RIGHTS}
        if attributes:
            details = {**_told(attributes), **_told(_before(before, attributes), "before ")}
            event = Event(What.ATTRIBUTE_CHANGED, before.id, actor, because=reason, details=details)
            await self._journal.record(runner, event)
        for name in RIGHTS:
            if name in changes:
                added, gone = _difference(getattr(before, name), changes[name])
                for what, values in ((What.RIGHT_GRANTED, added), (What.RIGHT_REMOVED, gone)):
                    if values:
                        event = Event(what, before.id, actor, because=reason, details={name: values})
                        await self._journal.record(runner, event)

    @asynccontextmanager
    async def _locked(self, tenant: int, account: uuid.UUID) -> AsyncIterator[tuple[Runner, Account]]:
        """Yield a transaction and an account that nobody else changes meanwhile. Errors: NotFound (404)."""
        async with self._runners(tenant).transaction() as runner:
            found = await accounts_store.locked(runner, account)
            if found is None:
                raise NotFound("There is no such account")
            yield runner, found


def checked_reason(reason: Any) -> str:
    """Return why an administrator does something. Errors: Unprocessable (422)."""
    told = " ".join(reason.split()) if isinstance(reason, str) else ""
    if not told or len(reason) > REASON_CHARACTERS or not told.isprintable():
        raise refusal("reason", f"needed: a text of {REASON_CHARACTERS} characters at most")
    return told


def _told(attributes: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    return {f"{prefix}{name}": _text(value) for name, value in attributes.items()}


def _before(account: Account, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(account, name) for name in changes}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _difference(before: Any, after: Any) -> tuple[str, str]:
    """Return what was added and what is gone; all structures are "*"."""
    old, new = (set(("*",) if it is None else it if isinstance(it, tuple) else (it,)) for it in (before, after))
    return ", ".join(sorted(new - old)), ", ".join(sorted(old - new))
