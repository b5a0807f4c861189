"""A session: what a request learns of who signed in, and when it ends."""

import base64
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from usager_server.accounts.account import Account

COOKIE = "__Host-session"
COOKIE_VALUE = re.compile(r"([1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})")
LONGEST_IDLE = timedelta(hours=2)
LONGEST_SESSION = timedelta(hours=4)
STEP_UP = timedelta(minutes=15)
MOST_SESSIONS = 5
PROVIDER = "psc"
TWO_FACTORS = frozenset({PROVIDER, "password+totp", "password+webauthn"})


@dataclass(frozen=True, slots=True)
class Exercise:
    """The situation in which a professional works during a session. Source: psc.md 7.2.

    Shape   profession: profession and category codes ("10C"); activity: its index in the professional's data; sector
            and structure: codes of the chosen activity, empty when unknown.
    """

    profession: str
    activity: int = 0
    sector: str = ""
    structure: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, as a session says.

    Shape   sid names the session to others; account is the account as it is now, not as it was at sign-in; means:
            "psc", "password", "password+totp" or "password+webauthn"; acr: what the identity provider said; expires:
            the end whatever happens; idle_ends: the end if nothing happens.
    """

    sid: uuid.UUID
    account: Account
    authenticated: datetime
    created: datetime
    last_seen: datetime
    expires: datetime
    idle_seconds: int
    means: str
    acr: str | None = None
    exercise: Exercise | None = None
    provider: str | None = None
    address: str | None = None
    agent: str | None = None

    @property
    def tenant(self) -> int:
        """Return the number of the tenant."""
        return self.account.tenant

    @property
    def practitioner(self) -> str | None:
        """Return the reference of the Practitioner, "Practitioner/…"."""
        return self.account.practitioner

    @property
    def roles(self) -> tuple[str, ...]:
        """Return the roles."""
        return self.account.roles

    @property
    def structures(self) -> tuple[str, ...] | None:
        """Return the ids of the Organizations in which the person works; None for all."""
        return self.account.structures

    @property
    def idle_ends(self) -> datetime:
        """Return when the session ends if nothing happens."""
        return min(self.last_seen + timedelta(seconds=self.idle_seconds), self.expires)

    def is_alive(self, now: datetime) -> bool:
        """Tell whether the session may still be used."""
        return now < self.idle_ends and self.account.is_in_force(now)

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the proof is recent enough for what only an administrator may do (step-up)."""
        return now - self.authenticated < STEP_UP


@dataclass(frozen=True, slots=True)
class Key:
    """What a browser keeps of a session: the tenant and 256 random bits, of which only the digest is stored."""

    tenant: int
    secret: str

    @property
    def digest(self) -> bytes:
        """Return what is stored."""
        return sha256(self.secret.encode()).digest()

    @property
    def csrf(self) -> str:
        """Return what a page repeats in a header or a form to prove that it is ours."""
        digest = sha256(b"csrf" + self.secret.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def cookie(self) -> str:
        """Return the value of the cookie."""
        return f"{self.tenant}.{self.secret}"


def new_key(tenant: int) -> Key:
    """Return a key that nobody can guess."""
    return Key(tenant, secrets.token_urlsafe(32))


def parse_key(cookie: str) -> Key | None:
    """Return the key that a cookie holds, or None when it holds none."""
    found = COOKIE_VALUE.fullmatch(cookie)
    return Key(int(found[1]), found[2]) if found and int(found[1]) < 2**31 else None


def key_in(headers: Mapping[bytes, bytes]) -> Key | None:
    """Return the key of a session in the headers of a request, or None."""
    value = cookie_in(headers, COOKIE)
    return None if value is None else parse_key(value)


def cookie_in(headers: Mapping[bytes, bytes], name: str) -> str | None:
    """Return the value of a cookie, or None."""
    for part in headers.get(b"cookie", b"").decode("latin-1").split(";"):
        found, _, value = part.strip().partition("=")
        if found == name:
            return value
    return None
