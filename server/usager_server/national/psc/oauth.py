"""The back channel to an authorization server: forms out, JSON in; transport only."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.streams import whole
from usager_server.tls_failures import why

ANSWER_LIMIT_BYTES = 256 * 1024
TIMEOUT_SECONDS = 10.0
DOWN_WITHOUT_STATUS = 503
GATEWAY_STATUSES = (502, 503, 504)
TEXT_LIMIT = 200


class OAuthRefused(ServiceRefused):
    """The server said no. Shape: status is HTTP's; error and description are OAuth's, cut, printable."""

    def __init__(self, status: int, error: str, description: str = "") -> None:
        self.status, self.error, self.description = status, _plain(error), _plain(description)
        super().__init__(f"{self.status} {self.error}")


class OAuthDown(ServiceDown):
    """The server gives no answer of its own. Shape: status 502, 503 or 504, as it or a gateway says; 503 otherwise."""

    def __init__(self, reason: str, status: int = DOWN_WITHOUT_STATUS) -> None:
        self.status = status if status in GATEWAY_STATUSES else DOWN_WITHOUT_STATUS
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """Who calls: known by the certificate of its connection (RFC 8705) and, when it has one, by its secret too."""

    client_id: str
    secret: str | None = field(default=None, repr=False)

    @property
    def authentication(self) -> httpx.BasicAuth | None:
        """Return what goes in the header Authorization."""
        return None if self.secret is None else httpx.BasicAuth(self.client_id, self.secret)


async def post(http: httpx.AsyncClient, url: str, form: Mapping[str, str], caller: OAuthClient) -> dict[str, Any]:
    """Send a form as a client and return the JSON object that answers it, {} for an empty answer.

    Time    TIMEOUT_SECONDS, from the connection to the last byte.
    Errors  OAuthDown: no answer, 429 or 5xx; OAuthRefused: any other answer than a 2xx that can be read.
    """
    data = {"client_id": caller.client_id, **form}
    authentication = caller.authentication or httpx.USE_CLIENT_DEFAULT
    request = http.build_request("POST", url, data=data, headers={"Accept": "application/json"})
    return await _answer(http, request, authentication)


async def get(http: httpx.AsyncClient, url: str, bearer: str | None = None) -> dict[str, Any]:
    """Return the JSON object at an address. Errors: as post."""
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    return await _answer(http, http.build_request("GET", url, headers=headers), httpx.USE_CLIENT_DEFAULT)


async def _answer(http: httpx.AsyncClient, request: httpx.Request, authentication: Any) -> dict[str, Any]:
    request.headers.pop("cookie", None)  # httpx keeps those of every answer: one person's would go with another's call
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            answer = await http.send(request, auth=authentication, stream=True, follow_redirects=False)
            try:
                content = await _content(answer)
            finally:
                await answer.aclose()
    except TimeoutError as error:
        raise OAuthDown(f"no answer within {TIMEOUT_SECONDS:g} s", 504) from error
    except httpx.TransportError as error:
        raise OAuthDown(why("psc", error)) from error
    if answer.status_code == 429 or answer.is_server_error:
        raise OAuthDown(f"the answer is {answer.status_code}", answer.status_code)
    return _object(answer.status_code, answer.is_success, content)


async def _content(answer: httpx.Response) -> bytes:
    too_long = OAuthRefused(answer.status_code, "answer_too_large")
    return await whole(answer.aiter_bytes(), ANSWER_LIMIT_BYTES, too_long)


def _object(status: int, is_success: bool, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content) if content.strip() else {}
    except (ValueError, RecursionError) as error:
        raise OAuthRefused(status, "unreadable_answer") from error
    if not isinstance(found, dict):
        raise OAuthRefused(status, "unreadable_answer")
    if not is_success:
        raise OAuthRefused(status, str(found.get("error", "no_error_code")), str(found.get("error_description", "")))
    return found


def _plain(text: str) -> str:
    return "".join(it if it.isprintable() else " " for it in text[:TEXT_LIMIT])
