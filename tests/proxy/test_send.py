"""/send: what arrives at an API and what comes back, each row of its table (psc.md 11.2)."""

import asyncio
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl

import asyncpg
import pytest

from tests.proxy.conftest import NATIONAL_ID, client_of, connected, received, rows, traced
from usager_server.proxy.ending import revoke_all
from usager_server.proxy.house import build
from usager_server.proxy.session import digest_of
from usager_server.proxy.settings import ProxySettings
from usager_server.sealing import Sealer, read_keys


@pytest.fixture
async def session(caller):
    """A session that is open."""
    return await connected(caller)


async def test_a_call_arrives_with_its_sub_path_its_query_and_its_body(caller, session):
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        body = b"" if method == "GET" else b"body"
        answer = await caller.request(method, "/send/one/a/b%20c/d?x=1&y=%C3%A9", content=body)
        seen = answer.json()
        assert (seen["method"], seen["path"], seen["query"]) == (method, "/a/b%20c/d", "x=1&y=%C3%A9")
        assert (seen["body"], answer.headers["x-api"]) == (body.decode(), "one")


async def test_an_api_gets_its_own_token_under_the_certificate_of_the_client(caller, session, api_control):
    await caller.get("/send/one/x")
    await caller.get("/send/two/x")
    first, second = (it["headers"]["authorization"] for it in await received(api_control, "/api/x"))
    assert first != second
    assert first.startswith("Bearer ")


async def test_what_is_between_caller_and_proxy_does_not_reach_the_api(caller, session):
    headers = {
        "Authorization": "Basic c2VjcmV0",
        "X-Forwarded-For": "203.0.113.9",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=203.0.113.9",
        "Connection": "X-Hop",
        "X-Hop": "1",
        "TE": "trailers",
        "Client-Cert": ":AAAA:",
        "X-Kept": "yes",
        "Accept": "application/fhir+json",
    }
    seen = (await caller.get("/send/one/x", headers=headers)).json()["headers"]
    assert not {"cookie", "forwarded", "x-hop", "te", "client-cert", "connection"} & seen.keys()
    assert not [name for name in seen if name.startswith("x-forwarded")]
    assert (seen["x-kept"], seen["accept"]) == ("yes", "application/fhir+json")
    assert seen["host"].startswith("localhost:")


async def test_neither_a_cookie_nor_the_token_of_the_api_comes_back(caller, session, api_control):
    await api_control.seed({"repeats_token": True})
    answer = await caller.get("/send/one/x")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "x-token" not in answer.headers


async def test_what_an_api_calls_a_cookie_goes_nowhere(caller, session, api_control, house):
    await caller.get("/send/one/x")
    await caller.get("/send/one/x")
    await house.sessions.forget_api_token(digest_of(session["proxy_session_id"]), "one")
    await caller.get("/send/one/x")
    assert not [it for it in await api_control.received() if "cookie" in it["headers"]]


async def test_a_call_is_traced_before_it_leaves(caller, session, house):
    await caller.post("/send/one/a/b?name=Durand", content=b"x")
    trace = (await traced(house))[-1]
    assert trace["type"] == "SEND"
    assert trace["apiRequest"] == {"nomApiPsc": "one", "methode": "POST", "path": "a/b"}
    assert (trace["IdRPPS"], trace["clientId"]) == (NATIONAL_ID, "usager")
    assert trace["session_state"] == session["session_state"]
    assert session["proxy_session_id"] not in str(trace)
    assert "Durand" not in str(trace)


