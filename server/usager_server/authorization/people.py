"""Sessions and accounts, as `accounts/` has them, in the words of this room."""

import uuid
from collections.abc import Callable, Mapping

from usager_server.accounts import accounts_store
from usager_server.accounts import session as accounts
from usager_server.accounts.account import Account
from usager_server.accounts.sessions import Sessions as AccountSessions
from usager_server.authorization.signed_in import Person, SignedIn
from usager_server.repository.running import Runner


class People:
    """The sessions and the accounts of everyone."""

    def __init__(self, sessions: AccountSessions, runners: Callable[[int], Runner]) -> None:
        self._sessions = sessions
        self._runners = runners

    async def of_request(self, headers: Mapping[bytes, bytes]) -> SignedIn | None:
        """Return who the cookie of a request belongs to, None when nobody is signed in."""
        found = await self._sessions.of_request(headers)
        return None if found is None else _signed_in(found)

    async def live(self, tenant: int, session: str) -> SignedIn | None:
        """Return who is in a session, None when it has ended. What an application does keeps the session alive."""
        found = await self._sessions.of_sid(tenant, uuid.UUID(session))
        return None if found is None else _signed_in(found)

    async def person(self, tenant: int, account: str) -> Person | None:
        """Return who has an account, None when it may not be used (any more)."""
        found = await accounts_store.by_id(self._runners(tenant), uuid.UUID(account))
        return _person(found) if found is not None and found.is_in_force(self._sessions.now()) else None


def _signed_in(found: accounts.SignedIn) -> SignedIn:
    return SignedIn(_person(found.account), str(found.sid), found.authenticated, found.idle_ends, found.acr)


def _person(found: Account) -> Person:
    return Person(
        found.tenant,
        str(found.id),
        found.practitioner,
        frozenset(found.roles),
        None if found.structures is None else frozenset(found.structures),
        is_privileged=found.is_privileged,
    )
