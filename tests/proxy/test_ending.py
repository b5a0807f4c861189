"""The end of a session: by its owner, by time, by a sweep; its tokens are revoked whatever happens (psc.md 11.3)."""

import asyncio
from datetime import timedelta

import pytest

from tests.proxy.conftest import BODY, connected, received, rows, traced
from usager_server.proxy.ending import GIVEN_UP, LEASE, sweep


@pytest.fixture
async def session(caller):
    """A session that is open."""
    return await connected(caller)


async def test_disconnecting_ends_it_here_at_pro_sante_connect_and_at_the_apis(
    caller, session, house, psc_control, api_control
):
    cookie = {"Cookie": f"proxy_session_id={session['proxy_session_id']}"}
    answer = await caller.delete("/disconnect")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert (await caller.get("/send/one/x", headers=cookie)).status_code == 401
    assert {it["path"] for it in await received(api_control, "/revoke")} == {"/one/revoke", "/two/revoke"}
    assert len(await received(psc_control, "/revoke")) == 1
    assert "id_token_hint=" in (await received(psc_control, "/logout"))[0]["body"]
    assert (await rows(house, "session"), await rows(house, "api_token")) == (0, 0)
    assert [it["type"] for it in await traced(house)] == ["CONNECT_SUCCESS", "DISCONNECT"]


async def test_disconnecting_twice_or_without_a_session_is_401(caller, session, house):
    cookie = {"Cookie": f"proxy_session_id={session['proxy_session_id']}"}
    assert (await caller.delete("/disconnect")).status_code == 200
    for headers in (cookie, {"Cookie": "proxy_session_id=invented"}, {}):
        answer = await caller.delete("/disconnect", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "401")
    assert len(await traced(house)) == 2


async def test_it_is_over_even_when_nobody_can_be_told_and_they_are_told_later(
    caller, session, house, psc_control, api_control, clock
):
    await psc_control.fault("status", times=20)
    await api_control.fault("status", times=20)
    assert (await caller.delete("/disconnect")).status_code == 200
    assert (await caller.delete("/disconnect")).status_code == 401
    assert await rows(house, "session") == 1
    await psc_control.reset()
    await api_control.reset()
    assert await sweep(house) == 0  # whoever ended it may still be revoking
    clock.moved = LEASE + timedelta(seconds=1)
    assert await sweep(house) == 1
    assert len(await received(api_control, "/revoke")) == 2
    assert await rows(house, "session") == 0


async def test_what_cannot_be_revoked_is_forgotten_once_it_has_ended_by_itself(
    caller, session, house, api_control, clock
):
    await api_control.fault("status", times=1000)
    assert (await caller.delete("/disconnect")).status_code == 200
    clock.moved = GIVEN_UP + timedelta(minutes=5)
    assert await sweep(house) == 1
    assert await rows(house, "session") == 0


async def test_thirty_minutes_without_a_call_end_it(caller, session, house, clock, api_control):
    clock.moved = timedelta(minutes=29)
    assert await sweep(house) == 0
    assert (await caller.post("/connect", json=BODY)).status_code == 304  # which is no use of it
    clock.moved = timedelta(minutes=31)
    assert (await caller.get("/send/one/x")).status_code == 401
    assert await sweep(house) == 1
    assert len(await received(api_control, "/revoke")) == 2
    trace = (await traced(house))[-1]
    assert (trace["type"], trace["reason"], trace["ipAddress"]) == ("DISCONNECT", "idle time-out", "")


async def test_four_hours_end_it_whatever_is_done(caller, session, house, clock):
    for minutes in (239, 241):
        async with house.database.connection() as connection:
            used = house.clock.now() + timedelta(minutes=minutes - 1)
            await connection.execute("UPDATE proxy.session SET last_used = $1", used)
        clock.moved = timedelta(minutes=minutes)
        assert await sweep(house) == (minutes > 240)
    assert (await caller.get("/send/one/x")).status_code == 401
    assert (await traced(house))[-1]["reason"] == "absolute time-out"


async def test_two_sweepers_do_not_tell_the_same_end_twice(session, house, clock, api_control):
    clock.moved = timedelta(minutes=31)
    assert sum(await asyncio.gather(sweep(house), sweep(house))) == 1
    assert len(await received(api_control, "/revoke")) == 2
    assert [it["type"] for it in await traced(house)] == ["CONNECT_SUCCESS", "DISCONNECT"]


async def test_a_token_that_comes_after_the_end_is_not_kept(session, house):
    async with house.database.connection() as connection:
        digest = await connection.fetchval("SELECT digest FROM proxy.session")
        held = await house.sessions.held(digest, "one")
        await connection.execute("UPDATE proxy.session SET ended = now()")
    assert not await house.sessions.keep_api_token(digest, "one", held)
