"""The back channel: what one answer leaves behind for the next call."""

import httpx

from tests.national.psc.answers import CALLER, ENDPOINT, Server
from usager_server.national.psc.oauth import get, post


async def test_the_cookies_of_one_answer_do_not_go_with_the_next_call():
    server = Server(httpx.Response(200, json={}, headers={"Set-Cookie": "AUTH_SESSION=of-somebody; Path=/"}))
    for _ in range(2):
        await post(server.http, ENDPOINT, {}, CALLER)
        await get(server.http, ENDPOINT)
    assert not [request for request in server.requests if "cookie" in request.headers]
