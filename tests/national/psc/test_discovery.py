"""Discovery: read once, kept, good when the issuer is down (psc.md 2)."""

import httpx
import pytest
from joserfc.jwk import RSAKey

from tests.national.psc.answers import serving, told
from usager_server.national.psc.discovery import DISCOVERY_PATH, KEPT_SECONDS, Discovery, parse_metadata
from usager_server.national.psc.oauth import OAuthDown, OAuthRefused

ISSUER = "https://psc.example"
DOCUMENT = {
    "issuer": ISSUER,
    "jwks_uri": f"{ISSUER}/certs",
    "authorization_endpoint": f"{ISSUER}/auth",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "acr_values_supported": ["0", "0"],
    "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.example/token"},
}
DOWN = httpx.Response(503)


def keys(*kids: str) -> httpx.Response:
    """Return a set of keys."""
    listed = [RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}).as_dict(private=False) for kid in kids]
    return told(keys=[*listed, {"kty": "RSA", "use": "enc", "n": "?", "e": "?"}, {"kty": "oct", "k": "c2VjcmV0"}])


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def discovery(documents: list[httpx.Response], certificates: list[httpx.Response], clock: Clock) -> Discovery:
    """Return the discovery of a server that gives these answers, one after the other."""
    return Discovery(ISSUER, serving({DISCOVERY_PATH: documents, "/certs": certificates}), clock=clock)


def test_the_back_channel_uses_the_alias_for_mtls():
    found = parse_metadata(DOCUMENT, ISSUER)
    assert found.token_endpoint == "https://mtls.example/token"
    assert (found.authorization_endpoint, found.revocation_endpoint) == (f"{ISSUER}/auth", "")


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://psc.example/token", "mtls_endpoint_aliases": {}},
        {"token_endpoint": 3, "mtls_endpoint_aliases": None},
        {"jwks_uri": ""},
    ],
    ids=str,
)
def test_a_document_that_cannot_be_believed_is_refused(changes):
    with pytest.raises(OAuthRefused):
        parse_metadata(DOCUMENT | changes, ISSUER)


async def test_the_document_is_kept_for_an_hour_and_longer_when_the_issuer_is_down():
    clock = Clock()
    found = discovery([told(**DOCUMENT), DOWN], [keys("a")], clock)
    first = await found.metadata()
    clock.now += KEPT_SECONDS + 1
    assert await found.metadata() is first


async def test_an_issuer_that_was_never_reached_is_down():
    with pytest.raises(OAuthDown):
        await discovery([DOWN], [keys("a")], Clock()).metadata()


async def test_it_is_asked_again_once_it_is_back():
    found = discovery([DOWN, told(**DOCUMENT)], [keys("a")], Clock())
    with pytest.raises(OAuthDown):
        await found.metadata()
    assert (await found.metadata()).issuer == ISSUER


async def test_an_unknown_key_has_the_keys_read_again():
    clock = Clock()
    found = discovery([told(**DOCUMENT)], [keys("a"), keys("a", "b")], clock)
    assert {it.kid for it in (await found.key_set("a")).keys} == {"a"}
    clock.now += 31
    assert {it.kid for it in (await found.key_set("b")).keys} == {"a", "b"}


async def test_invented_keys_do_not_have_us_ask_each_time():
    found = discovery([told(**DOCUMENT)], [keys("a"), keys("b")], Clock())
    await found.key_set("a")
    assert {it.kid for it in (await found.key_set("invented")).keys} == {"a"}


async def test_the_last_keys_are_kept_when_the_issuer_is_down():
    clock = Clock()
    found = discovery([told(**DOCUMENT)], [keys("a"), DOWN], clock)
    await found.key_set("a")
    clock.now += KEPT_SECONDS + 1
    assert {it.kid for it in (await found.key_set("a")).keys} == {"a"}
