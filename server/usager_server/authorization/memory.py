"""What the authorization server must remember, in its own words: `store.py` answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from usager_server.authorization.clients import Client
from usager_server.traces.event import Origin


@dataclass(frozen=True, slots=True)
class Held:
    """A grant as it is stored; document holds what was asked for and decided (`deciding.py`)."""

    id: str
    client: str
    account: str | None
    session: str | None
    document: Mapping[str, Any]
    expires: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """What a person lets one client do, as they see it: every grant of theirs that it holds.

    Shape   scopes: those of each grant; made: of the oldest, expires: of the last to end; used: when a token was last
            given, None before the first.
    """

    client: Client
    scopes: tuple[str, ...]
    made: datetime
    expires: datetime
    used: datetime | None


class Memory(Protocol):
    """The memory of one tenant: each call is one transaction, with the trace of what it does.

    Shape   origin says who asks and from where; the person or client behind a grant is taken from the grant.
    """

    @property
    def tenant(self) -> int:
        """Return the tenant."""
        ...

    async def client(self, client_id: str) -> Client | None:
        """Return a client that may be served; None when it is unknown or revoked."""
        ...

    async def clients(self) -> list[tuple[Client, datetime | None]]:
        """Return all clients, oldest first, and when they were revoked."""
        ...

    async def add_client(self, client: Client, origin: Origin) -> None:
        """Keep a new client."""
        ...

    async def revoke_client(self, client_id: str, origin: Origin) -> bool:
        """End a client and all its tokens; False when there was none to end."""
        ...

    async def ask(self, held: Held) -> None:
        """Keep a question that a person must answer."""
        ...

    async def grant(self, held: Held, origin: Origin) -> None:
        """Keep what a client may do by itself."""
        ...

    async def asked(self, grant_id: str) -> Held | None:
        """Return the question that waits for an answer, None when there is none, or no more."""
        ...

    async def decide(self, held: Held, code: bytes, code_expires: datetime) -> bool:
        """Answer a question with a code; False when somebody was faster."""
        ...

    async def spend_code(self, code: bytes, origin: Origin) -> Held | None:
        """Return the grant of a code, which is spent by this. None when it is unknown, too old, or spent before.

        One that was spent before has leaked: its grant, with all that came of it, is ended.
        """
        ...

    async def add_refresh(self, grant_id: str, digest: bytes, expires: datetime) -> None:
        """Keep a refresh token."""
        ...

    async def rotate_refresh(
        self, spent: bytes, client: str, made: bytes, expires: datetime, origin: Origin
    ) -> Held | None:
        """Return the grant of a refresh token, which is replaced by the one made. None when it will not do.

        One that was spent before has leaked: its grant is ended.
        """
        ...

    async def grant_of_refresh(self, digest: bytes) -> tuple[Held, datetime, bool] | None:
        """Return the grant of a refresh token, when the token ends, and whether it still may be used."""
        ...

    async def revoke_grant(self, grant_id: str, origin: Origin, because: str) -> None:
        """End a grant and all its tokens."""
        ...

    async def given_by(self, account: str) -> list[Given]:
        """Return what a person lets clients do at this moment, what they gave last first."""
        ...

    async def take_back(self, account: str, client_id: str, origin: Origin) -> int:
        """End every grant that a person gave a client, with all its tokens; return how many there were."""
        ...

    async def is_live(self, grant_id: str) -> bool:
        """Tell whether the tokens of a grant may be used, the session aside."""
        ...

    async def add_launch(
        self, digest: bytes, client: str, account: str, document: Mapping[str, Any], expires: datetime
    ) -> None:
        """Keep the context of an application about to be opened."""
        ...

    async def take_launch(self, digest: bytes) -> tuple[str, str, Mapping[str, Any]] | None:
        """Return the client, the account and the context of a launch, over by this; None when there is none."""
        ...

    async def see_assertion(self, client: str, digest: bytes, expires: datetime) -> bool:
        """Note an assertion of a client; False when it has come before."""
        ...


Memories = Callable[[int], Memory]
