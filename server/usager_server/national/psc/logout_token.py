"""A logout token of Pro Santé Connect: it says that a session there is over, and is believed after every check.

Source  OpenID Connect Back-Channel Logout 1.0, 2.6; psc.md 8.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from usager_server.errors import ServiceRefused
from usager_server.national.psc.id_token import ALGORITHMS, LIMIT_BYTES, SKEW_SECONDS

TYPE = "logout+jwt"
UNTYPED = frozenset({None, "jwt"})
EVENT = "http://schemas.openid.net/event/backchannel-logout"
OLDEST_SECONDS = 300
TEXT_CHARACTERS = 255


class LogoutTokenRefused(ServiceRefused):
    """The logout token is not one that we may believe; the text says why, and names nobody."""


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """What a logout token says. Shape: sid, subject: one of them at least; id is used once."""

    id: str
    sid: str | None
    subject: str | None


def read_logout_token(
    token: str, keys: KeySet, issuer: str, client_id: str, now: datetime, *, may_be_untyped: bool = False
) -> LogoutToken:
    """Return what a logout token says.

    Shape   may_be_untyped: its header may say JWT or nothing instead of logout+jwt, as before that was recommended.
    Errors  LogoutTokenRefused.
    """
    if len(token) > LIMIT_BYTES:
        raise LogoutTokenRefused("it is over the limit")
    try:
        read = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, RecursionError) as error:
        raise LogoutTokenRefused(f"its signature is not the issuer's ({type(error).__name__})") from error
    claims: dict[str, Any] = dict(read.claims)
    _check_type(read.header.get("typ"), may_be_untyped=may_be_untyped)
    _check_origin(claims, issuer, client_id, now.timestamp())
    _check_purpose(claims)
    found = LogoutToken(_text(claims, "jti") or "", _text(claims, "sid"), _text(claims, "sub"))
    if not found.id or (found.sid is None and found.subject is None):
        raise LogoutTokenRefused("it has no jti, or names neither a session nor a person")
    return found


def _check_type(found: Any, *, may_be_untyped: bool) -> None:
    name = found.lower().removeprefix("application/") if isinstance(found, str) else found
    if name != TYPE and not (may_be_untyped and name in UNTYPED):
        told = "it has no type of its own" if name in UNTYPED else "its type is another one"
        raise LogoutTokenRefused(f"{told}; {TYPE} is expected (USAGER_PSC_UNTYPED_LOGOUT)")


def _check_origin(claims: Mapping[str, Any], issuer: str, client_id: str, now: float) -> None:
    audience = claims.get("aud")
    if claims.get("iss") != issuer:
        raise LogoutTokenRefused("it comes from another issuer")
    if client_id not in (audience if isinstance(audience, list) else [audience]):
        raise LogoutTokenRefused("it is meant for another client")
    issued, expires = _time(claims, "iat"), _time(claims, "exp") if "exp" in claims else now
    if not now - OLDEST_SECONDS <= issued <= now + SKEW_SECONDS or expires < now - SKEW_SECONDS:
        raise LogoutTokenRefused("it is too old, or comes from the future")


def _check_purpose(claims: Mapping[str, Any]) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise LogoutTokenRefused("its events do not say that this is a logout")
    if "nonce" in claims:  # an id_token holds one: it must not pass for a logout token
        raise LogoutTokenRefused("it holds a nonce")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LogoutTokenRefused(f"{name} is missing, or no instant")
    return value


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_CHARACTERS:
        raise LogoutTokenRefused(f"{name} is no text")
    return value
