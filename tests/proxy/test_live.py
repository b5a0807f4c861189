"""The proxy over real sockets and mutual TLS: killed and started again, spoken to badly, its log read to the end."""

import json
import ssl
from urllib.parse import parse_qsl

import asyncpg
import httpx
import pytest

from tests.proxy.conftest import BODY, NATIONAL_ID, connected, received, until
from tests.proxy.live import LiveProxy
from usager_server.national.proxy.client import ProxyClient, SignInNeeded
from usager_server.proxy.ending import LEASE


@pytest.fixture
def live(tmp_path, given, places, psc_control, api_control):
    """A proxy that runs."""
    proxy = LiveProxy(tmp_path, given, places.folder).start()
    yield proxy
    proxy.stop()


@pytest.mark.requirement("P-PSC-02")
async def test_a_session_survives_kill_9_and_no_token_is_told(live, psc_control, api_control, given):
    async with live.client() as caller:
        session = await connected(caller)
        assert (await caller.get("/send/one/a?name=Durand")).status_code == 200
    live.kill()
    live.start()
    async with live.client(proxy_session_id=session["proxy_session_id"]) as caller:
        assert (await caller.post("/connect", json=BODY)).status_code == 304
        answer = await caller.get("/send/one/a")
        assert answer.status_code == 200
        assert (await caller.delete("/disconnect")).status_code == 200
        assert (await caller.delete("/disconnect")).status_code == 401
    said = [live.log, answer.text, str(answer.headers)]
    tokens = secrets_seen(await psc_control.received() + await api_control.received())
    assert len(tokens) == 6  # three of Pro Santé Connect, one of each API, and the name of the request
    for text in said:
        assert not [token for token in tokens if token in text]
    assert session["proxy_session_id"] not in live.log
    assert not [word for word in (NATIONAL_ID, "Durand", "/send") if word in live.log]
    assert await types(given) == ["CONNECT_SUCCESS", "SEND", "CONNECT_REPLAY", "SEND", "DISCONNECT"]


def secrets_seen(requests):
    """Return every token that stand-ins got, in forms and headers."""
    names = ("subject_token", "token", "refresh_token", "id_token_hint", "auth_req_id")
    found = set()
    for request in requests:
        found |= {value for name, value in parse_qsl(request.get("body", "")) if name in names}
        found.add(request["headers"].get("authorization", "").removeprefix("Bearer "))
    return found - {""}


async def types(given):
    """Return the types of the traces in the database."""
    connection = await asyncpg.connect(given["database_url"])
    found = await connection.fetch("SELECT body::json->>'type' AS type FROM proxy.trace ORDER BY number")
    await connection.close()
    return [row["type"] for row in found]


async def test_what_kill_9_leaves_half_done_is_ended(live, psc_control, api_control, given):
    async with live.client() as caller:
        await connected(caller)
    live.kill()
    owner = await asyncpg.connect(given["database_owner_url"])
    # as if the process had ended the session, and died before it revoked anything
    await owner.execute("UPDATE proxy.session SET ended = now() - $1::interval, leased_until = now()", LEASE)
    live.start()
    await until(lambda: gone(owner), 30)
    assert len(await received(api_control, "/revoke")) == 2
    assert len(await received(psc_control, "/revoke")) == 1
    await owner.close()


async def gone(connection):
    """Say whether no session is left."""
    return await connection.fetchval("SELECT count(*) = 0 FROM proxy.session")


async def test_only_callers_with_a_certificate_of_their_authority_speak(live, sandbox):
    async with live.client(None) as nobody:
        assert (await nobody.get("/check/alive")).text == "OK"
        assert (await nobody.post("/connect", json=BODY)).status_code == 403
    async with live.client("stranger.example") as stranger:
        assert (await stranger.post("/connect", json=BODY)).status_code == 403
    context = live.tls(None)
    context.load_cert_chain(sandbox.client_file)  # of another authority
    async with httpx.AsyncClient(base_url=f"https://localhost:{live.port}", verify=context) as other:
        with pytest.raises(httpx.TransportError):
            await other.get("/check/alive")


def test_tls_before_1_2_is_refused(live):
    context = live.tls("dui.example")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises(httpx.TransportError):
        httpx.get(f"https://localhost:{live.port}/check/alive", verify=context)


def test_what_is_badly_said_is_refused_and_nobody_is_called(live):
    head = b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
    for target, status in {
        b"GET /send/one/../token": b"401",  # without a session, a path is not even looked at
        b"GET https://evil.example/send/one/x": b"401",
        b"GET /send/../check/alive": b"401",
        b"GET /traces?start=2026-01-01T00:00:00Z": b"404",
        b"GET /nothing": b"404",
        b"GET /connect": b"405",
    }.items():
        assert live.raw(target + head + b"\r\n").split(b" ")[1] == status, target
    smuggled = b"POST /connect" + head + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    assert live.raw(smuggled).split(b" ")[1] == b"400"


async def test_a_dotted_path_is_not_sent(live, api_control):
    async with live.client() as caller:
        session = await connected(caller)
    await api_control.reset()
    cookie = f"cookie: proxy_session_id={session['proxy_session_id']}\r\n".encode()
    head = b" HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n" + cookie + b"\r\n"
    for path in (b"../token", b"a/../../token", b"http://evil.example/", b"%2e%2e/token"):
        assert live.raw(b"GET /send/one/" + path + head).split(b" ")[1] == b"400", path
    assert await api_control.received() == []


def test_it_ends_when_it_is_told(live):
    assert live.stop() in (0, -15)
    live.start()


async def test_a_caller_who_hangs_up_leaves_no_session(live, psc_control, given):
    await psc_control.seed({"ciba": "wait"})
    async with live.client() as caller:
        with pytest.raises(httpx.ReadTimeout):
            await caller.post("/connect", json=BODY, timeout=1)
    await psc_control.seed({"decide": "approve"})
    await until(lambda: types(given), 20)
    assert await types(given) == ["CONNECT_FAILURE"]
    owner = await asyncpg.connect(given["database_owner_url"])
    assert await gone(owner)
    await owner.close()


async def test_the_client_of_the_server_speaks_to_it(live):
    async with live.client() as http:
        client = ProxyClient(http, "usager")
        session = await client.connect(NATIONAL_ID, "42", "MOBILE")
        answer = await client.send(session, "one", "POST", "a/b?c=d", content=b"body")
        seen = json.loads(answer.content)
        assert (answer.status, seen["path"], seen["query"], seen["body"]) == (200, "/a/b", "c=d", "body")
        await client.disconnect(session)
        await client.disconnect(session)
        with pytest.raises(SignInNeeded):
            await client.send(session, "one", "GET", "x")
        with pytest.raises(SignInNeeded, match="HTTP 400"):
            await client.connect("899700000000", "42", "MOBILE")
