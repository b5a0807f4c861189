"""The desk where people sign in: everything that its pages need."""

from collections.abc import Mapping
from dataclasses import dataclass

from usager_server.accounts import accounts_store
from usager_server.accounts.administration import Administration
from usager_server.accounts.contacts import Contacts
from usager_server.accounts.journal import Actor
from usager_server.accounts.keeping_passwords import Passwords
from usager_server.accounts.local_sign_in import LocalSignIn
from usager_server.accounts.session import SignedIn
from usager_server.accounts.sessions import Runners, Sessions
from usager_server.errors import NotFound
from usager_server.national.psc.ciba_sign_in import CibaSignIn
from usager_server.national.psc.logout import PscLogout
from usager_server.national.psc.sign_in import PscSignIn
from usager_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Desk:
    """Shape: psc, psc_logout and ciba None when no professional signs in with Pro Santé Connect here."""

    settings: Settings
    runners: Runners
    sessions: Sessions
    local: LocalSignIn
    passwords: Passwords
    contacts: Contacts
    administration: Administration
    psc: PscSignIn | None = None
    psc_logout: PscLogout | None = None
    ciba: CibaSignIn | None = None

    async def organisation(self, tenant: int) -> str:
        """Return the name of an organisation: nothing is kept for one that is not here. Errors: NotFound (404)."""
        name = await accounts_store.tenant_name(self.runners(tenant))
        if not name:
            raise NotFound("There is no such organisation")
        return name

    async def leave(self, headers: Mapping[bytes, bytes], new: SignedIn, actor: Actor) -> None:
        """End the session that a browser had before a new one."""
        before = await self.sessions.of_request(headers)
        if before is not None and before.sid != new.sid:
            await self.sessions.end(before, actor, "signed in anew")
