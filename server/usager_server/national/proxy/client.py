"""Calls a Proxy e-santé by its contract: opens a session, sends calls through it, ends it; transport only."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

import httpx

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.streams import whole
from usager_server.tls_failures import why

COOKIE = "proxy_session_id"
CONNECT_SECONDS = 150.0  # /connect waits for the professional, 120 s at most, then for the exchanges
SEND_SECONDS = 70.0
ANSWER_LIMIT_BYTES = 64 * 1024 * 1024
ID_SHAPE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]{1,200}")  # what a cookie may hold (RFC 6265 4.1.1)
NO_HEADERS: Mapping[str, str] = {}

Channel = Literal["CARD", "MOBILE"]


class SignInNeeded(ServiceRefused):
    """The proxy knows no such session, or it has ended: the professional must sign in again."""


@dataclass(frozen=True, slots=True)
class ProxySession:
    """A session that is open. Shape: state is that of Pro Santé Connect; unavailable names APIs without a token yet."""

    session_id: str = field(repr=False)
    state: str
    unavailable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What an API answered through the proxy. Shape: header names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class ProxyClient:
    """One client id at one proxy. Shape: http is led to the proxy and shows the certificate of that client id."""

    def __init__(self, http: httpx.AsyncClient, client_id: str) -> None:
        self._http, self._client_id = http, client_id

    async def connect(self, national_id: str, binding_message: str, channel: Channel) -> ProxySession:
        """Return a session once the professional has agreed on a device of their own.

        Time    CONNECT_SECONDS at most.
        Errors  ServiceRefused: 4xx, with the proxy's words; ServiceDown: no answer, 429 or 5xx.
        """
        body = {
            "nationalId": national_id,
            "bindingMessage": binding_message,
            "clientId": self._client_id,
            "channel": channel,
        }
        answer = await self._ask("POST", "/connect", CONNECT_SECONDS, json=body)
        if answer.status != 200:
            raise _failure(answer)
        return _session(answer)

    async def send(
        self,
        session: ProxySession,
        backend: str,
        method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"],
        path: str,
        *,
        headers: Mapping[str, str] = NO_HEADERS,
        content: bytes = b"",
    ) -> ApiAnswer:
        """Return what an API answers, whatever its status; path is encoded already, with its query.

        Errors  SignInNeeded: 401; ServiceDown: no answer, 429, 502, 503, 504. All others are the API's to tell.
        """
        address = f"/send/{quote(backend, safe='')}/{path}"
        kept = dict(headers) | _cookie(session)
        answer = await self._ask(method, address, SEND_SECONDS, headers=kept, content=content)
        if answer.status in (401, 429, 502, 503, 504):
            raise _failure(answer)
        return answer

    async def disconnect(self, session: ProxySession) -> None:
        """End a session; one that has ended already is no error. Errors: ServiceDown; ServiceRefused."""
        answer = await self._ask("DELETE", "/disconnect", SEND_SECONDS, headers=_cookie(session))
        if answer.status not in (200, 401):
            raise _failure(answer)

    async def _ask(self, method: str, address: str, seconds: float, **parts: Any) -> ApiAnswer:
        request = self._http.build_request(method, address, timeout=seconds, **parts)
        if "cookie" not in parts.get("headers", {}):
            request.headers.pop("cookie", None)  # httpx keeps the cookie of the last session: this call is for none
        try:
            answer = await self._http.send(request, stream=True)
            try:
                return ApiAnswer(answer.status_code, dict(answer.headers), await _content(answer))
            finally:
                await answer.aclose()
        except httpx.TransportError as error:
            raise ServiceDown(f"the proxy does not answer ({why('proxy', error)})") from error
        finally:
            self._http.cookies.clear()


async def _content(answer: httpx.Response) -> bytes:
    too_long = ServiceRefused(f"the answer has more than {ANSWER_LIMIT_BYTES} bytes")
    return await whole(answer.aiter_bytes(), ANSWER_LIMIT_BYTES, too_long)


def _cookie(session: ProxySession) -> dict[str, str]:
    return {"cookie": f"{COOKIE}={session.session_id}"}


def _session(answer: ApiAnswer) -> ProxySession:
    found = _json(answer)
    session_id, state, lacking = found.get(COOKIE), found.get("session_state"), found.get("unavailableBackends", [])
    if not isinstance(session_id, str) or not ID_SHAPE.fullmatch(session_id):
        raise ServiceRefused("the proxy gives no session id")
    names = tuple(it for it in lacking if isinstance(it, str)) if isinstance(lacking, list) else ()
    return ProxySession(session_id, state if isinstance(state, str) else "", names)


def _failure(answer: ApiAnswer) -> Exception:
    """Return what a status means, with the words of the proxy when it has some."""
    message = _json(answer).get("message")
    told = f"{answer.status}" + (f": {message[:300]}" if isinstance(message, str) else "")
    if answer.status == 429 or answer.status >= 500:
        return ServiceDown(f"the proxy answers {told}")
    return (SignInNeeded if answer.status == 401 else ServiceRefused)(f"the proxy answers {told}")


def _json(answer: ApiAnswer) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
