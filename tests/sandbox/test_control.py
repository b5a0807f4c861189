"""What a stand-in is told, what it shows, and each way in which it fails, over real sockets and TLS."""

import time

import httpx
import pytest

BIG = b"x" * 3_000_000


async def test_a_stand_in_answers_over_tls(service, control):
    answer = await service.post("/do?a=1", content=BIG)
    assert answer.json() == {"word": "nothing", "sent": len(BIG), "path": "/base/do"}


async def test_without_the_authority_its_certificate_is_refused(sandbox):
    async with httpx.AsyncClient() as stranger:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await stranger.get(sandbox.settings["echo_url"])


async def test_it_shows_what_it_received(service, control):
    await service.post("/do?a=1", content=b"caf\xc3\xa9", headers={"X-Request": "7"})
    await service.post("/do", content=b"\xff\x00")
    first, second = await control.received()
    assert (first["method"], first["path"], first["query"], first["body"]) == ("POST", "/base/do", "a=1", "café")
    assert (first["headers"]["x-request"], first["certificate"]) == ("7", "")
    assert second["body_base64"] == "/wA="


async def test_a_seed_changes_what_it_answers_until_the_reset(service, control):
    await control.seed("hello")
    assert (await service.get("/")).json()["word"] == "hello"
    await control.reset()
    assert (await service.get("/")).json()["word"] == "nothing"
    assert len(await control.received()) == 1


async def test_one_stand_in_does_not_know_what_another_received(service, control, orders):
    await service.get("/")
    assert (await orders.get("/other/received")).json() == {"received": []}


async def test_a_delay_delays_the_answer(service, control):
    await control.fault("delay", seconds=0.4)
    began = time.monotonic()
    assert (await service.get("/")).status_code == 200
    assert time.monotonic() - began >= 0.4


async def test_a_drop_closes_the_connection_after_the_request_was_received(service, control):
    await control.fault("drop")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        await service.post("/", content=b"taken")
    assert (await control.received())[0]["body"] == "taken"


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
async def test_a_status_is_answered(service, control, status):
    await control.fault("status", status=status)
    assert (await service.get("/")).status_code == status


async def test_a_malformed_body_is_cut_in_two(service, control):
    await control.fault("malformed")
    answer = await service.get("/")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        answer.json()


async def test_an_expired_token_is_answered_as_rfc_6750_says(service, control):
    await control.fault("expired-token")
    answer = await service.get("/")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


async def test_a_duplicate_answer_is_sent_twice_on_the_wire(sandbox, control):
    import asyncio
    import ssl

    await control.fault("duplicate")
    port = sandbox.running[0].port
    trusted = ssl.create_default_context(cafile=str(sandbox.ca_file))
    reader, writer = await asyncio.open_connection("localhost", port, ssl=trusted)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).count(b"HTTP/1.1 200") == 2
    writer.close()


async def test_faults_are_met_in_order_and_as_often_as_told(service, control):
    await control.fault("status", status=503, times=2)
    await control.fault("status", status=429)
    seen = [(await service.get("/")).status_code for _ in range(4)]
    assert seen == [503, 503, 429, 200]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"kind": "explode"}, "delay, drop, status, malformed, expired-token, duplicate"),
        ({"kind": "status", "status": 200}, "status is a whole number from 400 to 599"),
        ({"kind": "delay"}, "a delay says how many seconds"),
        ({"kind": "delay", "seconds": 1e9}, "seconds is a number from 0 to 300"),
        ({"kind": "drop", "times": True}, "times is a whole number from 1 to 1000"),
        ({"kind": "drop", "after": 1}, "after is not a member of a fault"),
        ([], "a fault is an object"),
    ],
)
async def test_a_wrong_fault_is_refused_with_what_would_be_right(orders, fault, told):
    answer = await orders.post("/echo/faults", json=fault)
    assert answer.status_code == 400
    assert told in answer.json()["error"]


async def test_a_wrong_seed_and_no_json_are_refused(orders):
    assert (await orders.put("/echo/seed", json=7)).json() == {"error": "a word is a string"}
    assert (await orders.put("/echo/seed", content=b"{")).status_code == 400


async def test_unknown_stand_ins_and_orders_are_named(orders):
    assert "there are: echo, other" in (await orders.get("/ehco/received")).json()["error"]
    assert "PUT seed" in (await orders.get("/echo/receive")).json()["error"]


async def test_a_defect_of_a_stand_in_is_told_as_such(service, control):
    answer = await service.get("/raise")
    assert answer.status_code == 500
    assert answer.json()["error"] == "the stand-in failed: KeyError: 'defect'"


async def test_the_control_api_lists_the_stand_ins(orders, sandbox):
    listed = (await orders.get("/")).json()["stand_ins"]
    assert [it["name"] for it in listed] == ["echo", "other"]
    assert listed[0]["url"] == sandbox.running[0].url
