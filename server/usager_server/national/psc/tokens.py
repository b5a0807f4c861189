"""The tokens of one sign-in, as the token endpoint gave them; none of them shows when printed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from usager_server.national.psc.oauth import OAuthRefused

SHORTEST_SECONDS, LONGEST_SECONDS = 1, 24 * 3600
UNSAID_SECONDS = 60  # expires_in is optional (RFC 6749 5.1): without it, a token is believed for a minute
TOKEN_LIMIT_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class PscTokens:
    """What Pro Santé Connect gave. Shape: refresh_token "" when there is none; instants in UTC."""

    access_token: str = field(repr=False)
    expires: datetime
    refresh_token: str = field(repr=False, default="")
    refresh_expires: datetime | None = None
    id_token: str = field(repr=False, default="")
    session_state: str = ""


def parse_tokens(answer: Mapping[str, Any], now: datetime, before: PscTokens | None = None) -> PscTokens:
    """Return the tokens of an answer; what a refresh does not give again is kept from before.

    Errors  OAuthRefused when there is no access token, or one over TOKEN_LIMIT_BYTES.
    """
    refresh = token_of(answer, "refresh_token", needed=False)
    lasting = answer.get("refresh_expires_in")
    if refresh:
        refresh_expires = now + seconds(lasting) if lasting else None
    else:
        refresh_expires = before.refresh_expires if before else None
    return PscTokens(
        access_token=token_of(answer, "access_token"),
        expires=now + seconds(answer.get("expires_in")),
        refresh_token=refresh or (before.refresh_token if before else ""),
        refresh_expires=refresh_expires,
        id_token=token_of(answer, "id_token", needed=False) or (before.id_token if before else ""),
        session_state=str(answer.get("session_state") or (before.session_state if before else ""))[:200],
    )


def token_of(answer: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    """Return a token of an answer. Errors: OAuthRefused when it is not there and needed, or no token at all."""
    value = answer.get(name, "")
    if not isinstance(value, str) or len(value) > TOKEN_LIMIT_BYTES or not value.isascii() or not value.isprintable():
        raise OAuthRefused(200, "unreadable_answer", f"{name} is no token")
    if needed and not value:
        raise OAuthRefused(200, "unreadable_answer", f"{name} is missing")
    return value


def seconds(value: Any) -> timedelta:
    """Return a duration that an answer tells, within reason; UNSAID_SECONDS when it tells none."""
    try:
        told = int(value)
    except (TypeError, ValueError):
        told = UNSAID_SECONDS
    return timedelta(seconds=min(max(told, SHORTEST_SECONDS), LONGEST_SECONDS))
