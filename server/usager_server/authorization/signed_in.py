"""Who is signed in, as far as authorization needs to know: `accounts/` answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account that may be used.

    Shape   practitioner: "Practitioner/…" or None. structures: ids of the Organizations they work in, None for all.
            is_privileged: an account of administration, which holds no clinical scope.
    """

    tenant: int
    account: str
    practitioner: str | None = None
    roles: frozenset[str] = frozenset()
    structures: frozenset[str] | None = None
    is_privileged: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person in a session.

    Shape   session is the id that tokens carry (sid), not the secret in the cookie. means: how the person signed in,
            as an id token says it (acr), or None.
    """

    person: Person
    session: str
    authenticated_at: datetime
    expires_at: datetime
    means: str | None = None


class Sessions(Protocol):
    """The sessions and the accounts of everyone."""

    async def of_request(self, headers: Mapping[bytes, bytes]) -> SignedIn | None:
        """Return who the cookie of a request belongs to, None when nobody is signed in."""
        ...

    async def live(self, tenant: int, session: str) -> SignedIn | None:
        """Return who is in a session, None when it has ended, for whatever reason."""
        ...

    async def person(self, tenant: int, account: str) -> Person | None:
        """Return who has an account, None when it may not be used (any more)."""
        ...
