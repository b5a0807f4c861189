"""Codes of an authenticator application: six digits that change every 30 s, each good once. Source: RFC 6238."""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

STEP_SECONDS, DIGITS, SECRET_BYTES = 30, 6, 20
# How long a code may be typed after its step: who begins to type at the last second is not made to begin again, and
# counted among those who guess. No code is taken before its step: telephones and servers have the time of the network.
TYPING_SECONDS = 15


def new_secret() -> bytes:
    """Return a secret to share with an application."""
    return secrets.token_bytes(SECRET_BYTES)


def accepted_step(secret: bytes, code: str, now: datetime, after: int) -> int | None:
    """Return the step that a code is of, or None when it is wrong, too old, or of a step already used.

    Shape   after: the last step that was used; a code that was seen over a shoulder opens nothing.
    Time    a code is good for its step and TYPING_SECONDS: 45 s. Source: RFC 6238 5.2, one step back at most.
    """
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    found = None
    oldest, current = (int(now.timestamp() - late) // STEP_SECONDS for late in (TYPING_SECONDS, 0))
    for step in range(oldest, current + 1):
        if hmac.compare_digest(code_at(secret, step), code) and step > after:
            found = step
    return found


def code_at(secret: bytes, step: int) -> str:
    """Return the code of a step."""
    # SHA-1 inside HMAC is what every application knows, and is not weakened by its collisions.
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS).generate(step * STEP_SECONDS).decode()  # noqa: S303 - what RFC 6238 and the applications take


def address(secret: bytes, username: str, issuer: str) -> str:
    """Return what an application reads from a QR code or a link."""
    query = urlencode({"secret": shown(secret), "issuer": issuer, "digits": DIGITS, "period": STEP_SECONDS})
    return f"otpauth://totp/{quote(issuer)}:{quote(username)}?{query}"


def shown(secret: bytes) -> str:
    """Return the secret as a person types it."""
    return b32encode(secret).decode()
