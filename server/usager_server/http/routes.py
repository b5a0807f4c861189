"""The door of FHIR: one ASGI application for every interaction of every type, with its own table."""

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from usager_server.access.grant import Grant
from usager_server.caller import Caller
from usager_server.errors import AddressTooLong, Forbidden, HeadersTooLarge, Invalid, NotAcceptable
from usager_server.http.body import Disconnected, WireBody
from usager_server.http.context import DEFAULT_TENANT, Context
from usager_server.http.errors import error_reply
from usager_server.http.formats import answer_format, names_type, prefers_raw
from usager_server.http.limits import ADDRESS_LIMIT_BYTES, HEADERS_LIMIT_BYTES
from usager_server.http.observability import KEY, Exchange
from usager_server.http.pace import Pace
from usager_server.http.replies import Manner, Send, send_reply
from usager_server.interactions.bundle import bundle
from usager_server.interactions.capabilities import capabilities
from usager_server.interactions.gate import gated, session_for
from usager_server.interactions.read import parse_http_date, read
from usager_server.interactions.request import Request, parse_prefer, parse_query_string
from usager_server.interactions.routing import Name, route
from usager_server.interactions.session import House, Interaction, Reply, Session
from usager_server.interactions.witnessing import kind_of, witnessed
from usager_server.traces.act import Act
from usager_server.traces.event import Origin

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = dict[bytes, bytes]

NOTHING = Grant()

HOST = re.compile(rb"[A-Za-z0-9._-]{1,255}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")
# A request still running then is watched: when its client hangs up, it is stopped and what it wrote is rolled back.
WATCH_AFTER_SECONDS = 0.5


class FHIRDoor:
    """Takes HTTP requests under the FHIR base, and answers them.

    Time    the hot path, a read, aims at 60 µs of Python above the database.
    """

    def __init__(self, house: House, context: Context, prefix: str = "/fhir", *, pace: Pace | None = None) -> None:
        self._house = house
        self._context = context
        self.prefix = prefix
        self._types = house.definitions.resource_types
        self._public_url = house.settings.base_url
        self._keeps_traces = house.settings.keeps_traces
        self._admitted: set[int] = set()
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers: Headers = dict(scope["headers"])
        exchange = scope.get(KEY) or Exchange(secrets.token_hex(8))
        manner = Manner(base_url=self._base_url(scope, headers), head=scope["method"] == "HEAD")
        try:
            reply = await self._reply(scope, headers, manner, exchange, receive)
            await send_reply(send, reply, manner, self._house.definitions)
        except Disconnected:
            exchange.status = 499
        except Exception as error:
            if exchange.status:
                raise  # the answer has begun: all that is left is to break the connection
            reply = error_reply(error, exchange.request_id, exchange.type)
            await send_reply(send, reply, manner, self._house.definitions)

    async def _reply(
        self, scope: Scope, headers: Headers, manner: Manner, exchange: Exchange, receive: Receive
    ) -> Reply:
        query = scope["query_string"]
        _check_sizes(scope, query)
        _check_host(headers)
        refusal = _read_manner(manner, headers, query)
        name, request = self._routed(scope, query)
        interaction = self._house.interactions[name]
        caller = await self._caller(interaction, headers, exchange.request_id)
        exchange.interaction, exchange.type, exchange.caller = interaction.__name__, request.type, caller
        if refusal is not None and request.type != "Binary" and not request.operation:
            raise refusal
        _read_headers(request, headers)
        act = self._act(scope, interaction, request, caller, manner)
        session = session_for(self._house, caller, manner.base_url, act)
        if caller.tenant not in self._admitted and interaction is not capabilities:
            await self._admit(session)
        if self._pace is not None and interaction is not capabilities:
            await self._pace.step(caller, interaction.__name__)
            if interaction is bundle:
                session = replace(session, pace=self._pace.step)
        allowed = interaction if session.reach is None else gated(name, interaction)
        if interaction is read:  # without a body, and over before anyone hangs up
            return await witnessed(allowed, session, request)
        body = WireBody(receive, headers, self._house.definitions, self._house.settings.body_limit_bytes)
        request.body = body
        return _with_preference(request, await _watched(allowed, session, request, receive, body))

    async def _caller(self, interaction: Interaction, headers: Headers, request_id: str) -> Caller:
        """Return who is calling. What the server can do is told to anyone: FHIR R4 http.html#capabilities."""
        if interaction is capabilities:
            return Caller(DEFAULT_TENANT, "anonymous", request_id, NOTHING)
        return await self._context.caller(headers, request_id)

    def _act(
        self, scope: Scope, interaction: Interaction, request: Request, caller: Caller, manner: Manner
    ) -> Act | None:
        """Return what leaves traces, None when nobody keeps them. What the server can do is nobody's secret."""
        if not self._keeps_traces or interaction is capabilities:
            return None
        act = Act(kind_of(interaction.__name__), origin_of(scope, caller), request.type, request.id, manner.base_url)
        if request.operation:
            act.detail["operation"] = request.operation
        return act

    async def _admit(self, session: Session) -> None:
        """Let the callers of a tenant in, once it is known to exist; a tenant is never taken away."""
        tenant = session.caller.tenant
        if not await session.repository.exists():
            raise Forbidden(f"The token is for tenant {tenant}, and there is none of that number: usager tenants list")
        self._admitted.add(tenant)

    def _routed(self, scope: Scope, query: bytes) -> tuple[Name, Request]:
        path: str = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(self.prefix).strip("/")
        method = scope["method"]
        return route("GET" if method == "HEAD" else method, path, query.decode("latin-1"), self._types)

    def _base_url(self, scope: Scope, headers: Headers) -> str:
        if self._public_url is not None:
            return self._public_url
        host = headers.get(b"host", b"localhost").decode("latin-1")
        return f"{scope.get('scheme', 'http')}://{host}{self.prefix}"


