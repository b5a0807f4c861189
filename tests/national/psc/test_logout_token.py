"""A logout token: each thing that it must say, and what comes of a lie (psc.md 8)."""

from typing import Any

import pytest
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


def read(changes: dict[str, Any]) -> LogoutToken:
    """Read a logout token with some claims changed; None takes one out."""
    claims = {name: value for name, value in (SAID | changes).items() if value is not None}
    token = jwt.encode({"alg": "RS256", "kid": "one"}, claims, KEY)
    return read_logout_token(token, KEYS, "https://psc.example", "usager", NOW)


def test_a_good_logout_token_names_the_session_and_the_person():
    assert read({}) == LogoutToken("j1", "s1", CLAIMS["sub"])


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
    token = jwt.encode({"alg": "RS512", "kid": "one"}, SAID, key, algorithms=["RS512"])
    with pytest.raises(LogoutTokenRefused):
        read_logout_token(token, KEYS, "https://psc.example", "usager", NOW)


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 20_000])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(LogoutTokenRefused):
        read_logout_token(token, KEYS, "https://psc.example", "usager", NOW)
