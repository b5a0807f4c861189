"""Signing in by CIBA at our addresses: asked, agreed, refused, too often."""

import asyncio

import pytest

from tests.national.psc.conftest import fail, order, received
from tests.national.psc.signing_in import DOCTOR, NURSE, account_of, served
from usager_server.national.psc import ciba


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch):
    """Poll once a second: the stand-in names no interval, and five seconds are those of test_ciba.py."""
    monkeypatch.setattr(ciba, "DEFAULT_INTERVAL_SECONDS", 1)


@pytest.fixture
async def server(sandbox, database, tmp_path):
    async with served(sandbox, database.url, tmp_path) as client:
        yield client


async def asked(server, login=NURSE, **changes):
    """Have somebody asked; return the answer."""
    return await server.post("/sign-in/ciba", json={"national_id": login, "channel": "MOBILE", **changes})


async def polled(server, ticket, until=(200,), seconds=30):
    """Ask after it as often as the server says, until a status comes."""
    answer = await server.post("/sign-in/ciba/poll", json={"ticket": ticket})
    while answer.status_code == 202 and answer.status_code not in until:
        await asyncio.sleep(float(answer.headers["Retry-After"]))
        answer = await server.post("/sign-in/ciba/poll", json={"ticket": ticket})
    return answer


async def test_who_agrees_on_their_telephone_is_signed_in(server, sandbox):
    await account_of(server, NURSE)
    waiting = (await asked(server)).json()
    form = received(sandbox, "/ext/ciba/auth")[-1]["body"]
    assert "acr_values=eidas1" in form and f"binding_message={waiting['binding_message']}" in form
    assert len(waiting["binding_message"]) == 2
    early = await server.post("/sign-in/ciba/poll", json={"ticket": waiting["ticket"]})
    assert early.status_code == 202 and received(sandbox, "/token") == []
    answer = await polled(server, waiting["ticket"])
    assert (answer.status_code, answer.json()["means"], answer.json()["acr"]) == (200, "psc", "eidas1")
    assert (await server.get("/session")).json()["sid"] == answer.json()["sid"]
    assert (await server.post("/sign-in/ciba/poll", json={"ticket": waiting["ticket"]})).status_code == 401


async def test_who_refuses_is_not_signed_in(server, sandbox):
    await account_of(server, NURSE)
    order(sandbox, ciba="deny")
    answer = await polled(server, (await asked(server)).json()["ticket"])
    assert answer.status_code == 401
    assert (await asked(server)).status_code == 202  # nobody waits any more


async def test_nobody_is_asked_twice_at_once_nor_all_day(server, sandbox):
    order(sandbox, ciba="wait")
    both = await asyncio.gather(*(asked(server) for _ in range(4)))
    assert sorted(it.status_code for it in both) == [202, 429, 429, 429]
    assert len(received(sandbox, "/ext/ciba/auth")) == 1
    assert (await asked(server, DOCTOR)).status_code == 202


async def test_nobody_is_asked_by_one_organisation_after_another(server, sandbox):
    order(sandbox, ciba="wait")
    statuses = [(await asked(server, tenant=tenant)).status_code for tenant in (2, 1, 7)]
    assert statuses == [202, 429, 404]
    assert len(received(sandbox, "/ext/ciba/auth")) == 1


async def test_another_spelling_is_no_other_person(server):
    statuses = [(await asked(server, spelling)).status_code for spelling in ("3b0123456/Ab", "3B0123456/AB")]
    assert statuses == [403, 429]  # the provider knows nobody of that name; who is counted is one person


async def test_a_provider_that_fails_now_and_then_is_asked_again(server, sandbox):
    await account_of(server, NURSE)
    ticket = (await asked(server)).json()["ticket"]
    fail(sandbox, times=2)
    assert (await polled(server, ticket)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"channel": "SMS"}, 400),
        ({"national_id": ""}, 400),
        ({"national_id": f"{NURSE} "}, 400),
        ({"national_id": f"{NURSE}\u200b"}, 400),
        ({"national_id": "8\n9999999999"}, 400),
        ({"national_id": "899999999999"}, 403),
        ({"tenant": 0}, 400),
    ],
)
async def test_a_request_that_will_not_do_is_refused(server, changes, status):
    assert (await asked(server, **changes)).status_code == status


async def test_somebody_without_account_gets_no_session(server):
    answer = await polled(server, (await asked(server, DOCTOR)).json()["ticket"])
    assert answer.status_code == 403
    assert (await server.get("/session")).status_code == 401