async def test_without_a_session_it_is_401(caller, house):
    for cookie in ("", "invented", "A" * 43):
        answer = await caller.get("/send/one/x", headers={"Cookie": f"proxy_session_id={cookie}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "401")
    assert (await caller.get("/send/one/x")).status_code == 401
    assert await traced(house) == []


async def test_the_session_of_another_software_is_none(caller, session, house, places):
    cookie = {"Cookie": f"proxy_session_id={session['proxy_session_id']}"}
    async with client_of(house, places.stranger) as stranger:
        assert (await stranger.get("/send/one/x", headers=cookie)).status_code == 401


async def test_an_api_that_is_not_named_in_the_settings_is_404(caller, session, api_control):
    await api_control.reset()
    assert (await caller.get("/send/three/x")).status_code == 404
    assert await api_control.received() == []


async def test_a_path_that_would_lead_elsewhere_is_400(caller, session, api_control, house):
    await api_control.reset()
    for path in ("%2e%2e/token", "..;x/token", "a%2f..%2ftoken", "%252e%252e/token", "http://evil.example/x", "a//b"):
        answer = await caller.get(f"/send/one/{path}")
        assert answer.status_code == 400, path
    assert await api_control.received() == []
    assert [it["type"] for it in await traced(house)] == ["CONNECT_SUCCESS"]


async def test_other_methods_are_405(caller, session, api_control):
    await api_control.reset()
    for method in ("HEAD", "OPTIONS", "TRACE"):
        assert (await caller.request(method, "/send/one/x")).status_code == 405, method
    assert await api_control.received() == []


async def test_the_answer_of_an_api_is_the_answer(caller, session, api_control):
    for status in (400, 404, 409, 500, 502, 503, 504):
        await api_control.fault("status", status=status)
        assert (await caller.get("/send/one/x")).status_code == status


async def test_an_api_that_cannot_be_reached_is_503(given, places, psc_control, api_control, clock):
    given["backends"]["one"]["base_url"] = "https://localhost:1/api"
    given["backends"]["two"]["base_url"] = "https://nowhere.invalid/api"
    house = build(ProxySettings(**given), clock)
    async with client_of(house, places.caller) as caller:
        await connected(caller)
        assert [(await caller.get(f"/send/{name}/x")).status_code for name in ("one", "two")] == [503, 503]
    await house.close()


async def test_an_api_that_hangs_up_is_502(caller, session, api_control):
    await api_control.fault("drop")
    assert (await caller.post("/send/one/x", content=b"x")).status_code == 502
    assert len(await received(api_control, "/api/x")) == 1  # it may have been done: it is not sent again


async def test_an_api_that_is_silent_is_504(given, places, psc_control, api_control, clock):
    given["backends"]["one"]["timeout_seconds"] = 0.5
    house = build(ProxySettings(**given), clock)
    async with client_of(house, places.caller) as caller:
        await connected(caller)
        await api_control.fault("delay", seconds=3)
        assert (await caller.get("/send/one/x")).status_code == 504
    await house.close()


async def test_an_api_of_an_unknown_authority_is_503(given, places, psc_control, api_control, clock):
    given["backends"]["one"]["trusted_ca_file"] = str(places.folder / "callers-ca.pem")
    given["backends"]["one"] |= {"required": False}
    house = build(ProxySettings(**given), clock)
    async with client_of(house, places.caller) as caller:
        await connected(caller)
        assert (await caller.get("/send/one/x")).status_code == 503
    await house.close()


async def test_a_body_over_the_limit_is_413(caller, session, house, given, api_control):
    limit = house.settings.body_limit_bytes
    assert (await caller.post("/send/one/x", content=b"x" * (limit + 1))).status_code == 413
    assert await received(api_control, "/api/x") == []


@pytest.mark.requirement("P-PSC-01")
async def test_one_sign_in_serves_several_apis_past_the_life_of_its_token(
    caller, session, api_control, psc_control, clock
):
    async def called(*names):
        return [(await caller.get(f"/send/{name}/x")).status_code for name in names]

    assert await called("one", "two", "one") == [200] * 3
    clock.moved = timedelta(seconds=121)
    await psc_control.seed({"expire": True})
    await api_control.seed({"forget": True})
    assert await called("two", "one", "two") == [200] * 3
    assert len(await received(api_control, "/token")) == 4
    assert await psc_control.ask({"counts": True}) == {"authentications": 1}


async def test_a_refused_token_is_exchanged_again_once(caller, session, api_control):
    await api_control.seed({"forget": True})
    answer = await caller.post("/send/one/x", content=b"body")
    assert (answer.status_code, answer.json()["body"]) == (200, "body")
    assert len(await received(api_control, "/one/token")) == 2


async def test_a_token_that_is_refused_twice_is_401(caller, session, api_control):
    await api_control.reset()
    await api_control.seed({"lifetime": -10, "psc": None})
    await api_control.seed({"forget": True})
    answer = await caller.get("/send/one/x")
    assert answer.status_code == 401
    assert len(await received(api_control, "/api/x")) == 2


async def test_a_right_that_is_missing_is_told_as_it_is(caller, session, api_control):
    assert (await caller.get("/send/one/forbidden")).status_code == 403
    assert len(await received(api_control, "/one/token")) == 1


async def test_a_token_about_to_end_is_exchanged_before(caller, session, api_control, clock):
    clock.moved = timedelta(minutes=20)
    assert (await caller.get("/send/one/x")).status_code == 200
    assert len(await received(api_control, "/one/token")) == 1
    for minutes in (45, 70):
        clock.moved = timedelta(minutes=minutes)
        assert (await caller.get("/send/one/x")).status_code == 200
    assert len(await received(api_control, "/one/token")) == 2


async def test_a_token_is_renewed_by_its_own_refresh_token(given, places, psc_control, api_control, clock):
    house = build(ProxySettings(**given), clock)
    await api_control.seed({"refresh": True, "lifetime": 60})
    async with client_of(house, places.caller) as caller:
        await connected(caller)
        clock.moved = timedelta(seconds=55)
        assert (await caller.get("/send/one/x")).status_code == 200
    grants = [it["body"] for it in await received(api_control, "/one/token")]
    assert ["grant_type=refresh_token" in it for it in grants] == [False, True]
    await house.close()


async def test_fifty_calls_at_once_renew_a_token_once(caller, session, api_control, house):
    async with house.database.connection() as connection:
        await connection.execute("DELETE FROM proxy.api_token")
    answers = await asyncio.gather(*(caller.get("/send/one/x") for _ in range(50)))
    assert {it.status_code for it in answers} == {200}
    assert len(await received(api_control, "/one/token")) == 2  # at sign-in, then once


async def test_pro_sante_connect_is_kept_alive_by_who_is_at_work(caller, session, psc_control, clock):
    for minutes in (15, 25, 44, 50):
        clock.moved = timedelta(minutes=minutes)
        assert (await caller.get("/send/one/x")).status_code == 200
    refreshed = [it for it in await received(psc_control, "/token") if "grant_type=refresh_token" in it["body"]]
    assert len(refreshed) == 2


async def test_a_session_that_pro_sante_connect_has_ended_is_401_and_over(caller, session, house, clock):
    async with house.database.connection() as connection:
        digest = await connection.fetchval("SELECT digest FROM proxy.session")
    tokens = await house.sessions.tokens(digest)
    await revoke_all(house, house.clients["usager"], tokens, {})
    clock.moved = timedelta(minutes=25)
    answer = await caller.get("/send/one/x")
    assert answer.status_code == 401
    assert "connect again" in answer.json()["message"]
    assert (await caller.get("/send/one/x")).status_code == 401
    assert [it["type"] for it in await traced(house)] == ["CONNECT_SUCCESS", "SEND", "DISCONNECT"]


async def test_a_new_certificate_has_every_token_exchanged_again(caller, session, api_control, house):
    async with house.database.connection() as connection:
        await connection.execute("UPDATE proxy.api_token SET certificate = $1", b"another")
    assert (await caller.get("/send/one/x")).status_code == 200
    assert len(await received(api_control, "/one/token")) == 2


async def test_tokens_bound_in_the_other_form_of_the_thumbprint_are_used_too(
    given, places, psc_control, api_control, clock
):
    given["backends"]["one"]["thumbprint_style"] = "hex-base64"
    await api_control.seed({"binding": "hex-base64"})
    house = build(ProxySettings(**given), clock)
    async with client_of(house, places.caller) as caller:
        await connected(caller)
        assert (await caller.get("/send/one/x")).status_code == 200
    await house.close()


async def test_an_altered_token_is_not_used(caller, session, api_control, house):
    async with house.database.connection() as connection:
        two = await connection.fetchval("SELECT token FROM proxy.api_token WHERE backend = 'two'")
        await connection.execute("UPDATE proxy.api_token SET token = $1", two)
    assert (await caller.get("/send/one/x")).status_code == 401
    async with house.database.connection() as connection:
        await connection.execute("DELETE FROM proxy.api_token")
        await connection.execute("UPDATE proxy.session SET tokens = $1", two)
    assert (await caller.get("/send/one/x")).status_code == 401
    assert await received(api_control, "/api/x") == []


async def test_without_a_trace_nothing_leaves(caller, session, given, api_control):
    owner = await asyncpg.connect(given["database_owner_url"])
    await owner.execute("ALTER TABLE proxy.trace RENAME TO gone")
    assert (await caller.get("/send/one/x")).status_code in (500, 503)
    await owner.close()
    assert await received(api_control, "/api/x") == []


async def test_no_token_lies_in_the_database(caller, session, house, api_control):
    await caller.get("/send/one/x")
    (call,) = await received(api_control, "/api/x")
    token = call["headers"]["authorization"].removeprefix("Bearer ")
    async with house.database.connection() as connection:
        sealed = await connection.fetchval("SELECT token FROM proxy.api_token WHERE backend = 'one'")
    assert token.encode() not in sealed
    assert await rows(house, "api_token") == 2


@pytest.mark.requirement("SC.MSS/CONF.28")
async def test_the_access_token_of_pro_sante_connect_is_not_kept_even_sealed(
    caller, session, house, given, api_control
):
    exchanges = [dict(parse_qsl(it["body"])) for it in await received(api_control, "/token")]
    async with house.database.connection() as connection:
        digest, sealed = await connection.fetchrow("SELECT digest, tokens FROM proxy.session")
    keys = read_keys(Path(given["key_file"]))
    clear = Sealer(keys).open(f"proxy token of {digest.hex()} for Pro Santé Connect", sealed)
    assert b'"refresh_token":"' in clear and b'"access_token":""' in clear
    assert not [form for form in exchanges if form["subject_token"].encode() in clear]


async def test_the_api_of_the_conformity_tool_is_reached(caller, session):
    given = {
        "nationalId": NATIONAL_ID,
        "clientID": "usager",
        "proxy_session_id": session["proxy_session_id"],
        "session_state": session["session_state"],
    }
    signed = (await caller.post("/send/one/signsessiondata", json=given)).json()
    assert signed.pop("signature")
    assert signed == given
