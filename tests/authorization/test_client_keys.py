"""The keys that a client publishes itself: fetched, kept for a while, fetched again for one that is not known."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from tests.authorization.applications import ec_key, proof, rsa_key, service
from tests.authorization.conftest import Register
from usager_server.authorization import client_keys as room
from usager_server.authorization.client_keys import ClientKeys
from usager_server.authorization.errors import OAuthError
from usager_server.outbound import Answer, OutboundFailed, OutboundRefused

ONE, TWO = ec_key("one"), ec_key("two")
URI = "https://app.example/jwks"


class Published:
    """An Outbound that counts what is fetched, and answers what it is told."""

    def __init__(self, *keys: Any) -> None:
        self.answer: Answer | Exception = jwks(*keys)
        self.fetched: list[str] = []

    async def get(self, url: str, _headers: Any) -> Answer:
        """Answer."""
        self.fetched.append(url)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def jwks(*keys: Any) -> Answer:
    """Return the answer that holds keys."""
    return Answer(200, json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode())


@pytest.fixture
def published() -> Published:
    """What the client publishes."""
    return Published(ONE)


@pytest.fixture
def keys(published: Published) -> ClientKeys:
    """What is tested."""
    return ClientKeys(published)  # type: ignore[arg-type]


CLIENT = service(jwks=None, jwks_uri=URI)


async def test_keys_are_fetched_once_for_a_while(keys: ClientKeys, published: Published):
    for _ in range(3):
        found = await keys.find(CLIENT, "one")
        assert found is not None and found.kid == "one"
    assert published.fetched == [URI]


async def test_a_new_key_is_found_after_half_a_minute(
    keys: ClientKeys, published: Published, monkeypatch: pytest.MonkeyPatch
):
    await keys.find(CLIENT, "one")
    published.answer = jwks(ONE, TWO)
    assert await keys.find(CLIENT, "two") is None  # asked for in vain, a thief would have us fetch without end
    later = room.time.monotonic() + room.AGAIN_SECONDS
    monkeypatch.setattr(room.time, "monotonic", lambda: later)
    assert await keys.find(CLIENT, "two") is not None
    assert len(published.fetched) == 2


async def test_a_key_that_was_taken_back_is_worth_nothing_after_five_minutes(
    keys: ClientKeys, published: Published, monkeypatch: pytest.MonkeyPatch
):
    await keys.find(CLIENT, "one")
    published.answer = jwks(TWO)
    later = room.time.monotonic() + room.CLIENT_KEYS_SECONDS
    monkeypatch.setattr(room.time, "monotonic", lambda: later)
    assert await keys.find(CLIENT, "one") is None


@pytest.mark.parametrize(
    "answer",
    [
        OutboundRefused("leads inside"),
        OutboundFailed("does not answer"),
        Answer(404, b""),
        Answer(302, b""),
        Answer(200, b"<html>"),
        Answer(200, b"[]"),
        Answer(200, b'{"keys": []}'),
        Answer(200, b"[" * 100_000),
        Answer(200, json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]}).encode()),
    ],
)
async def test_what_is_no_key_set_makes_no_client(keys: ClientKeys, published: Published, answer: Any):
    published.answer = answer
    with pytest.raises(OAuthError) as refused:
        await keys.find(CLIENT, "one")
    assert refused.value.code == "invalid_client"


async def test_a_failure_is_not_tried_again_at_once(keys: ClientKeys, published: Published):
    published.answer = OutboundFailed("does not answer")
    for _ in range(5):
        with pytest.raises(OAuthError):
            await keys.find(CLIENT, "one")
    assert len(published.fetched) == 1


async def test_of_many_at_once_one_fetches(keys: ClientKeys, published: Published):
    found = await asyncio.gather(*(keys.find(CLIENT, "one") for _ in range(20)))
    assert all(found)
    assert len(published.fetched) == 1


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> trustme.CA:
    """Who signs the certificate of the client's site."""
    return trustme.CA()


@pytest.fixture(scope="module")
def smart_settings(
    smart_settings: dict[str, Any], authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The client stands on this machine, which its operator named."""
    trusted = Path(tmp_path_factory.mktemp("ca")) / "ca.pem"
    authority.cert_pem.write_to_path(trusted)
    return smart_settings | {"outbound_networks": "127.0.0.0/8, ::1/128", "trusted_ca_file": trusted}


@pytest.fixture
async def site(authority: trustme.CA) -> AsyncIterator[str]:
    """The address where a client publishes its key, over real TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    body = jwks(ONE).body

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0, ssl=context)
    yield f"https://localhost:{server.sockets[0].getsockname()[1]}/jwks"
    server.close()


async def test_a_service_that_publishes_its_key_gets_a_token(http: httpx.AsyncClient, register: Register, site: str):
    client = await register(service(jwks=None, jwks_uri=site))
    form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
    answer = await http.post("/oauth/token", data=form | proof(client, ONE))
    assert answer.status_code == 200, answer.text
    forged = await http.post("/oauth/token", data=form | proof(client, ec_key("one")))
    assert forged.json()["error"] == "invalid_client"


async def test_keys_that_are_too_short_by_now_make_no_client():
    short = rsa_key("one")
    asked = service(jwks={"keys": [short.as_dict(private=False)]}), service(jwks=None, jwks_uri=URI)
    for client in asked:
        assert await ClientKeys(Published(short)).find(client, "one") is not None  # type: ignore[arg-type]
        with pytest.raises(OAuthError, match="3072 bits") as refused:
            await ClientKeys(Published(short), 3072).find(client, "one")  # type: ignore[arg-type]
        assert refused.value.code == "invalid_client"
