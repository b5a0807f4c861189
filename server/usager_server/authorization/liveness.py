"""Does what a token hangs on still stand: its grant, its client, its session or account?"""

from dataclasses import dataclass

from usager_server.authorization.memory import Memories
from usager_server.authorization.signed_in import Person, Sessions
from usager_server.authorization.tokens import AccessToken


@dataclass(frozen=True, slots=True)
class Alive:
    """A token that may be used; person None: a client acts by itself."""

    person: Person | None


class Liveness:
    """Asks the database. Time: one statement, two for a person."""

    def __init__(self, memories: Memories, sessions: Sessions) -> None:
        self._memories = memories
        self._sessions = sessions

    async def of(self, token: AccessToken) -> Alive | None:
        """Return what stands behind a token now, None when it has ended."""
        if not await self._memories(token.tenant).is_live(token.grant):
            return None
        if token.subject == token.client:
            return Alive(None)
        person = await self.person(token.tenant, token.session, token.subject)
        return None if person is None else Alive(person)

    async def person(self, tenant: int, session: str | None, account: str) -> Person | None:
        """Return who a grant is from: in its session, or offline with an account that may be used."""
        if session is None:
            return await self._sessions.person(tenant, account)
        found = await self._sessions.live(tenant, session)
        return found.person if found is not None and found.person.account == account else None
