"""Web pages of other origins (CORS): a page may read what its own application was registered for, and nothing else.

No cookie counts here: a page that has no token of its own gets nothing. What it may read is told by the origins of the
redirect addresses of the client that its token is of. Source: WHATWG Fetch, CORS protocol.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from usager_server.authorization.clients import Client
from usager_server.http.limits import ORIGIN_LIMIT_BYTES, ORIGINS_KNOWN, ORIGINS_SECONDS
from usager_server.http.observability import App, Receive, Scope, Send, exchange_of

METHODS = b"GET, POST, PUT, PATCH, DELETE, HEAD"
ASKED = (
    b"Authorization, Content-Type, Accept, Prefer, If-Match, If-None-Match, If-Modified-Since, If-None-Exist, "
    b"X-Request-Id"
)
TOLD = (
    b"ETag, Location, Content-Location, Last-Modified, Content-Disposition, Retry-After, WWW-Authenticate, X-Request-Id"
)
REMEMBERED_SECONDS = b"600"
OPEN = ("/fhir", "/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/jwks")
"""Where pages of other origins may ask; the pages that people sign in on are not among them."""

FindClient = Callable[[int, str], Awaitable[Client | None]]


class Origins:
    """Answers preflights, and lets a page read the answers to its own application.

    Time    nothing without an Origin header; a look-up of the client each ORIGINS_SECONDS with one.
    """

    def __init__(self, app: App, find_client: FindClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._find_client = find_client
        self._clock = clock
        self._known: OrderedDict[tuple[int, str], tuple[float, frozenset[bytes]]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on; the answer bears the headers that its page needs."""
        origin = _origin(scope) if scope["type"] == "http" and scope["path"].startswith(OPEN) else None
        if origin is None:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and any(
            name == b"access-control-request-method" for name, _ in scope["headers"]
        ):
            await _allow_asking(send, origin)
        else:
            await self._app(scope, receive, self._readable(scope, origin, send))

    def _readable(self, scope: Scope, origin: bytes, send: Send) -> Send:
        async def send_on(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start" and await self._may_read(scope, origin):
                more = [
                    (b"access-control-allow-origin", origin),
                    (b"access-control-expose-headers", TOLD),
                    (b"vary", b"origin"),
                ]
                message["headers"] = [*message.get("headers", ()), *more]
            await send(message)

        return send_on

    async def _may_read(self, scope: Scope, origin: bytes) -> bool:
        """Say whether a page may read an answer: to nobody in particular, or to the application that it is of."""
        caller = exchange_of(scope).caller
        if caller is None or not caller.grant.client:
            return True
        return origin in await self._origins(caller.tenant, caller.grant.client)

    async def _origins(self, tenant: int, client_id: str) -> frozenset[bytes]:
        key, now = (tenant, client_id), self._clock()
        until, origins = self._known.get(key, (0.0, frozenset()))
        if now >= until:
            client = await self._find_client(tenant, client_id)
            origins = frozenset(map(origin_of, client.redirect_uris)) if client else frozenset()
            self._known[key] = (now + ORIGINS_SECONDS, origins)
            if len(self._known) > ORIGINS_KNOWN:
                self._known.popitem(last=False)
        return origins


def origin_of(address: str) -> bytes:
    """Return the origin of an address, as a browser writes it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}".lower().encode()


def _origin(scope: Scope) -> bytes | None:
    found = [value for name, value in scope["headers"] if name == b"origin"]
    return found[0] if len(found) == 1 and len(found[0]) <= ORIGIN_LIMIT_BYTES else None


async def _allow_asking(send: Send, origin: bytes) -> None:
    """Answer a preflight: a request may be sent, which any program may do. Who reads the answer is told with it."""
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", METHODS),
        (b"access-control-allow-headers", ASKED),
        (b"access-control-max-age", REMEMBERED_SECONDS),
        (b"vary", b"origin"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body"})
