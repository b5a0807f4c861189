"""People who are signed in, for tests: a double of what `accounts/` answers."""

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from usager_server.authorization.signed_in import Person, SignedIn

COOKIE = "__Host-session"


@dataclass
class People:
    """Sessions in memory, by the secret of their cookie."""

    sessions: dict[str, SignedIn] = field(default_factory=dict)

    def sign_in(self, tenant: int = 1, practitioner: str | None = "Practitioner/p1", **more: object) -> str:
        """Open a session and return the Cookie header of its browser."""
        professional = Person(tenant, str(uuid.uuid4()), practitioner, frozenset({"professional"}))
        person = replace(professional, **more)  # type: ignore[arg-type]
        now, secret = datetime.now(UTC), f"{tenant}.{secrets.token_urlsafe(32)}"
        end = now + timedelta(hours=4)
        self.sessions[secret] = SignedIn(person, str(uuid.uuid4()), now, end, "eidas1")
        return f"{COOKIE}={secret}"

    def sign_out(self, cookie: str) -> None:
        """End a session; the account stays."""
        old = self.sessions.pop(cookie.partition("=")[2])
        self.sessions[f"ended-{old.session}"] = replace(old, session="")

    def dismiss(self, cookie: str) -> None:
        """End a session and its account."""
        self.sessions.pop(cookie.partition("=")[2])

    def change(self, cookie: str, **more: object) -> None:
        """Change what is known of a person."""
        secret = cookie.partition("=")[2]
        old = self.sessions[secret]
        self.sessions[secret] = replace(old, person=replace(old.person, **more))  # type: ignore[arg-type]

    async def of_request(self, headers: Mapping[bytes, bytes]) -> SignedIn | None:
        """Return whose cookie it is."""
        return self.sessions.get(headers.get(b"cookie", b"").decode().partition("=")[2])

    async def live(self, tenant: int, session: str) -> SignedIn | None:
        """Return who is in a session."""
        return next((it for it in self._of(tenant) if it.session == session), None)

    async def person(self, tenant: int, account: str) -> Person | None:
        """Return who has an account."""
        return next((it.person for it in self._of(tenant) if it.person.account == account), None)

    def _of(self, tenant: int) -> list[SignedIn]:
        return [it for it in self.sessions.values() if it.person.tenant == tenant]
