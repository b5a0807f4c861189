"""A logout token: each thing that it must say, and what comes of a lie (psc.md 8)."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.national.psc.test_id_token import CLAIMS, KEY, KEYS, NOW, SECONDS
from usager_server.national.psc.logout_token import EVENT, LogoutToken, LogoutTokenRefused, read_logout_token

SAID: dict[str, Any] = {
    **{name: CLAIMS[name] for name in ("iss", "aud", "sub", "exp", "iat")},
    "jti": "j1",
    "sid": "s1",
    "events": {EVENT: {}},
}


HEADER = {"alg": "RS256", "kid": "one", "typ": "logout+jwt"}


def read(changes: dict[str, Any], typ: Any = "logout+jwt", *, may_be_untyped: bool = False) -> LogoutToken:
    """Read a logout token with some claims changed; None takes one out, the type too."""
    claims = {name: value for name, value in (SAID | changes).items() if value is not None}
    header = {name: value for name, value in (HEADER | {"typ": typ}).items() if value is not None}
    token = token_of(header, claims)
    return read_logout_token(token, KEYS, "https://psc.example", "usager", NOW, may_be_untyped=may_be_untyped)


def token_of(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a token that is signed with the key of the issuer, its header as it is given."""
    parts = [urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (header, claims)]
    signature = KEY.private_key.sign(b".".join(parts), PKCS1v15(), SHA256())
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


def test_a_good_logout_token_names_the_session_and_the_person():
    assert read({}) == LogoutToken("j1", "s1", CLAIMS["sub"])


@pytest.mark.parametrize("typ", ["JWT", None, "at+jwt", "", "logout", 7])
def test_a_token_of_another_type_is_no_logout_token(typ):
    with pytest.raises(LogoutTokenRefused):
        read({}, typ)


@pytest.mark.parametrize("typ", ["logout+jwt", "LOGOUT+JWT", "application/logout+jwt"])
def test_its_type_may_be_written_in_full(typ):
    assert read({}, typ).id == "j1"


@pytest.mark.parametrize(("typ", "is_believed"), [("JWT", True), (None, True), ("at+jwt", False), ("logout+jwt", True)])
def test_an_operator_may_have_those_without_type_believed(typ, is_believed):
    if is_believed:
        assert read({}, typ, may_be_untyped=True).id == "j1"
    else:
        with pytest.raises(LogoutTokenRefused, match="another one"):
            read({}, typ, may_be_untyped=True)


@pytest.mark.parametrize("without", ["sid", "sub", "exp"])
def test_one_of_session_and_person_will_do_and_exp_is_optional(without):
    assert read({without: None}).id == "j1"


@pytest.mark.parametrize(
    "changes",
    [
        {"events": None},
        {"events": {}},
        {"events": {EVENT: True}},
        {"nonce": "n"},
        {"jti": None},
        {"jti": ""},
        {"sid": None, "sub": None},
        {"sid": 7},
        {"sid": "s" * 256},
        {"iat": None},
        {"iat": SECONDS - 301},
        {"iat": SECONDS + 61},
        {"exp": SECONDS - 61},
        {"iss": "https://other.example"},
        {"aud": "another"},
        {"aud": ["another"]},
    ],
)
def test_a_logout_token_that_fails_one_check_is_refused(changes):
    with pytest.raises(LogoutTokenRefused):
        read(changes)


def test_an_algorithm_that_is_not_expected_is_refused():
    key = RSAKey.import_key({name: value for name, value in KEY.as_dict(private=True).items() if name != "alg"})
    token = jwt.encode(HEADER | {"alg": "RS512"}, SAID, key, algorithms=["RS512"])
    with pytest.raises(LogoutTokenRefused):
        read_logout_token(token, KEYS, "https://psc.example", "usager", NOW)


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 20_000])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(LogoutTokenRefused):
        read_logout_token(token, KEYS, "https://psc.example", "usager", NOW)
