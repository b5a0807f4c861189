"""The routes of the contract: reads requests, hands them on, renders what comes back."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import structlog
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from usager_server.errors import Unavailable
from usager_server.logs import where_it_failed
from usager_server.national.psc.ciba import Abandoned
from usager_server.proxy.answers import COOKIE, Refused, clear_cookie, empty, json_answer, set_cookie
from usager_server.proxy.caller import Caller, caller_of
from usager_server.proxy.connecting import BODY_LIMIT_BYTES, connect, parse_wish, replayed
from usager_server.proxy.ending import end, wipe
from usager_server.proxy.house import House
from usager_server.proxy.sending import METHODS, NO_SESSION, Call, send
from usager_server.proxy.session import digest_of
from usager_server.proxy.sweeping import sweeping
from usager_server.proxy.trace import shown
from usager_server.proxy.traces import between
from usager_server.streams import whole

log = structlog.get_logger()

MOST_TRACES = 10_000
SEND = re.compile(rb"/send/([^/]+)(?:/(.*))?", re.DOTALL)
CLIENT_CLOSED = 499

Handler = Callable[[House, Request, Caller], Awaitable[Response]]


async def post_connect(house: House, request: Request, caller: Caller) -> Response:
    """Answer POST /connect."""
    wish = parse_wish(await _body(request, BODY_LIMIT_BYTES))
    digest = _digest(request)
    live = await house.sessions.live(digest, house.clients_of(caller), house.clock.now()) if digest else None
    if live is not None:
        await replayed(house, wish, live, caller)
        return empty(304)

    async def is_wanted() -> bool:
        return not await request.is_disconnected()

    opened = await connect(house, wish, caller, is_wanted)
    content = {"proxy_session_id": opened.session_id, "session_state": opened.session_state}
    told = {"unavailableBackends": list(opened.unavailable)} if opened.unavailable else {}
    return json_answer(200, content | told, {"Set-Cookie": set_cookie(opened.session_id)})


async def any_send(house: House, request: Request, caller: Caller) -> Response:
    """Answer /send/{backend}/{path}, whatever the path holds."""
    if request.method not in METHODS:  # HEAD comes with GET, whether the contract has it or not
        raise Refused(405, headers={"Allow": ", ".join(METHODS)})
    found = SEND.fullmatch(request.scope["raw_path"])
    if found is None:
        raise Refused(404, "the path is /send/{backend}/{path}")
    call = Call(
        backend=found[1].decode("ascii", "replace"),
        method=request.method,
        path=found[2] or b"",
        query=request.scope["query_string"],
        headers=request.headers.raw,
        body=await _body(request, house.settings.body_limit_bytes),
    )
    relayed = await send(house, call, _digest(request), caller)
    answer = StreamingResponse(relayed.content, relayed.status, background=BackgroundTask(relayed.close))
    answer.raw_headers = relayed.headers
    return answer


async def delete_disconnect(house: House, request: Request, caller: Caller) -> Response:
    """Answer DELETE /disconnect; the session is over even when its tokens cannot be revoked at once."""
    digest = _digest(request)
    ended = await end(house, digest, caller) if digest else None
    if ended is None:
        raise Refused(401, NO_SESSION)
    try:
        await wipe(house, ended)
    except Unavailable as error:
        log.warning("the tokens of a session wait to be revoked", reason=str(error))
    return empty(200, {"Set-Cookie": clear_cookie()})


async def get_traces(house: House, request: Request, caller: Caller) -> Response:
    """Answer GET /traces, to the readers of the conformity campaign."""
    if not house.may_read_traces(caller):
        raise Refused(403, "the certificate of the caller may not read the traces")
    start = _instant(request, "start") if "start" in request.query_params else None
    if start is None:
        raise Refused(400, "start is missing: a date and time with its zone")
    until = _instant(request, "end") if "end" in request.query_params else house.clock.now()
    found = await between(house.database, start, until, MOST_TRACES + 1)
    if len(found) > MOST_TRACES:
        raise Refused(400, f"there are over {MOST_TRACES} traces: ask for a shorter time")
    return json_answer(200, [shown(body) for body in found])


async def get_alive(_request: Request) -> Response:
    """Answer GET /check/alive, to anybody."""
    return PlainTextResponse("OK")


def create_proxy(house: House) -> Starlette:
    """Return the application; it sweeps ended sessions while it runs."""

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        async with sweeping(house):
            yield
        await house.close()

    routes = [
        Route("/connect", _answered(house, post_connect), methods=["POST"]),
        Route("/send/{rest:path}", _answered(house, any_send), methods=list(METHODS)),
        Route("/disconnect", _answered(house, delete_disconnect), methods=["DELETE"]),
        Route("/check/alive", get_alive, methods=["GET"]),
    ]
    if house.settings.conformity.enabled:
        routes.append(Route("/traces", _answered(house, get_traces), methods=["GET"]))
    app = Starlette(routes=routes, lifespan=life)
    app.router.redirect_slashes = False
    return app


def _answered(house: House, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    return partial(_answer, house, handler)


async def _answer(house: House, handler: Handler, request: Request) -> Response:
    caller = caller_of(request.scope, request.headers.items(), house.settings.listen.trusted_proxies)
    if caller.certificate is None:
        return Refused(403, "a client certificate is needed").response()
    try:
        return await handler(house, request, caller)
    except Refused as refused:
        return refused.response()
    except Unavailable as error:
        log.error("the proxy cannot answer", reason=str(error))
        return empty(503)
    except (Abandoned, ClientDisconnect):
        return empty(CLIENT_CLOSED)
    except Exception as error:
        told = where_it_failed((type(error), error, error.__traceback__))
        log.error("the proxy has a defect", exception=told)
        return empty(500)


async def _body(request: Request, limit_bytes: int) -> bytes:
    """Return the body, whole. Errors: Refused (413)."""
    return await whole(request.stream(), limit_bytes, Refused(413, f"the body is over {limit_bytes} bytes"))


def _digest(request: Request) -> bytes | None:
    return digest_of(request.cookies.get(COOKIE, ""))


def _instant(request: Request, name: str) -> datetime:
    try:
        found = datetime.fromisoformat(request.query_params[name].replace(" ", "+"))  # a + that was not encoded
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refused(400, f"{name} is a date and time with its zone, such as 2026-01-31T08:00:00Z")
    return found.astimezone(UTC)
