"""Who is calling, and for which tenant."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from usager_server.caller import Caller
from usager_server.errors import LoginRequired
from usager_server.settings import Settings

DEFAULT_TENANT = 1
LARGEST_TENANT = 2**31 - 1
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="usager"'}


class Context(Protocol):
    """Says who is calling."""

    def caller(self, headers: Mapping[bytes, bytes], request_id: str) -> Caller:
        """Return the caller of a request. Errors: LoginRequired (401)."""
        ...


class Everyone:
    """USAGER_AUTH=off: whoever reaches the loopback address, for the first tenant."""

    def caller(self, headers: Mapping[bytes, bytes], request_id: str) -> Caller:
        """Return nobody in particular."""
        return Caller(DEFAULT_TENANT, "anonymous", request_id)


@dataclass(frozen=True, slots=True)
class Bearer:
    """One line of the token file: the digest of a token, the tenant it is for, the name of its bearer."""

    digest: bytes
    tenant: int
    subject: str


class Tokens:
    """USAGER_AUTH=token: static bearer tokens from a file."""

    def __init__(self, bearers: Sequence[Bearer]) -> None:
        self._bearers = bearers

    def caller(self, headers: Mapping[bytes, bytes], request_id: str) -> Caller:
        """Return the bearer of the token. Time: the same whichever token is tried, right or wrong."""
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        digest = sha256(token.strip()).digest()
        found = None
        for bearer in self._bearers:
            if hmac.compare_digest(bearer.digest, digest):
                found = bearer
        if found is None or scheme.lower() != b"bearer":
            raise LoginRequired("A valid bearer token is needed: Authorization: Bearer …", headers=CHALLENGE)
        return Caller(found.tenant, found.subject, request_id)


def parse_tokens(text: str) -> list[Bearer]:
    """Return the bearers of a token file.

    Shape   a line each: token, then the number of its tenant (1 when absent), then the name of its bearer. Empty lines
            and lines that begin with # are left aside.
    Errors  ValueError with the number of the line, never its token.
    """
    bearers = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        token, tenant, subject = [*line.split(maxsplit=2), "", ""][:3]
        if tenant and not (tenant.isdecimal() and 0 < int(tenant) <= LARGEST_TENANT):
            raise ValueError(f"line {number}: the tenant is a number from 1 to {LARGEST_TENANT}, not {tenant[:20]!r}")
        digest = sha256(token.encode()).digest()
        bearers.append(Bearer(digest, int(tenant or DEFAULT_TENANT), subject.strip() or f"token-{number}"))
    return bearers


def context(settings: Settings) -> Context:
    """Return what the settings say about callers."""
    if settings.auth == "off":
        return Everyone()
    if settings.token_file is None:
        raise ValueError("USAGER_TOKEN_FILE is not set and USAGER_AUTH=token needs it")
    return Tokens(parse_tokens(settings.token_file.read_text(encoding="ascii")))
