"""Our access tokens and id tokens. Source: RFC 9068, OpenID Connect Core 2, SMART App Launch 2.2."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc import jwt

from usager_server.authorization.jose import BadToken, is_for, proven_claims, read_header, text_claim, whole_number
from usager_server.authorization.keys import ALGORITHM, SigningKeys
from usager_server.authorization.limits import SKEW_SECONDS

ACCESS_TYPE = "at+jwt"
HEADER = frozenset({"alg", "kid", "typ"})


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What an access token says.

    Shape   grant is the row that it hangs on: ended with it. session: the one that it dies with, None for a client of
            its own or offline access. patient: the id in context. certificate: thumbprint of the client certificate
            that it is bound to (RFC 8705), or None.
    """

    tenant: int
    grant: str
    client: str
    subject: str
    scope: str
    expires: int
    session: str | None = None
    patient: str | None = None
    practitioner: str | None = None
    certificate: str | None = None


class Tokens:
    """Makes and checks the tokens of one issuer, which is the FHIR base too."""

    def __init__(self, keys: SigningKeys, issuer: str) -> None:
        self._keys = keys
        self.issuer = issuer

    def access(self, token: AccessToken) -> str:
        """Return an access token as text."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "aud": self.issuer,
            "sub": token.subject,
            "client_id": token.client,
            "iat": now,
            "exp": token.expires,
            "jti": secrets.token_urlsafe(16),
            "scope": token.scope,
            "tenant": token.tenant,
            "grant": token.grant,
            "sid": token.session,
            "patient": token.patient,
            "fhirUser": self._address(token.practitioner),
            "cnf": token.certificate and {"x5t#S256": token.certificate},
        }
        return self._signed(claims, ACCESS_TYPE)

    def identity(self, subject: str, client: str, seconds: int, more: Mapping[str, Any]) -> str:
        """Return an id token: who signed in, told to the client."""
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": client, "sub": subject, "iat": now, "exp": now + seconds, **more}
        return self._signed(claims, "JWT")

    def parse(self, text: str) -> AccessToken:
        """Return what a token says, once everything about it was checked but whether its grant still stands.

        Time    its end is kept to the second, since the clock is ours; an iat ahead of us by up to SKEW_SECONDS passes,
                for the clocks of our replicas.
        Errors  BadToken.
        """
        header = read_header(text, HEADER)
        if header.get("typ") not in (ACCESS_TYPE, f"application/{ACCESS_TYPE}"):
            raise BadToken(f"is not of the type {ACCESS_TYPE}")
        if header.get("alg") != ALGORITHM:
            raise BadToken(f"is not signed with {ALGORITHM}")
        key = self._keys.checking(text_claim(header, "kid"))
        if key is None:
            raise BadToken("is signed with a key that is not ours")
        claims = proven_claims(text, key, ALGORITHM)
        now = time.time()
        if claims.get("iss") != self.issuer or not is_for(claims, self.issuer):
            raise BadToken("is of another issuer or for another server")
        if whole_number(claims, "exp") <= now:
            raise BadToken("has expired")
        if whole_number(claims, "iat") > now + SKEW_SECONDS:
            raise BadToken("was issued in the future")
        return _token(claims)

    def _address(self, practitioner: str | None) -> str | None:
        return practitioner and f"{self.issuer}/{practitioner}"

    def _signed(self, claims: Mapping[str, Any], kind: str) -> str:
        signing = self._keys.signing()
        header = {"alg": ALGORITHM, "typ": kind, "kid": signing.id}
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(header, present, signing.key, algorithms=[ALGORITHM], default_type=None)


def _token(claims: Mapping[str, Any]) -> AccessToken:
    confirmation = claims.get("cnf") or {}
    return AccessToken(
        tenant=whole_number(claims, "tenant"),
        grant=text_claim(claims, "grant"),
        client=text_claim(claims, "client_id"),
        subject=text_claim(claims, "sub"),
        scope=str(claims.get("scope", "")),
        expires=whole_number(claims, "exp"),
        session=claims.get("sid"),
        patient=claims.get("patient"),
        practitioner=_relative(claims.get("fhirUser"), text_claim(claims, "iss")),
        certificate=confirmation.get("x5t#S256"),
    )


def _relative(address: Any, issuer: str) -> str | None:
    return None if address is None else str(address).removeprefix(f"{issuer}/")
