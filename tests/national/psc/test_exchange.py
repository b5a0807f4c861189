"""The exchange of a token: what is sent, what is believed of the answer (psc.md 12)."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest

from tests.national.psc.answers import CALLER, ENDPOINT, Server, refused, told
from usager_server.national.psc.exchange import ApiToken, Target, exchange, renewed
from usager_server.national.psc.oauth import OAuthClient, OAuthDown, OAuthRefused
from usager_server.national.psc.thumbprint import hex_base64, rfc8705

CERTIFICATE = b"ours, in DER"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = Target(ENDPOINT, ("insi:search", "insi:verify"))
ANSWER = {"access_token": "api", "token_type": "Bearer", "expires_in": 3600, "issued_token_type": "urn:x"}


async def exchanged(server: Server, target: Target = TARGET) -> ApiToken:
    """Return the token of an exchange."""
    return await exchange(server.http, CALLER, target, "psc", CERTIFICATE, NOW)


def jwt(**claims: object) -> str:
    """Return a token of three parts, whose signature is not ours to check."""
    body = urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.c2ln"


async def test_the_form_is_that_of_the_transport_volume():
    server = Server(told(**ANSWER))
    token = await exchanged(server)
    assert server.forms == [
        {
            "client_id": "usager",
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "psc",
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "scope": "insi:search insi:verify",
            "cnf": rfc8705(CERTIFICATE),
        }
    ]
    assert (token.access_token, token.expires) == ("api", NOW + timedelta(hours=1))


async def test_each_target_has_its_ways():
    target = Target(
        ENDPOINT,
        ("s",),
        subject_token_type="jwt",
        thumbprint_style="hex-base64",
        extra={"subject_issuer": "psc"},
        actor={"lps_nom": "Usager"},
    )
    server = Server(told(**ANSWER))
    await exchanged(server, target)
    form = server.forms[0]
    assert form["subject_token_type"].endswith(":jwt")
    assert (form["cnf"], form["subject_issuer"]) == (hex_base64(CERTIFICATE), "psc")
    head, claims, signature = form["actor_token"].split(".")
    assert json.loads(urlsafe_b64decode(claims + "==")) == {"lps_nom": "Usager"}
    assert (json.loads(urlsafe_b64decode(head + "=="))["alg"], signature) == ("none", "")


async def test_the_thumbprint_may_be_left_out():
    server = Server(told(**ANSWER))
    await exchanged(server, Target(ENDPOINT, ("s",), sends_thumbprint=False))
    assert "cnf" not in server.forms[0]


@pytest.mark.parametrize(("build", "style"), [(rfc8705, "rfc8705"), (hex_base64, "hex-base64")])
async def test_a_token_bound_to_our_certificate_is_taken_in_both_forms(build, style):
    token = jwt(cnf={"x5t#S256": build(CERTIFICATE)})
    assert (await exchanged(Server(told(**ANSWER | {"access_token": token})))).binding == style


@pytest.mark.parametrize("build", [rfc8705, hex_base64])
async def test_a_token_bound_to_another_certificate_is_refused(build):
    token = jwt(cnf={"x5t#S256": build(b"theirs")})
    with pytest.raises(OAuthRefused, match="wrong_certificate"):
        await exchanged(Server(told(**ANSWER | {"access_token": token})))


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"access_token": "api"},
        {"access_token": "api", "token_type": "N_A"},
        {"access_token": 3, "token_type": "Bearer"},
        {"access_token": "a\nb", "token_type": "Bearer"},
        {"access_token": "a" * 20_000, "token_type": "Bearer"},
    ],
)
async def test_an_answer_that_is_no_bearer_token_is_refused(answer):
    with pytest.raises(OAuthRefused, match="unreadable_answer"):
        await exchanged(Server(told(**answer)))


async def test_the_server_of_the_api_says_no():
    with pytest.raises(OAuthRefused) as no:
        await exchanged(Server(refused("invalid_scope")))
    assert no.value.error == "invalid_scope"


async def test_the_server_of_the_api_is_down():
    with pytest.raises(OAuthDown):
        await exchanged(Server(told(502)))


async def test_an_answer_that_has_no_end_is_cut():
    import httpx

    with pytest.raises(OAuthRefused, match="answer_too_large"):
        await exchanged(Server(httpx.Response(200, content=b" " * 300_000)))


@pytest.mark.parametrize("content", [b"<html>", b"[1]", b'{"a":' * 5000])
async def test_an_answer_that_is_no_json_object_is_refused(content):
    import httpx

    with pytest.raises(OAuthRefused, match="unreadable_answer"):
        await exchanged(Server(httpx.Response(200, content=content)))


async def test_a_secret_goes_into_the_header_only():
    server = Server(told(**ANSWER))
    caller = OAuthClient("usager", "hush")
    await exchange(server.http, caller, TARGET, "psc", CERTIFICATE, NOW)
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert "hush" not in str(server.forms) + repr(caller)


async def test_a_token_is_renewed_by_the_one_that_came_with_it():
    server = Server(told(**ANSWER))
    before = ApiToken("old", NOW, refresh_token="again")
    assert (await renewed(server.http, CALLER, TARGET, before, CERTIFICATE, NOW)).access_token == "api"
    assert server.forms[0]["refresh_token"] == "again"
