"""Signed texts of others, read with suspicion: what the header says is compared, never obeyed."""

import json
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.util import urlsafe_b64decode

from usager_server.authorization.limits import TOKEN_LIMIT_BYTES


class BadToken(Exception):
    """A text that is no token we take; the text says which rule it breaks, without its content."""


def read_header(text: str, allowed: frozenset[str]) -> dict[str, Any]:
    """Return the header of a compact JWS, still unproven.

    Errors  BadToken on one over TOKEN_LIMIT_BYTES, of another shape, or with a parameter that is not allowed: no key is
            ever taken from a header (jwk, x5c), fetched from where it says (jku, x5u), nor a body inflated (zip).
    """
    if len(text) > TOKEN_LIMIT_BYTES:
        raise BadToken(f"is over {TOKEN_LIMIT_BYTES} bytes")
    if not text.isascii() or text.count(".") != 2:
        raise BadToken("is no signed token")
    try:
        header = json.loads(urlsafe_b64decode(text.partition(".")[0].encode()), object_pairs_hook=_without_doubles)
    except (ValueError, Base64Error, RecursionError) as error:
        raise BadToken("has a header that cannot be read") from error
    if not isinstance(header, dict):
        raise BadToken("has a header that is no object")
    if unknown := set(header) - allowed:
        raise BadToken(f"has a header parameter that is not taken here: {min(unknown)[:20]}")
    return header


def proven_claims(text: str, key: Key, algorithm: str) -> Mapping[str, Any]:
    """Return the claims of a token that this key signed with this algorithm, whatever its header says.

    Errors  BadToken.
    """
    try:
        payload = jws.deserialize_compact(text.encode(), key, algorithms=[algorithm]).payload
        claims = json.loads(payload or b"", object_pairs_hook=_without_doubles)
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise BadToken("has a signature that does not hold") from error
    if not isinstance(claims, dict):
        raise BadToken("holds no claims")
    return claims


def issuer_unproven(text: str) -> str:
    """Return who a token says it is from, to know whose keys to try: nothing else is read before the proof.

    Errors  BadToken.
    """
    try:
        claims = json.loads(urlsafe_b64decode(text.split(".")[1].encode()))
    except (ValueError, Base64Error, RecursionError) as error:
        raise BadToken("holds no claims") from error
    return text_claim(claims if isinstance(claims, dict) else {}, "iss")


def whole_number(claims: Mapping[str, Any], name: str) -> int:
    """Return a time among the claims, in seconds. Errors: BadToken."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        raise BadToken(f"has no {name} that is a time in seconds")
    return int(value)


def text_claim(claims: Mapping[str, Any], name: str) -> str:
    """Return a text among the claims. Errors: BadToken."""
    value = claims.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise BadToken(f"has no {name}")
    return value


def is_for(claims: Mapping[str, Any], audience: str) -> bool:
    """Tell whether a token is for this audience, and for it alone."""
    return claims.get("aud") in (audience, [audience])


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found
