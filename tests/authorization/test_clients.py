"""What may be registered, and what is refused with a word on what would be right."""

from typing import Any

import pytest

from tests.authorization.applications import ec_key, rsa_key
from usager_server.authorization.clients import new_client, registered, tenant_of
from usager_server.authorization.errors import OAuthError

KEY = ec_key().as_dict(private=False) | {"kid": "k"}
SERVICE: dict[str, Any] = {
    "client_name": "Entrepôt",
    "scope": "system/*.rs",
    "grant_types": ["client_credentials"],
    "jwks": {"keys": [KEY]},
}
APP: dict[str, Any] = {
    "client_name": "Agenda",
    "scope": "openid patient/*.rs",
    "redirect_uris": ["https://app.example/cb"],
    "token_endpoint_auth_method": "none",
}


def refusal(asked: dict[str, Any]) -> OAuthError:
    """Return why something cannot be registered."""
    with pytest.raises(OAuthError) as refused:
        registered(asked)
    return refused.value


def test_a_service_and_an_application_are_registered():
    assert registered(SERVICE)["token_endpoint_auth_method"] == "private_key_jwt"
    assert registered(APP)["grant_types"] == ["authorization_code"]


def test_the_id_of_a_client_says_behind_which_wall_it_is():
    assert tenant_of(new_client(42, APP).id) == 42


@pytest.mark.parametrize("text", ["", "1", "1-short", "0-0123456789abcdefghij", "99999999999-0123456789abcdefghij"])
def test_another_id_says_nothing(text: str):
    assert tenant_of(text) is None


@pytest.mark.parametrize(
    "address",
    [
        "https://a.example/cb?x=1",
        "http://127.0.0.1:8000/cb",
        "http://[::1]/cb",
        "http://localhost/",
        "com.example.app:/cb",
    ],
)
def test_an_address_to_come_back_to(address: str):
    assert registered(APP | {"redirect_uris": [address]})["redirect_uris"] == [address]


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example/cb",
        "https://app.example/cb#part",
        "https://*.example/cb",
        "https://user@app.example/cb",
        "https:///cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "app:/cb",
        "https://app.example/a b",
        "https://app.example/é",
        "https://app.example\\@evil.example",
        "https://app.example/;x",
        "",
    ],
)
def test_an_address_nobody_should_come_back_to(address: str):
    assert refusal(APP | {"redirect_uris": [address]}).code == "invalid_redirect_uri"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"client_name": ""}, "client_name"),
        ({"client_name": "a\nb"}, "client_name"),
        ({"client_name": "x" * 201}, "client_name"),
        ({"client_name": 5}, "client_name"),
        ({"scope": ""}, "scope"),
        ({"scope": "system/Patient.sr"}, "scope"),
        ({"scope": "system/*.rs usager/clients"}, "stands alone"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": "client_credentials"}, "list"),
        ({"grant_types": ["refresh_token"]}, "authorization_code"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "no secrets"),
        ({"token_endpoint_auth_method": "none"}, "client_credentials"),
        ({"jwks": None}, "jwks"),
        ({"jwks_uri": "https://app.example/jwks"}, "one of them"),
        ({"jwks": None, "jwks_uri": "http://app.example/jwks"}, "https"),
        ({"jwks": {"keys": []}}, "JWK Set"),
        ({"jwks": {"keys": [KEY] * 21}}, "JWK Set"),
        ({"jwks": {"keys": [KEY, KEY]}}, "same kid"),
        ({"jwks": {"keys": [{**KEY, "kid": ""}]}}, "kid"),
        ({"jwks": {"keys": [{**KEY, "crv": "P-256"}]}}, "P-384"),
        ({"jwks": {"keys": [{**KEY, "x": "AA"}]}}, "cannot be read"),
        ({"jwks": {"keys": [ec_key().as_dict(private=True) | {"kid": "k"}]}}, "private"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "k"}]}}, "RSA"),
        ({"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k"}]}}, "2048"),
        ({"jwks": {"keys": [{**KEY, "alg": "ES256"}]}}, "ES384"),
        ({"jwks": {"keys": [{**KEY, "use": "enc"}]}}, "signatures"),
        ({"trusted": "yes"}, "true or false"),
        ({"software_statement": "x"}, "not taken here"),
    ],
)
def test_what_cannot_be_registered(change: dict[str, Any], why: str):
    refused = refusal(SERVICE | change)
    assert refused.code == "invalid_client_metadata"
    assert why in refused.description


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"scope": "patient/*.rs offline_access"}, "prove"),
        ({"trusted": True}, "prove"),
        ({"scope": "system/*.rs"}, "client_credentials"),
        ({"jwks": {"keys": [KEY]}}, "no keys"),
        ({"redirect_uris": []}, "1 to 20"),
        ({"redirect_uris": [f"https://app.example/{n}" for n in range(21)]}, "1 to 20"),
    ],
)
def test_what_a_public_application_cannot_have(change: dict[str, Any], why: str):
    assert why in refusal(APP | change).description


def test_an_rsa_key_will_do():
    key = rsa_key().as_dict(private=False) | {"kid": "r"}
    assert registered(SERVICE | {"jwks": {"keys": [key]}})["jwks"]["keys"] == [key]


def test_an_operator_may_want_longer_keys():
    asked = SERVICE | {"jwks": {"keys": [rsa_key().as_dict(private=False)]}}
    with pytest.raises(OAuthError) as refused:
        registered(asked, rsa_bits=3072)
    assert "3072 bits at least" in refused.value.description
    assert registered(asked, rsa_bits=2048)["jwks"] == asked["jwks"]
