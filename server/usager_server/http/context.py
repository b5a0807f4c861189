"""Who is calling, and for which tenant."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from usager_server.access.grant import Grant
from usager_server.access.scopes import BadScope
from usager_server.caller import Caller
from usager_server.errors import LoginRequired
from usager_server.settings import Settings

DEFAULT_TENANT = 1
LARGEST_TENANT = 2**31 - 1
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="usager"'}
EVERYTHING = Grant.everything()
ONCE = ("patient", "practitioner")
SEVERAL = ("structure", "role")


class Context(Protocol):
    """Says who is calling."""

    async def caller(self, headers: Mapping[bytes, bytes], request_id: str) -> Caller:
        """Return the caller of a request. Errors: LoginRequired (401)."""
        ...


class Everyone:
    """USAGER_AUTH=off: whoever reaches the loopback address, for the first tenant."""

    async def caller(self, headers: Mapping[bytes, bytes], request_id: str) -> Caller:
        """Return nobody in particular."""
        return Caller(DEFAULT_TENANT, "anonymous", request_id, EVERYTHING)


@dataclass(frozen=True, slots=True)
class Bearer:
    """One line of the token file: the digest of a token, the tenant it is for, the name of its bearer, their grant."""

    digest: bytes
    tenant: int
    subject: str
    grant: Grant = EVERYTHING


class Tokens:
    """USAGER_AUTH=token: static bearer tokens from a file."""

    def __init__(self, bearers: Sequence[Bearer]) -> None:
        self._bearers = bearers

    async def caller(self, headers: Mapping[bytes, bytes], request_id: str) -> Caller:
        """Return the bearer of the token. Time: the same whichever token is tried, right or wrong."""
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        digest = sha256(token.strip()).digest()
        found = None
        for bearer in self._bearers:
            if hmac.compare_digest(bearer.digest, digest):
                found = bearer
        if found is None or scheme.lower() != b"bearer":
            raise LoginRequired("A valid bearer token is needed: Authorization: Bearer …", headers=CHALLENGE)
        return Caller(found.tenant, found.subject, request_id, found.grant)


def parse_tokens(text: str) -> list[Bearer]:
    """Return the bearers of a token file.

    Shape   a line each: token, then the number of its tenant (1 when absent), then the name of its bearer; then, after
            a bar, what the bearer may do (`parse_grant`), everything when absent. Empty lines and lines that begin with
            # are left aside.
    Errors  ValueError with the number of the line, never its token.
    """
    bearers = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        who, bar, granted = line.partition(" | ")
        token, tenant, subject = [*who.split(maxsplit=2), "", ""][:3]
        if tenant and not (tenant.isdecimal() and 0 < int(tenant) <= LARGEST_TENANT):
            raise ValueError(f"line {number}: the tenant is a number from 1 to {LARGEST_TENANT}, not {tenant[:20]!r}")
        name = subject.strip() or f"token-{number}"
        try:
            grant = parse_grant(granted, client=name) if bar else EVERYTHING
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from error
        bearers.append(Bearer(sha256(token.encode()).digest(), int(tenant or DEFAULT_TENANT), name, grant))
    return bearers


def parse_grant(text: str, client: str = "") -> Grant:
    """Return the grant that a line of the token file writes out.

    Shape   SMART scopes and, among them, what a token of the authorization server would say besides: patient=id,
            practitioner=Practitioner/id, structure=id and role=name (these two as often as need be).
    Errors  BadScope (a ValueError) for what is neither, for no scope at all, and for what `Grant.of` refuses.
    """
    told: dict[str, list[str]] = {}
    scopes: list[str] = []
    for word in text.split():
        name, equals, value = word.partition("=")
        if equals and name in (*ONCE, *SEVERAL):
            told.setdefault(name, []).append(value)
        else:
            scopes.append(word)
    if any(len(told.get(name, ())) > 1 for name in ONCE):
        raise BadScope(f"{' and '.join(ONCE)} are said once")
    grant = Grant.of(
        " ".join(scopes),
        client=client,
        patient=next(iter(told.get("patient", ())), None),
        practitioner=next(iter(told.get("practitioner", ())), None),
        structures=told.get("structure"),
        roles=told.get("role"),
    )
    if not grant.scopes or len(grant.scopes) < len(scopes):
        raise BadScope("after the bar stand SMART scopes, each once, and patient=, practitioner=, structure=, role=")
    return grant


def context(settings: Settings) -> Context:
    """Return what the settings say about callers."""
    if settings.auth == "off":
        return Everyone()
    if settings.token_file is None:
        raise ValueError("USAGER_TOKEN_FILE is not set and USAGER_AUTH=token needs it")
    return Tokens(parse_tokens(settings.token_file.read_text(encoding="ascii")))
