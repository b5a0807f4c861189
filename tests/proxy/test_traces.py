"""/traces and the chain: who may read, what is found when somebody touches them (psc.md 11.4)."""

from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from tests.proxy.conftest import CALLER_SUBJECT, NATIONAL_ID, client_of, connected
from usager_server.errors import Unavailable
from usager_server.proxy.caller import Caller
from usager_server.proxy.database import check
from usager_server.proxy.house import build
from usager_server.proxy.settings import ProxySettings
from usager_server.proxy.trace import Trace, TraceType
from usager_server.proxy.traces import head, record_alone
from usager_server.proxy.verifying import verified

START = "2026-01-01T00:00:00Z"


@pytest.fixture
async def campaign(given, clock, psc_control, api_control):
    """A proxy during the conformity campaign."""
    given["conformity"] = {"enabled": True, "readers": [CALLER_SUBJECT]}
    house = build(ProxySettings(**given), clock)
    yield house
    await house.close()


async def test_out_of_the_campaign_there_are_no_traces_to_read(house, places):
    async with client_of(house, places.caller) as caller:
        assert (await caller.get("/traces", params={"start": START})).status_code == 404


async def test_a_campaign_reads_what_was_done(campaign, places):
    async with client_of(campaign, places.caller) as caller:
        session = await connected(caller)
        await caller.get("/send/one/a/b")
        await caller.delete("/disconnect")
        found = (await caller.get("/traces", params={"start": START})).json()
    assert [it["type"] for it in found] == ["CONNECT_SUCCESS", "SEND", "DISCONNECT"]
    for trace in found:
        assert trace["IdRPPS"] == NATIONAL_ID
        assert (trace["ipAddress"], trace["ports"], trace["clientId"]) == ("192.0.2.7", [4242], "usager")
        assert trace["proxy_id_session"] == session["proxy_session_id"]
        assert trace["session_state"] == session["session_state"]
        assert trace["dn"] == campaign.clients["usager"].identity.subject
        assert datetime.fromisoformat(trace["timestamp"]).tzinfo is not None
    assert found[1]["apiRequest"] == {"nomApiPsc": "one", "methode": "GET", "path": "a/b"}


async def test_both_ends_of_the_time_are_excluded(campaign, places):
    at = datetime(2026, 1, 2, tzinfo=UTC)
    for seconds in range(3):
        trace = Trace(TraceType.CONNECT_FAILURE, at + timedelta(seconds=seconds), "8", Caller("192.0.2.1", 1, None))
        await record_alone(campaign.database, trace)
    async with client_of(campaign, places.caller) as caller:
        times = {"start": "2026-01-02T00:00:00Z", "end": "2026-01-02T01:00:02+01:00"}
        found = (await caller.get("/traces", params=times)).json()
    assert [it["timestamp"] for it in found] == ["2026-01-02T00:00:01.000+00:00"]
    assert "clientId" not in found[0]


async def test_a_time_that_is_none_is_400(campaign, places):
    async with client_of(campaign, places.caller) as caller:
        for query in ("", "start=", "start=today", "start=2026-01-01", f"start={START}&end=later"):
            assert (await caller.get(f"/traces?{query}")).status_code == 400, query


async def test_only_the_readers_of_the_campaign_read(campaign, places):
    for certificate in (places.stranger, None):
        async with client_of(campaign, certificate) as caller:
            assert (await caller.get("/traces", params={"start": START})).status_code == 403


async def recorded(house, count):
    """Record a few acts."""
    for number in range(count):
        trace = Trace(TraceType.CONNECT_FAILURE, house.clock.now(), str(number), None, reason="é")
        await record_alone(house.database, trace)


async def test_a_chain_that_nobody_touched_is_whole(house):
    await recorded(house, 5)
    last = await head(house.database)
    found = await verified(house.settings, {last.number: last.digest})
    assert (found.count, found.faults) == (5, [])


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE proxy.trace SET body = replace(body, '\"2\"', '\"9\"') WHERE number = 3", "3: altered"),
        ("UPDATE proxy.trace SET at = at - interval '1 day' WHERE number = 3", "3: its time is not that of its body"),
        ("DELETE FROM proxy.trace WHERE number = 3", "3 to 3: missing"),
        ("DELETE FROM proxy.trace WHERE number = 1", "1 to 1: missing"),
        ("DELETE FROM proxy.trace WHERE number = 5", "5: missing, and its head is known"),
        ("UPDATE proxy.trace SET number = 11 - number WHERE number IN (5, 3)", "3 to 3: missing"),
    ],
)
async def test_what_the_owner_of_the_database_does_to_it_is_found(house, given, statement, told):
    await recorded(house, 5)
    last = await head(house.database)
    owner = await asyncpg.connect(given["database_owner_url"])
    await owner.execute("ALTER TABLE proxy.trace DISABLE TRIGGER ALL")
    await owner.execute(statement)
    await owner.close()
    assert told in (await verified(house.settings, {last.number: last.digest})).faults


@pytest.mark.parametrize(
    "statement", ["UPDATE proxy.trace SET body = ''", "DELETE FROM proxy.trace", "TRUNCATE proxy.trace"]
)
async def test_nobody_changes_a_trace_in_passing(house, given, statement):
    await recorded(house, 1)
    for url in (given["database_url"], given["database_owner_url"]):
        connection = await asyncpg.connect(url)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
        await connection.close()


async def test_a_role_that_may_change_the_traces_does_not_serve(given, clock):
    given["database_url"] = given["database_owner_url"]
    house = build(ProxySettings(**given), clock)
    with pytest.raises(Unavailable, match="may change the traces"):
        await check(house.database)
    await house.close()


async def test_the_role_of_the_proxy_serves(house):
    await check(house.database)
