"""Who bears an access token: on the way of every request, so what was checked once is remembered for a moment."""

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from usager_server.access.grant import Grant
from usager_server.access.scopes import BadScope
from usager_server.authorization.clients import ADMINISTRATION
from usager_server.authorization.jose import BadToken
from usager_server.authorization.limits import RECHECK_SECONDS, TOKENS_KNOWN
from usager_server.authorization.liveness import Alive, Liveness
from usager_server.authorization.signed_in import Person
from usager_server.authorization.tokens import AccessToken, Tokens
from usager_server.caller import Caller
from usager_server.errors import LoginRequired

CERTIFICATE = b"client-certificate-digest"  # what `http/client_certificate.py` says, when it stands before the door


@dataclass(slots=True)
class Known:
    """A token that was checked, and until when that is believed (on the monotonic clock)."""

    token: AccessToken
    person: Person | None
    grant: Grant
    fresh_until: float


class Bearers:
    """Says who bears the token of a request.

    Time    a token met lately costs its digest and a look-up; one that was ended, or whose person left, is refused
            within RECHECK_SECONDS everywhere, since that is how long an answer of the database is believed.
    Shape   at most TOKENS_KNOWN are remembered, by digest: the memory of a process holds no token.
    """

    def __init__(self, tokens: Tokens, liveness: Liveness, *, binds_certificates: bool = False) -> None:
        self._tokens = tokens
        self._liveness = liveness
        self._binds_certificates = binds_certificates
        self._known: OrderedDict[bytes, Known] = OrderedDict()

    async def caller(self, headers: Mapping[bytes, bytes], request_id: str) -> Caller:
        """Return the bearer. Errors: LoginRequired (401) with the challenge of RFC 6750."""
        known = await self.known(headers)
        token = known.token
        return Caller(token.tenant, token.subject, request_id, known.grant)

    async def known(self, headers: Mapping[bytes, bytes]) -> Known:
        """Return the token of a request with what stands behind it. Errors: LoginRequired (401)."""
        scheme, _, text = headers.get(b"authorization", b"").partition(b" ")
        if not text or scheme.lower() != b"bearer":
            raise refused()
        digest = sha256(text).digest()
        known = self._known.get(digest)
        if known is None or known.fresh_until <= time.monotonic():
            known = await self._checked(digest, text, known)
        if known.token.expires <= time.time():
            raise refused("the token has expired")
        if known.token.certificate is not None and not self._is_shown(known.token.certificate, headers):
            raise refused("the token is bound to another certificate than the one of this connection")
        return known

    async def _checked(self, digest: bytes, text: bytes, known: Known | None) -> Known:
        try:
            token = known.token if known is not None else self._tokens.parse(text.strip().decode("latin-1"))
        except BadToken as error:
            raise refused(f"the token {error}") from error
        began = time.monotonic()  # what the database says is true of no later moment than this
        alive = await self._liveness.of(token)
        if alive is None:
            self._known.pop(digest, None)
            raise refused("the token was revoked, or its session has ended")
        found = Known(token, alive.person, _grant(token, alive), began + RECHECK_SECONDS)
        self._known[digest] = found
        self._known.move_to_end(digest)
        if len(self._known) > TOKENS_KNOWN:
            self._known.popitem(last=False)
        return found

    def _is_shown(self, certificate: str, headers: Mapping[bytes, bytes]) -> bool:
        return self._binds_certificates and headers.get(CERTIFICATE, b"").decode("latin-1") == certificate


def is_administration(token: AccessToken) -> bool:
    """Tell whether a token is for the registration of clients."""
    return ADMINISTRATION in token.scope.split()


def refused(why: str = "") -> LoginRequired:
    """Return the refusal of a request without a token that will do. Source: RFC 6750 3."""
    challenge = f'Bearer realm="usager", error="invalid_token", error_description="{why}"' if why else ""
    return LoginRequired(
        f"A valid bearer token is needed{f': {why}' if why else ': Authorization: Bearer …'}",
        headers={"WWW-Authenticate": challenge or 'Bearer realm="usager"'},
    )


def _grant(token: AccessToken, alive: Alive) -> Grant:
    """Return what a token permits: its scopes, within the rights that its person has now."""
    person, expires = alive.person, datetime.fromtimestamp(token.expires, UTC)
    try:
        if person is None:
            return Grant.of(token.scope, client=token.client, expires=expires)
        return Grant.of(
            token.scope,
            client=token.client,
            patient=token.patient,
            session=token.session,
            practitioner=person.practitioner,
            structures=person.structures,
            roles=person.roles,
            expires=expires,
        )
    except BadScope as error:
        raise refused("the token has scopes that are not understood (any more)") from error
