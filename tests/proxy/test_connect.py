"""POST /connect: each row of its table, and its traces (psc.md 11.1)."""

import asyncio
import json
from datetime import timedelta

import asyncpg
import pytest

from tests.proxy.conftest import BODY, NATIONAL_ID, client_of, connected, received, rows, traced, until
from usager_server.proxy.app import create_proxy
from usager_server.proxy.caller import PEER_CERTIFICATE
from usager_server.proxy.house import build
from usager_server.proxy.settings import ProxySettings


async def test_a_session_is_opened(caller, house):
    answer = await caller.post("/connect", json=BODY)
    assert answer.status_code == 200
    assert answer.json().keys() == {"proxy_session_id", "session_state"}
    assert answer.json()["session_state"]
    cookie = f"proxy_session_id={answer.json()['proxy_session_id']}; Path=/; Secure; HttpOnly; SameSite=Strict"
    assert answer.headers["set-cookie"] == cookie
    (trace,) = await traced(house)
    assert trace["type"] == "CONNECT_SUCCESS"
    assert (trace["IdRPPS"], trace["ipAddress"], trace["ports"]) == (NATIONAL_ID, "192.0.2.7", [4242])
    assert trace["session_state"] == answer.json()["session_state"]
    assert trace["dn"] == house.clients["usager"].identity.subject


async def test_pro_sante_connect_is_asked_at_the_level_wanted(caller, psc_control):
    await connected(caller)
    (asked,) = await received(psc_control, "/ext/ciba/auth")
    for part in ("acr_values=eidas1", "binding_message=42", "channel=MOBILE", f"login_hint={NATIONAL_ID}"):
        assert part in asked["body"]


async def test_every_api_gives_its_token_at_once(caller, api_control, house):
    await connected(caller)
    assert {it["path"] for it in await received(api_control, "/token")} == {"/one/token", "/two/token"}
    assert await rows(house, "api_token") == 2


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("{", "JSON"),
        ("[]", "JSON object"),
        ({}, "nationalId"),
        (BODY | {"nationalId": "8 OR 1=1"}, "nationalId"),
        (BODY | {"nationalId": 8}, "nationalId"),
        (BODY | {"nationalId": "8" * 65}, "nationalId"),
        (BODY | {"bindingMessage": "7"}, "bindingMessage"),
        (BODY | {"bindingMessage": "٤٢"}, "bindingMessage"),
        (BODY | {"channel": "SMS"}, "channel"),
        (BODY | {"clientId": "a b"}, "clientId"),
    ],
    ids=str,
)
async def test_a_wrong_body_is_400_and_asks_nobody(caller, psc_control, house, body, told):
    content = {"content": body} if isinstance(body, str) else {"json": body}
    answer = await caller.post("/connect", **content)
    assert answer.status_code == 400
    assert answer.json()["code"] == "400"
    assert told in answer.json()["message"]
    assert answer.json()["metadata"].keys() <= {"nationalId", "clientId"}
    assert await psc_control.received() == []
    assert await traced(house) == []


async def test_a_body_without_end_is_413(caller):
    assert (await caller.post("/connect", content=b" " * 20_000)).status_code == 413


async def test_a_live_session_is_304_and_pro_sante_connect_is_not_called(caller, psc_control, house):
    await connected(caller)
    await psc_control.reset()
    again = await caller.post("/connect", json=BODY)
    assert (again.status_code, again.content) == (304, b"")
    assert await psc_control.received() == []
    assert [it["type"] for it in await traced(house)] == ["CONNECT_SUCCESS", "CONNECT_REPLAY"]


async def test_the_session_of_another_professional_is_not_replayed(caller):
    await connected(caller)
    other = await caller.post("/connect", json=BODY | {"nationalId": "899700000000"})
    assert other.status_code == 409


async def test_an_unknown_client_is_404(caller, psc_control, house):
    answer = await caller.post("/connect", json=BODY | {"clientId": "another"})
    assert answer.status_code == 404
    assert answer.json()["metadata"] == {"nationalId": NATIONAL_ID, "clientId": "another"}
    assert await psc_control.received() == []
    (trace,) = await traced(house)
    assert trace["type"] == "CONNECT_FAILURE"
    assert not {"clientId", "proxy_id_session", "session_state"} & trace.keys()


