"""An id_token of Pro Santé Connect: believed only once all that it must say has been checked."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from usager_server.errors import ServiceRefused

ALGORITHMS = ("RS256", "PS256", "ES256")
LEVELS = ("eidas1", "eidas2", "eidas3")  # from the lowest; current tokens say eidas1, those of 2023 eidas3
SKEW_SECONDS = 60
LIMIT_BYTES = 16 * 1024


class IdTokenRefused(ServiceRefused):
    """The id_token is not one that we may believe; the text says why, and names nobody."""


class LevelTooLow(IdTokenRefused):
    """The id_token is good, and the sign-in that it tells of not strong enough."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an id_token must agree with. Shape: nonce None without a redirect; least_acr one of LEVELS."""

    issuer: str
    client_id: str
    nonce: str | None = None
    least_acr: str = LEVELS[0]


def key_id(token: str) -> str | None:
    """Return the kid that the header of a token names. Errors: IdTokenRefused when it has no header."""
    if len(token) > LIMIT_BYTES:
        raise IdTokenRefused("it is over the limit")
    try:
        head = token.partition(".")[0]
        found = json.loads(urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (ValueError, RecursionError) as error:
        raise IdTokenRefused("its header cannot be read") from error
    kid = found.get("kid") if isinstance(found, dict) else None
    return kid if isinstance(kid, str) else None


def checked_claims(token: str, keys: KeySet, expected: Expected, now: datetime) -> dict[str, Any]:
    """Return the claims of an id_token that is signed by the issuer, for us, now, at the level wanted.

    Errors  IdTokenRefused, saying what is wrong.
    Source  OpenID Connect Core 3.1.3.7.
    """
    if len(token) > LIMIT_BYTES:
        raise IdTokenRefused("it is over the limit")
    try:
        claims: dict[str, Any] = dict(jwt.decode(token, keys, algorithms=list(ALGORITHMS)).claims)
    except (JoseError, ValueError, RecursionError) as error:
        raise IdTokenRefused(f"its signature is not the issuer's ({type(error).__name__})") from error
    _check_parties(claims, expected)
    _check_times(claims, now.timestamp())
    _check_level(claims.get("acr"), expected.least_acr)
    return claims


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != expected.issuer:
        raise IdTokenRefused("it comes from another issuer")
    if expected.client_id not in audiences:
        raise IdTokenRefused("it is meant for another client")
    if (len(audiences) > 1 or "azp" in claims) and claims.get("azp") != expected.client_id:
        raise IdTokenRefused("it was made for another client")
    if expected.nonce is not None and claims.get("nonce") != expected.nonce:
        raise IdTokenRefused("its nonce is not ours")
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise IdTokenRefused("it names nobody")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    for name in ("exp", "iat", "auth_time"):
        value = claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise IdTokenRefused(f"{name} is missing, or no instant")
    if claims["exp"] <= now - SKEW_SECONDS:
        raise IdTokenRefused("it has expired")
    if max(claims["iat"], claims["auth_time"]) > now + SKEW_SECONDS:
        raise IdTokenRefused("it comes from the future")


def _check_level(acr: Any, least: str) -> None:
    if acr not in LEVELS:
        raise LevelTooLow("its level of authentication (acr) is absent or unknown")
    if LEVELS.index(acr) < LEVELS.index(least):
        raise LevelTooLow(f"its level of authentication is below {least}")
