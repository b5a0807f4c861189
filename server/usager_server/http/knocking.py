"""How often an address may knock where people and clients prove who they are: what was refused counts most.

An account slows down and locks by itself (`accounts/locking.py`). This is for who tries one password on every account,
guesses codes, or only wants to keep the server busy.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import IPv6Address, ip_network
from typing import Any

import orjson
from starlette.responses import Response

from usager_server.access.rate import Rate
from usager_server.errors import FHIRError, operation_outcome
from usager_server.http.context import DEFAULT_TENANT
from usager_server.http.forwarding import peer
from usager_server.http.observability import App, Receive, Scope, Send, exchange_of
from usager_server.http.pace import throttled
from usager_server.http.purses import Purses, Take
from usager_server.http.sign_in.wire import FRENCH, NO_STORE, shown
from usager_server.networks import Address
from usager_server.settings import Settings

DOORS = ("/sign-in", "/oauth/")
PUBLIC = "/oauth/jwks"  # proves nothing of anybody, and is there when the database is not
IPV6_PREFIX = 64  # what one subscriber has: its addresses are without number
GiveBack = Callable[[int, str, Rate, int], Awaitable[None]]


class Knocks:
    """Counts the requests of each address, and more strictly those that are refused.

    Shape   two buckets for each IPv4 address, or /64 of IPv6, in the first tenant: nobody is known yet. A request is
            taken as refused before it is looked at, so that many at once are held too, and given back when it was not.
    Time    a statement before a request and one after it that was not refused, 0.36 ms together; nothing elsewhere.
    """

    def __init__(self, app: App, settings: Settings, take: Take, give_back: GiveBack) -> None:
        self._app = app
        self._all = Rate(settings.requests_per_minute, settings.requests_per_minute)
        self._refused = Rate(settings.refusals_per_minute, settings.refusals_per_minute)
        self._purses = Purses(take)
        self._take = take
        self._give_back = give_back

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer 429 with Retry-After."""
        if scope["type"] != "http" or not scope["path"].startswith(DOORS) or scope["path"] == PUBLIC:
            await self._app(scope, receive, send)
            return
        key = neighbourhood(peer(scope))
        try:
            await self._let_in(key)
        except FHIRError as refusal:
            await (await _told(scope, refusal))(scope, receive, send)
            return
        statuses: list[int] = []

        async def send_on(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        await self._app(scope, receive, send_on)
        if not (statuses and 400 <= statuses[0] < 500):
            await self._give_back(DEFAULT_TENANT, f"refused {key}", self._refused, 1)

    async def _let_in(self, key: str) -> None:
        wait = await self._purses.spend(DEFAULT_TENANT, f"knock {key}", self._all)
        if wait is None:
            wait = await self._take(DEFAULT_TENANT, f"refused {key}", self._refused, 1)
        if wait is not None:
            raise throttled("Too many requests of this address, or too many that were refused", wait)


def neighbourhood(address: Address | None) -> str:
    """Return what is counted together: an IPv4 address, or the /64 of an IPv6 one."""
    if isinstance(address, IPv6Address):
        return str(ip_network((address.packed, IPV6_PREFIX), strict=False))
    return str(address)


async def _told(scope: Scope, refusal: FHIRError) -> Response:
    """Return a refusal in the words of whoever knocks: a person at a browser, an OAuth client, a program."""
    exchange_of(scope).interaction = "knock"
    accepted = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    if b"text/html" in accepted:
        why = FRENCH.get(refusal.status, FRENCH[503])
        return await shown("sign_in_refused.html", refusal.status, refusal.headers, why=why, again=True)
    headers = {**NO_STORE, **refusal.headers}
    if scope["path"].startswith("/oauth/"):
        body = {"error": "temporarily_unavailable", "error_description": str(refusal)}
        return Response(orjson.dumps(body), refusal.status, headers, "application/json")
    outcome = orjson.dumps(operation_outcome(refusal.issues))
    return Response(outcome, refusal.status, headers, "application/fhir+json")
