"""The answers of the contract: a code, what was wrong, and of whom and what it speaks."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from usager_server.national.psc.oauth import OAuthDown, OAuthRefused

COOKIE = "proxy_session_id"  # the name is in the contract, which forbids __Host-
NO_STORE = {"Cache-Control": "no-store"}


class Refused(Exception):
    """What a caller is refused with. Shape: message None for an answer without a body."""

    def __init__(
        self,
        status: int,
        message: str | None = None,
        *,
        metadata: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message or str(status))
        self.status, self.message = status, message
        self.metadata, self.headers = metadata, headers or {}

    def response(self) -> Response:
        """Return the answer."""
        if self.message is None:
            return empty(self.status, self.headers)
        content: dict[str, Any] = {"code": str(self.status), "message": self.message}
        if self.metadata is not None:
            content["metadata"] = dict(self.metadata)
        return json_answer(self.status, content, self.headers)


def json_answer(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer of JSON, which nobody may keep."""
    return Response(orjson.dumps(content), status, {**NO_STORE, **(headers or {})}, "application/json")


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer without a body."""
    return Response(b"", status, {**NO_STORE, **(headers or {})})


def refusal_of(failure: OAuthRefused | OAuthDown, metadata: Mapping[str, Any] | None = None) -> Refused:
    """Return what a caller is told when an authorization server says no, or nothing."""
    if isinstance(failure, OAuthDown):
        return Refused(failure.status)
    told = f"HTTP {failure.status}, {failure.error}" + (f": {failure.description}" if failure.description else "")
    return Refused(401, told, metadata=metadata)


def set_cookie(session_id: str) -> str:
    """Return the cookie of a session, which no script reads and no other site sends."""
    return f"{COOKIE}={session_id}; Path=/; Secure; HttpOnly; SameSite=Strict"


def clear_cookie() -> str:
    """Return the cookie that ends it."""
    return f"{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict"
