"""The client of a Proxy e-santé: what it sends, what it makes of each answer (psc.md 11)."""

import json

import httpx
import pytest

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.national.proxy.client import CONNECT_SECONDS, ProxyClient, ProxySession, SignInNeeded

OPEN = {"proxy_session_id": "496fe9d6-9b81-11ef-adf1-4bdf50bfb5a6", "session_state": "state"}
SESSION = ProxySession("mine", "state")


class Proxy:
    """A proxy that gives one answer, and keeps what it was sent."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self._answer_with = answer
        self.requests: list[httpx.Request] = []
        transport = httpx.MockTransport(self._answer)
        self.client = ProxyClient(httpx.AsyncClient(transport=transport, base_url="https://proxy.example"), "usager")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self._answer_with, Exception):
            raise self._answer_with
        return self._answer_with


def said(status: int, message: str = "because") -> httpx.Response:
    """Return a descriptor of an error."""
    return httpx.Response(status, json={"code": str(status), "message": message})


async def test_a_session_is_asked_for_as_the_contract_says():
    proxy = Proxy(httpx.Response(200, json=OPEN, headers={"Set-Cookie": "proxy_session_id=x; Path=/"}))
    found = await proxy.client.connect("899700000000", "42", "CARD")
    assert (found.session_id, found.state) == (OPEN["proxy_session_id"], "state")
    assert found.session_id not in repr(found)
    request = proxy.requests[0]
    assert (request.method, request.url.path) == ("POST", "/connect")
    assert json.loads(request.content) == {
        "nationalId": "899700000000",
        "bindingMessage": "42",
        "clientId": "usager",
        "channel": "CARD",
    }
    assert request.extensions["timeout"]["read"] == CONNECT_SECONDS


async def test_one_professional_s_cookie_does_not_go_with_another_s_call():
    proxy = Proxy(httpx.Response(200, json=OPEN, headers={"Set-Cookie": "proxy_session_id=x; Path=/"}))
    await proxy.client.connect("899700000000", "42", "CARD")
    await proxy.client.connect("899700000001", "43", "CARD")
    await proxy.client.send(SESSION, "insi", "GET", "x")
    assert [it.headers.get("cookie") for it in proxy.requests] == [None, None, "proxy_session_id=mine"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (said(400), ServiceRefused),
        (said(401, "HTTP 400, access_denied"), SignInNeeded),
        (said(404), ServiceRefused),
        (httpx.Response(304), ServiceRefused),
        (said(429), ServiceDown),
        (httpx.Response(500), ServiceDown),
        (httpx.Response(503), ServiceDown),
        (httpx.Response(504), ServiceDown),
        (httpx.Response(200, content=b"<html>"), ServiceRefused),
        (httpx.Response(200, json=[]), ServiceRefused),
        (httpx.Response(200, json={"proxy_session_id": "a; b"}), ServiceRefused),
        (httpx.ReadTimeout("late"), ServiceDown),
    ],
)
async def test_no_session_is_told_as_it_is(answer, error):
    with pytest.raises(error):
        await Proxy(answer).client.connect("899700000000", "42", "CARD")


async def test_the_words_of_the_proxy_are_kept():
    with pytest.raises(SignInNeeded, match="access_denied"):
        await Proxy(said(401, "HTTP 400, access_denied")).client.connect("899700000000", "42", "CARD")


async def test_a_call_is_sent_through_a_session():
    proxy = Proxy(httpx.Response(404, content=b"none", headers={"X-Api": "1"}))
    answer = await proxy.client.send(
        SESSION, "in si", "POST", "a%20b/c?d=e", headers={"Accept": "application/fhir+json"}, content=b"body"
    )
    assert (answer.status, answer.headers["x-api"], answer.content) == (404, "1", b"none")
    request = proxy.requests[0]
    assert (request.method, request.url.raw_path) == ("POST", b"/send/in%20si/a%20b/c?d=e")
    assert (request.headers["cookie"], request.content) == ("proxy_session_id=mine", b"body")
    assert request.headers["accept"] == "application/fhir+json"


@pytest.mark.parametrize(
    ("status", "error"), [(401, SignInNeeded), (429, ServiceDown), (502, ServiceDown), (503, ServiceDown)]
)
async def test_a_call_that_does_not_get_through_is_told(status, error):
    with pytest.raises(error):
        await Proxy(said(status)).client.send(SESSION, "insi", "GET", "x")


async def test_ending_a_session_that_has_ended_is_no_error():
    for status in (200, 401):
        proxy = Proxy(httpx.Response(status))
        await proxy.client.disconnect(SESSION)
        assert (proxy.requests[0].method, proxy.requests[0].url.path) == ("DELETE", "/disconnect")
    with pytest.raises(ServiceDown):
        await Proxy(httpx.Response(503)).client.disconnect(SESSION)
