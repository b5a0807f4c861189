"""ANY /send/{backend}/{path}: the call of an API, with the token of the session and the certificate of its client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import httpx
import structlog

from usager_server.national.psc.oauth import OAuthDown, OAuthRefused
from usager_server.proxy.addresses import WrongPath, address
from usager_server.proxy.answers import Refused, refusal_of
from usager_server.proxy.caller import Caller
from usager_server.proxy.ending import end
from usager_server.proxy.exchanging import SignInAgain, held_for, is_good, kept_alive
from usager_server.proxy.headers import Headers, back, onwards
from usager_server.proxy.house import House
from usager_server.proxy.outgoing import CONNECT_SECONDS
from usager_server.proxy.session import Held, Session
from usager_server.proxy.sessions import Used
from usager_server.proxy.trace import Request, Trace, TraceType
from usager_server.proxy.traces import record
from usager_server.requirements import fulfils
from usager_server.sealing import SealError
from usager_server.tls_failures import why

log = structlog.get_logger()

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
NO_SESSION = "no session is open under this proxy_session_id"
WRITE_SECONDS = 60.0
HEAD_SECONDS = 70.0  # to connect, to write a body, and for a head that comes drop by drop, besides one silence
STATUSES = range(200, 600)


@dataclass(frozen=True, slots=True)
class Call:
    """What a caller sends. Shape: path and query still encoded; body whole, so that it can be sent again."""

    backend: str
    method: str
    path: bytes
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Relayed:
    """The answer of an API, as its caller gets it.

    Shape   content gives the body as it comes, still compressed; close gives the connection back, read or not.
    """

    status: int
    headers: Headers
    content: AsyncIterator[bytes]
    close: Callable[[], Awaitable[None]]


@fulfils("P-PSC-02")
async def send(house: House, call: Call, digest: bytes | None, caller: Caller) -> Relayed:
    """Relay a call, with its trace written before it leaves.

    Errors  Refused: 401 without a session, 404 for an API that is not named here, 400 for a path that may not be sent,
            502, 503 and 504 for an API that does not answer; Unavailable, and nothing was sent.
    """
    if digest is None:
        raise Refused(401, NO_SESSION)
    try:
        used = await _used(house, call, digest, caller)
        if used is None:
            raise Refused(401, NO_SESSION)
        if call.backend not in house.settings.backends:
            raise Refused(404, "no API has this name here")
        return await _relay(house, call, used)
    except SignInAgain as ended:
        log.info("a session must be opened again", reason=str(ended))
        await end(house, digest, caller, str(ended))
        raise Refused(401, "Pro Santé Connect has ended the session: connect again") from ended
    except SealError as error:  # altered, or sealed with a key that is not here: the session is of no use any more
        log.error("a token cannot be opened", reason=str(error))
        raise Refused(401, NO_SESSION) from error
    except (OAuthRefused, OAuthDown) as failure:
        raise refusal_of(failure) from failure


async def _used(house: House, call: Call, digest: bytes, caller: Caller) -> Used | None:
    async with house.database.transaction() as connection:
        used = await house.sessions.use(connection, digest, house.clients_of(caller), call.backend, house.clock.now())
        if used is not None and call.backend in house.settings.backends:
            _checked_address(house, call)
            await record(connection, _trace(house, call, used.session, caller))
    return used


async def _relay(house: House, call: Call, used: Used) -> Relayed:
    session, client = used.session, house.clients[used.session.client_id]
    await kept_alive(house, session, used.refresh_by)
    held = used.held
    if held is None or not is_good(house, held, client):
        held = await held_for(house, session, call.backend)
    answer = await _asked(house, call, session, held)
    if not _wants_another_token(answer):
        return _relayed(answer, held)
    await answer.aclose()
    log.info("an API refuses its token", backend=call.backend)
    await house.sessions.forget_api_token(session.digest, call.backend)
    held = await held_for(house, session, call.backend)
    return _relayed(await _asked(house, call, session, held), held)


async def _asked(house: House, call: Call, session: Session, held: Held) -> httpx.Response:
    backend, client = house.settings.backends[call.backend], house.clients[session.client_id]
    http = client.http(backend.trusted_ca_file, call.backend)
    request = httpx.Request(  # not of the pool's making, which would add headers that the caller did not send
        call.method,
        _checked_address(house, call),
        headers=onwards(call.headers, held.token.access_token),
        content=call.body or None,
        extensions={"timeout": _timeout(backend.timeout_seconds).as_dict()},
    )
    try:
        async with asyncio.timeout(backend.timeout_seconds + HEAD_SECONDS):
            answer = await http.send(request, stream=True)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        why(call.backend, error)
        raise Refused(503) from error
    except (httpx.TimeoutException, TimeoutError) as error:
        raise Refused(504) from error
    except httpx.TransportError as error:
        why(call.backend, error)
        raise Refused(502) from error
    if answer.status_code not in STATUSES:  # HTTP has no such answer: what it means nobody can tell
        await answer.aclose()
        raise Refused(502)
    return answer


def _checked_address(house: House, call: Call) -> httpx.URL:
    try:
        return address(house.settings.backends[call.backend].base_url, call.path, call.query)
    except WrongPath as wrong:
        raise Refused(400, f"this path may not be sent: {wrong}") from wrong


def _timeout(seconds: float) -> httpx.Timeout:
    return httpx.Timeout(seconds, connect=CONNECT_SECONDS, write=WRITE_SECONDS, pool=CONNECT_SECONDS)


def _wants_another_token(answer: httpx.Response) -> bool:
    """Say whether the API refuses the token itself (RFC 6750 3.1), and not what it may do."""
    return answer.status_code == 401 and "invalid_token" in answer.headers.get("www-authenticate", "")


def _relayed(answer: httpx.Response, held: Held) -> Relayed:
    headers = back(answer.headers.raw, held.token.access_token, answer.status_code)
    return Relayed(answer.status_code, headers, answer.aiter_raw(), answer.aclose)


def _trace(house: House, call: Call, session: Session, caller: Caller) -> Trace:
    return Trace(
        TraceType.SEND,
        house.clock.now(),
        session.national_id,
        caller,
        session,
        house.clients[session.client_id].identity.subject,
        Request(call.backend, call.method, call.path.decode("ascii")),
    )