async def test_a_caller_whose_certificate_is_not_of_the_client_is_403(caller, house, places, psc_control):
    async with client_of(house, places.stranger) as stranger:
        answer = await stranger.post("/connect", json=BODY)
    assert answer.status_code == 403
    assert await psc_control.received() == []


async def test_a_caller_without_certificate_is_403_everywhere_but_alive(house):
    async with client_of(house, None) as nobody:
        assert (await nobody.post("/connect", json=BODY)).status_code == 403
        assert (await nobody.get("/send/one/x")).status_code == 403
        assert (await nobody.delete("/disconnect")).status_code == 403
        alive = await nobody.get("/check/alive")
    assert (alive.status_code, alive.text) == (200, "OK")


async def test_a_refusal_of_pro_sante_connect_is_401_in_its_own_words(caller, house):
    answer = await caller.post("/connect", json=BODY | {"nationalId": "899700000000"})
    assert answer.status_code == 401
    assert "HTTP 400, " in answer.json()["message"]
    (trace,) = await traced(house)
    assert trace["type"] == "CONNECT_FAILURE"


async def test_the_professional_says_no(caller, psc_control, house):
    await psc_control.seed({"ciba": "deny"})
    answer = await caller.post("/connect", json=BODY)
    assert answer.status_code == 401
    assert "access_denied" in answer.json()["message"]
    assert await rows(house, "session") == 0


@pytest.mark.parametrize("status", [502, 503, 504])
async def test_a_gateway_before_pro_sante_connect_is_told_as_it_is(caller, house, psc_control, status):
    await connected(caller)  # its discovery is known from now on
    caller.cookies.clear()
    await psc_control.fault("status", status=status, times=1)
    answer = await caller.post("/connect", json=BODY)
    assert (answer.status_code, answer.content) == (status, b"")
    assert (await traced(house))[-1]["type"] == "CONNECT_FAILURE"


async def test_pro_sante_connect_is_down_from_the_start(caller, house, psc_control):
    await psc_control.fault("drop", times=10)
    assert (await caller.post("/connect", json=BODY)).status_code == 503
    assert [it["type"] for it in await traced(house)] == ["CONNECT_FAILURE"]


async def test_what_is_no_token_is_401(caller, psc_control, house):
    await connected(caller)
    caller.cookies.clear()
    await psc_control.fault("malformed", times=1)
    answer = await caller.post("/connect", json=BODY)
    assert answer.status_code == 401
    assert "unreadable_answer" in answer.json()["message"]


async def test_a_defect_is_500_without_a_word(caller, house, monkeypatch):
    async def broken(*_arguments):
        raise ZeroDivisionError("Durand")

    monkeypatch.setattr("usager_server.proxy.app.connect", broken)
    answer = await caller.post("/connect", json=BODY)
    assert (answer.status_code, answer.content) == (500, b"")


@pytest.mark.parametrize("acr", [None, "0", "eidas0"])
async def test_a_level_that_is_absent_or_unknown_is_refused(caller, psc_control, house, acr):
    await psc_control.seed({"acr": acr})
    answer = await caller.post("/connect", json=BODY)
    assert answer.status_code == 401
    assert "acr" in answer.json()["message"]
    assert await rows(house, "session") == 0


async def test_another_than_the_one_who_was_asked_is_refused(caller, house, monkeypatch, psc_control):
    async def somebody_else(*_arguments):
        return {"899700000000"}

    monkeypatch.setattr("usager_server.proxy.connecting._national_ids", somebody_else)
    answer = await caller.post("/connect", json=BODY)
    assert answer.status_code == 401
    assert "not the one who was asked" in answer.json()["message"]
    assert await received(psc_control, "/revoke")  # what was given is given back


async def test_an_api_that_says_no_is_401_and_nothing_is_left(caller, house, psc_control, api_control):
    await api_control.seed({"extra": {"subject_issuer": "psc"}})
    answer = await caller.post("/connect", json=BODY)
    assert answer.status_code == 401
    assert "HTTP 400, invalid_request" in answer.json()["message"]
    assert await rows(house, "session") == 0
    assert await received(psc_control, "/revoke")


