"""Around every request: its id, its count, its line in the log. Never the id of a resource nor a value of a query."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from time import perf_counter
from typing import Any, BinaryIO

import orjson
import structlog

from usager_server.caller import Caller
from usager_server.http.metrics import SharedTally
from usager_server.http.shield import shielded
from usager_server.http.tracing import Tracer

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

KEY = "usager.exchange"
REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
TICK_SECONDS = 0.5
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z

ROUTES = {
    "read": "/fhir/{type}/{id}",
    "vread": "/fhir/{type}/{id}/_history/{version}",
    "update": "/fhir/{type}/{id}",
    "patch": "/fhir/{type}/{id}",
    "delete": "/fhir/{type}/{id}",
    "create": "/fhir/{type}",
    "search_type": "/fhir/{type}",
    "history_instance": "/fhir/{type}/{id}/_history",
}

log = structlog.get_logger()


@dataclass(slots=True)
class Exchange:
    """What is known of a request in flight; the door says its interaction, its type and who calls once it knows."""

    request_id: str
    interaction: str = "other"
    type: str = ""
    status: int = 0
    caller: Caller | None = None


def exchange_of(scope: Scope) -> Exchange:
    """Return the exchange of a request."""
    found: Exchange = scope[KEY]
    return found


class Observed:
    """An ASGI application that watches another; stream is where the lines of requests go, None leaves them out.

    Shape   is_secure: the server is reached by https, and clients are told never to come otherwise.

    Time    under 10 µs a request, its line included.
    """

    def __init__(
        self,
        app: App,
        tally: SharedTally,
        *,
        stream: BinaryIO | None = None,
        tracer: Tracer | None = None,
        is_secure: bool = False,
    ) -> None:
        self._app = app
        self._is_secure = is_secure
        self._tally = tally
        self._tracer = tracer
        self._stream = stream
        self._prefix = secrets.token_hex(5)
        self._number = count(1)
        self._ticking = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        exchange = Exchange(self._request_id(scope))
        scope[KEY] = exchange
        header = (b"x-request-id", exchange.request_id.encode())

        def send_on(message: MutableMapping[str, Any]) -> Awaitable[None]:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                message["headers"] = shielded([*message.get("headers", ()), header], is_secure=self._is_secure)
            return send(message)

        try:
            if self._tracer is None:
                await self._app(scope, receive, send_on)
            else:
                with self._tracer.span(scope, exchange):
                    await self._app(scope, receive, send_on)
        except Exception:
            exchange.status = exchange.status or 500
            log.exception("unhandled", request_id=exchange.request_id, interaction=exchange.interaction)
            raise
        finally:
            self._note(scope["method"], exchange, perf_counter() - began)

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
                return str(value, "ascii")
        return f"{self._prefix}-{next(self._number):x}"

    def _note(self, method: str, exchange: Exchange, seconds: float) -> None:
        interaction, resource_type, status = exchange.interaction, exchange.type, exchange.status
        self._tally.own.add(interaction, resource_type, status, seconds)
        if self._stream is not None:
            self._stream.write(orjson.dumps(_line(method, exchange, seconds), option=LINE))
        if not self._ticking:
            self._ticking = True
            asyncio.get_running_loop().call_later(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        """Flush what the requests of the last moment left: a write each would cost more than the rest together."""
        self._ticking = False
        self._tally.share()
        if self._stream is not None:
            self._stream.flush()


def _line(method: str, exchange: Exchange, seconds: float) -> dict[str, Any]:
    return {
        "timestamp": datetime.now(UTC),
        "level": "info",
        "event": "request",
        "request_id": exchange.request_id,
        "method": method,
        "interaction": exchange.interaction,
        "type": exchange.type,
        "route": ROUTES.get(exchange.interaction, ""),
        "status": exchange.status,
        "ms": round(seconds * 1000, 3),
    }
