"""Access tokens: what each must be, and each forgery that must not pass."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from usager_server.authorization.jose import BadToken
from usager_server.authorization.keys import SigningKeys
from usager_server.authorization.tokens import AccessToken, Tokens

ISSUER = "https://dui.example/fhir"


@pytest.fixture(scope="module")
def keys(signing_keys: Path) -> SigningKeys:
    """The keys of the server."""
    return SigningKeys(signing_keys)


@pytest.fixture(scope="module")
def tokens(keys: SigningKeys) -> Tokens:
    """What is tested."""
    return Tokens(keys, ISSUER)


@pytest.fixture(scope="module")
def forged(keys: SigningKeys) -> Callable[..., str]:
    """Return a token with the true key, save for what is said to be other; a claim None is left out."""

    def made(header: dict[str, Any] | None = None, key: Any = None, algorithm: str = "RS256", **claims: Any) -> str:
        now = int(time.time())
        said = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": "p",
            "client_id": "1-c",
            "iat": now,
            "exp": now + 60,
            "scope": "user/*.rs",
            "tenant": 1,
            "grant": "g",
        } | claims
        return jwt.encode(
            {"alg": algorithm, "typ": "at+jwt", "kid": keys.signing().id, **(header or {})},
            {name: value for name, value in said.items() if value is not None},
            key or keys.signing().key,
            algorithms=[algorithm],
        )

    return made


def part(value: Any) -> str:
    """Return a part of a compact token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def refusal(tokens: Tokens, text: str) -> str:
    """Return why a token is refused."""
    with pytest.raises(BadToken) as refused:
        tokens.parse(text)
    return str(refused.value)


def test_what_is_made_is_read(tokens: Tokens):
    made = AccessToken(1, "g", "1-c", "p", "patient/*.rs", int(time.time()) + 60, "s", "pat", "Practitioner/x", "thumb")
    assert tokens.parse(tokens.access(made)) == made


def test_a_true_token_passes(tokens: Tokens, forged: Callable[..., str]):
    assert tokens.parse(forged()).client == "1-c"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example/fhir"}, "issuer"),
        ({"iss": ISSUER + "/"}, "issuer"),
        ({"aud": "https://other.example/fhir"}, "another server"),
        ({"aud": [ISSUER, "https://other.example"]}, "another server"),
        ({"aud": None}, "another server"),
        ({"exp": 1}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "2099-01-01"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 10**30}, "exp"),
        ({"iat": int(time.time()) + 3600}, "future"),
        ({"iat": None}, "iat"),
        ({"grant": None}, "grant"),
        ({"sub": None}, "sub"),
        ({"tenant": None}, "tenant"),
        ({"client_id": 5}, "client_id"),
    ],
)
def test_a_claim_that_is_wrong_is_refused(tokens: Tokens, forged: Callable[..., str], claims: Any, why: str):
    assert why in refusal(tokens, forged(**claims))


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ({"typ": "JWT"}, "type"),
        ({"typ": None}, "type"),
        ({"typ": "id+jwt"}, "type"),
        ({"kid": "../../../../etc/passwd"}, "not ours"),
        ({"kid": "' UNION SELECT key --"}, "not ours"),
        ({"kid": ""}, "kid"),
        ({"jku": "https://evil.example/jwks"}, "jku"),
        ({"x5u": "https://evil.example/cert"}, "x5u"),
        ({"jwk": {"kty": "oct", "k": "AA"}}, "jwk"),
        ({"x5c": ["AA=="]}, "x5c"),
        ({"zip": "DEF"}, "zip"),
        ({"cty": "JWT"}, "cty"),
    ],
)
def test_a_header_that_is_wrong_is_refused(tokens: Tokens, forged: Callable[..., str], header: Any, why: str):
    text = forged()
    original = json.loads(base64.urlsafe_b64decode(text.split(".")[0] + "=="))
    changed = {name: value for name, value in (original | header).items() if value is not None}
    assert why in refusal(tokens, f"{part(changed)}.{text.partition('.')[2]}")


def test_a_token_without_signature_is_refused(tokens: Tokens, forged: Callable[..., str], keys: SigningKeys):
    _, claims, signature = forged().split(".")
    for algorithm in ("none", "None", "NONE"):
        header = part({"alg": algorithm, "typ": "at+jwt", "kid": keys.signing().id})
        for end in ("", signature):
            assert "signed with RS256" in refusal(tokens, f"{header}.{claims}.{end}")
    assert "signature" in refusal(tokens, f"{forged().rpartition('.')[0]}.")


def test_the_public_key_is_no_secret_to_sign_with(tokens: Tokens, forged: Callable[..., str], keys: SigningKeys):
    public = keys.signing().key.as_pem(private=False)
    claims = forged().split(".")[1]
    for header in ({"alg": "HS256"}, {"alg": "RS256"}):
        signed = f"{part({'typ': 'at+jwt', 'kid': keys.signing().id} | header)}.{claims}"
        digest = hmac.digest(public, signed.encode(), "sha256")
        signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        assert "RS256" in (told := refusal(tokens, f"{signed}.{signature}")) or "signature" in told


def test_another_algorithm_of_the_same_key_is_refused(tokens: Tokens, forged: Callable[..., str]):
    assert "RS256" in refusal(tokens, forged({"alg": "RS512"}, algorithm="RS512"))


def test_a_key_of_somebody_else_under_our_id_is_refused(tokens: Tokens, forged: Callable[..., str]):
    assert "signature" in refusal(tokens, forged(key=RSAKey.generate_key(2048)))


def test_changed_claims_are_refused(tokens: Tokens, forged: Callable[..., str]):
    header, claims, signature = forged().split(".")
    changed = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"tenant": 2}
    assert "signature" in refusal(tokens, f"{header}.{part(changed)}.{signature}")


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c.d", "..", "é.b.c", "e30.e30.e30", "W10.e30.AA", "." * 9])
def test_what_is_no_token_is_refused(tokens: Tokens, text: str):
    assert refusal(tokens, text)


def test_a_token_over_16_kib_is_not_read(tokens: Tokens, forged: Callable[..., str]):
    assert "16384 bytes" in refusal(tokens, forged(scope="x" * 20_000))


def test_a_header_with_a_name_twice_is_refused(tokens: Tokens, forged: Callable[..., str]):
    doubled = base64.urlsafe_b64encode(b'{"alg":"none","alg":"RS256","typ":"at+jwt","kid":"a"}').rstrip(b"=").decode()
    assert "header" in refusal(tokens, f"{doubled}.{forged().partition('.')[2]}")


def test_the_id_token_is_no_access_token(tokens: Tokens):
    assert "type" in refusal(tokens, tokens.identity("p", "1-c", 60, {}))