async def test_an_api_that_is_down_is_503(caller, house, api_control):
    await api_control.fault("status", status=500, times=10)
    assert (await caller.post("/connect", json=BODY)).status_code == 503
    assert await rows(house, "session") == 0


async def test_a_token_bound_to_another_certificate_is_refused(caller, api_control):
    await api_control.seed({"binding": "other"})
    answer = await caller.post("/connect", json=BODY)
    assert answer.status_code == 401
    assert "wrong_certificate" in answer.json()["message"]


async def test_an_api_that_may_be_missing_is_told_and_asked_at_the_first_call(
    given, places, psc_control, api_control, clock
):
    for backend in given["backends"].values():
        backend["required"] = False
    house = build(ProxySettings(**given), clock)
    async with client_of(house, places.caller) as caller:
        await api_control.fault("status", times=1)
        (missing,) = (await connected(caller))["unavailableBackends"]
        await api_control.fault("status", times=1)
        assert (await caller.get(f"/send/{missing}/x")).status_code == 503
        assert (await caller.get(f"/send/{missing}/x")).status_code == 200
    await house.close()


async def test_an_api_may_wait_for_its_first_call(given, places, psc_control, api_control, clock, house):
    given["backends"]["two"] |= {"required": False, "exchange": "first-call"}
    house = build(ProxySettings(**given), clock)
    async with client_of(house, places.caller) as caller:
        assert (await connected(caller))["unavailableBackends"] == ["two"]
        assert [it["path"] for it in await received(api_control, "/token")] == ["/one/token"]
        assert (await caller.get("/send/two/x")).status_code == 200
    await house.close()


async def test_a_professional_is_asked_by_one_at_a_time(caller, psc_control, house, places):
    await psc_control.seed({"ciba": "wait"})
    first = asyncio.create_task(caller.post("/connect", json=BODY))
    await until(lambda: rows(house, "sign_in"))
    async with client_of(house, places.caller) as second:
        answer = await second.post("/connect", json=BODY)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    await psc_control.seed({"decide": "approve"})
    assert (await first).status_code == 200


async def test_a_professional_is_asked_five_times_in_a_quarter_of_an_hour(caller, psc_control, house, clock):
    await psc_control.seed({"ciba": "deny"})
    statuses = [(await caller.post("/connect", json=BODY)).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    clock.moved = timedelta(minutes=16)
    answer = await caller.post("/connect", json=BODY)
    assert answer.status_code == 401
    assert "access_denied" in answer.json()["message"]


async def test_another_case_is_no_other_professional(caller):
    spellings = ["3b0123456/ab", "3B0123456/AB"] * 3  # of nobody that the provider knows
    bodies = [{**BODY, "nationalId": spelling} for spelling in spellings]
    assert [(await caller.post("/connect", json=body)).status_code for body in bodies] == [401] * 5 + [429]


async def test_who_leaves_opens_no_session(house, places, psc_control, api_control):
    await psc_control.seed({"ciba": "wait"})
    parts = [{"type": "http.request", "body": json.dumps(BODY).encode()}, {"type": "http.disconnect"}]
    sent = []

    async def receive():
        return parts.pop(0) if len(parts) > 1 else parts[0]

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/connect",
        "raw_path": b"/connect",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.7", 1),
        PEER_CERTIFICATE: places.caller,
    }
    await create_proxy(house)(scope, receive, send)
    assert sent[0]["status"] == 499
    assert await rows(house, "session") == 0
    assert (await traced(house))[-1]["reason"] == "Abandoned"


async def test_without_a_trace_no_session_is_opened(caller, house, given, psc_control):
    owner = await asyncpg.connect(given["database_owner_url"])
    await owner.execute("REVOKE INSERT ON proxy.trace FROM usager_proxy")
    answer = await caller.post("/connect", json=BODY)
    await owner.close()
    assert answer.status_code in (500, 503)
    assert await rows(house, "session") == 0
    assert await received(psc_control, "/revoke")
