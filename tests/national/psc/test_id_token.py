"""An id_token: each thing that it must say, and what comes of a lie (psc.md 3)."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from usager_server.national.psc.id_token import Expected, IdTokenRefused, checked_claims, key_id

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS = int(NOW.timestamp())
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
KEYS = KeySet.import_key_set({"keys": [KEY.as_dict(private=False)]})
EXPECTED = Expected("https://psc.example", "usager")
CLAIMS: dict[str, Any] = {
    "iss": "https://psc.example",
    "aud": "usager",
    "sub": "f:1:899700000000",
    "exp": SECONDS + 120,
    "iat": SECONDS,
    "auth_time": SECONDS,
    "acr": "eidas1",
}


def signed(changes: dict[str, Any], *, key: Any = KEY, algorithm: str = "RS256") -> str:
    """Return an id_token with some claims changed; None takes one out."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode({"alg": algorithm, "kid": "one"}, claims, key, algorithms=[algorithm])


def checked(token: str, expected: Expected = EXPECTED) -> dict[str, Any]:
    """Return its claims."""
    return checked_claims(token, KEYS, expected, NOW)


def test_a_good_one_gives_its_claims():
    assert checked(signed({})) == CLAIMS
    assert key_id(signed({})) == "one"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": ["usager", "another"]},
        {"azp": "another"},
        {"exp": SECONDS - 61},
        {"exp": None},
        {"exp": "soon"},
        {"iat": SECONDS + 61},
        {"iat": None},
        {"auth_time": None},
        {"auth_time": True},
        {"acr": None},
        {"acr": "0"},
        {"acr": ["eidas1"]},
        {"sub": ""},
        {"sub": None},
    ],
    ids=str,
)
def test_what_does_not_agree_is_refused(changes):
    with pytest.raises(IdTokenRefused):
        checked(signed(changes))


@pytest.mark.parametrize(
    "changes", [{"acr": "eidas3"}, {"aud": ["usager", "another"], "azp": "usager"}, {"exp": SECONDS - 59}], ids=str
)
def test_what_agrees_is_taken(changes):
    assert checked(signed(changes))


def test_a_level_below_the_floor_is_refused():
    with pytest.raises(IdTokenRefused, match="below eidas2"):
        checked(signed({}), Expected("https://psc.example", "usager", least_acr="eidas2"))


def test_another_nonce_is_refused():
    wanted = Expected("https://psc.example", "usager", nonce="mine")
    assert checked(signed({"nonce": "mine"}), wanted)
    with pytest.raises(IdTokenRefused, match="nonce"):
        checked(signed({"nonce": "theirs"}), wanted)


def unsigned(algorithm: str) -> str:
    """Return what a signature of this algorithm would be over."""
    parts = ({"alg": algorithm, "kid": "one"}, CLAIMS)
    return ".".join(urlsafe_b64encode(json.dumps(it).encode()).rstrip(b"=").decode() for it in parts)


def test_a_token_without_signature_is_refused():
    with pytest.raises(IdTokenRefused, match="signature"):
        checked(f"{unsigned('none')}.")


def test_the_public_key_is_no_secret_to_sign_with():
    mac = hmac.digest(KEY.as_pem(private=False), unsigned("HS256").encode(), "sha256")
    with pytest.raises(IdTokenRefused, match="signature"):
        checked(f"{unsigned('HS256')}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}")


@pytest.mark.parametrize("key", [RSAKey.generate_key(2048), ECKey.generate_key("P-256")], ids=["RS256", "ES256"])
def test_the_key_of_a_stranger_is_refused(key):
    with pytest.raises(IdTokenRefused, match="signature"):
        checked(signed({}, key=key, algorithm="RS256" if key.key_type == "RSA" else "ES256"))


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "é.b.c", "a" * 20_000, "W10.e30.c2ln", "bnVsbA.e30.c2ln"])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(IdTokenRefused):
        checked(token)


@pytest.mark.parametrize("token", ["é.b.c", "a" * 20_000, "b.b.c"])
def test_a_header_that_cannot_be_read_is_refused(token):
    with pytest.raises(IdTokenRefused):
        key_id(token)