def origin_of(scope: Scope, caller: Caller) -> Origin:
    """Return who acts: the person of the grant when there is one, else the name of the token."""
    grant, address = caller.grant, scope.get("client")
    subject = grant.practitioner or caller.subject
    organization = next(iter(grant.structures)) if grant.structures and len(grant.structures) == 1 else ""
    where = address[0] if address else ""
    return Origin(subject, grant.client, grant.session or "", where, caller.request_id, organization)


def _check_sizes(scope: Scope, query: bytes) -> None:
    if len(scope["path"]) + len(query) > ADDRESS_LIMIT_BYTES:
        raise AddressTooLong(f"The address is over {ADDRESS_LIMIT_BYTES} bytes: search with POST [type]/_search")
    if sum(map(len, chain.from_iterable(scope["headers"]))) > HEADERS_LIMIT_BYTES:
        raise HeadersTooLarge(f"The headers are over {HEADERS_LIMIT_BYTES} bytes")


def _check_host(headers: Headers) -> None:
    """Refuse a Host that is none: it becomes part of every address in the answer."""
    if not HOST.fullmatch(headers.get(b"host", b"localhost")):
        raise Invalid("The Host header is not a host name with an optional port", code="value")


def _read_manner(manner: Manner, headers: Headers, query: bytes) -> NotAcceptable | None:
    """Note how to answer; return the refusal when no FHIR format will do, since raw bytes still may."""
    manner.gzip = b"gzip" in headers.get(b"accept-encoding", b"")
    parameter = None
    if b"_format" in query or b"_pretty" in query:
        wanted = dict(parse_query_string(query.decode("latin-1")))
        parameter, manner.pretty = wanted.get("_format"), wanted.get("_pretty") == "true"
    try:
        manner.form = answer_format(headers.get(b"accept", b"*/*").decode("latin-1"), parameter)
    except NotAcceptable as refusal:
        return refusal
    return None


def _read_headers(request: Request, headers: Headers) -> None:
    """Note what the headers say, as plain values; those of FHIR are few and most requests have none."""

    def wants_raw(stored_type: str) -> bool:
        accept = headers.get(b"accept", b"*/*").decode("latin-1")
        return prefers_raw(accept, request.parameter("_format"), stored_type)

    def names(media_type: str) -> bool:
        accept = headers.get(b"accept", b"*/*").decode("latin-1")
        return names_type(accept, request.parameter("_format"), media_type)

    request.prefers_raw, request.names = wants_raw, names
    if NOTED_NAMES.isdisjoint(headers):
        return
    for name, note in NOTED:
        value = headers.get(name)
        if value is not None:
            note(request, value.decode("latin-1"))


def _if_match(request: Request, text: str) -> None:
    request.if_match = text


def _if_none_match(request: Request, text: str) -> None:
    request.if_none_match = text


def _if_modified_since(request: Request, text: str) -> None:
    request.if_modified_since = parse_http_date(text)


def _if_none_exist(request: Request, text: str) -> None:
    request.if_none_exist = text


def _security_context(request: Request, text: str) -> None:
    request.security_context = text


def _prefer(request: Request, text: str) -> None:
    request.prefer = parse_prefer(text)


NOTED: Sequence[tuple[bytes, Callable[[Request, str], None]]] = (
    (b"if-match", _if_match),
    (b"if-none-match", _if_none_match),
    (b"if-modified-since", _if_modified_since),
    (b"if-none-exist", _if_none_exist),
    (b"x-security-context", _security_context),
    (b"prefer", _prefer),
)
NOTED_NAMES = frozenset(name for name, _ in NOTED)


def _with_preference(request: Request, reply: Reply) -> Reply:
    """Say which preference was followed. Source: RFC 7240 3."""
    returns = request.prefer.returns
    if returns is None or request.method not in ("POST", "PUT", "PATCH", "DELETE") or request.operation:
        return reply
    return replace(reply, headers={**reply.headers, "Preference-Applied": f"return={returns}"})


async def _watched(
    interaction: Interaction, session: Session, request: Request, receive: Receive, body: WireBody
) -> Reply:
    """Run an interaction; once it takes long, stop it when its client hangs up."""
    watch = _Watch(receive, body)
    try:
        return await witnessed(interaction, session, request)
    except asyncio.CancelledError:
        if watch.gone and watch.task.uncancel() == 0:
            raise Disconnected from None
        raise
    finally:
        watch.end()


class _Watch:
    """Waits for the client to hang up, from WATCH_AFTER_SECONDS on, and only once its body is whole."""

    def __init__(self, receive: Receive, body: WireBody) -> None:
        self.gone = False
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("an interaction runs in a task")
        self.task = task
        self._receive = receive
        self._body = body
        self._watcher: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(WATCH_AFTER_SECONDS, self._begin)

    def end(self) -> None:
        """Stop watching."""
        self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    def _begin(self) -> None:
        if self._body.is_being_read:
            self._timer = self._loop.call_later(WATCH_AFTER_SECONDS, self._begin)
        else:
            self._watcher = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self.task.cancel()
