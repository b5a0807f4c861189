"""What OAuth requests and answers look like on the wire."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from usager_server.authorization.bearers import CERTIFICATE
from usager_server.authorization.errors import OAuthError
from usager_server.authorization.form import parse_form
from usager_server.authorization.limits import OAUTH_BODY_LIMIT_BYTES
from usager_server.errors import FHIRError
from usager_server.http.body import short_body
from usager_server.http.observability import exchange_of
from usager_server.traces.event import Origin

NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache", "X-Content-Type-Options": "nosniff"}
FORM = "application/x-www-form-urlencoded"

Handler = Callable[[Any, Request], Awaitable[Response]]

log = structlog.get_logger()


def answered(handler: Handler) -> Handler:
    """Return a handler whose refusals are told in OAuth's words. It is named in the log and in the metrics."""

    @wraps(handler)
    async def told(self: Any, request: Request) -> Response:
        exchange_of(request.scope).interaction = f"oauth_{handler.__name__}"
        try:
            return await handler(self, request)
        except OAuthError as refusal:
            return refused(refusal)
        except FHIRError as error:  # of a floor below: the database, or a right to read a resource
            code = "temporarily_unavailable" if error.status == 503 else "invalid_request"
            return refused(OAuthError(code, error.issues[0].diagnostics, error.status))

    return told


def refused(refusal: OAuthError) -> Response:
    """Return the answer that tells a refusal. Source: RFC 6749 5.2."""
    challenge = {"WWW-Authenticate": 'Bearer realm="usager"'} if refusal.status == 401 else {}
    return JSONResponse(refusal.as_json(), refusal.status, {**NO_STORE, **challenge})


async def read_form(request: Request) -> Mapping[str, str]:
    """Return the form of a request. Errors: OAuthError invalid_request."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise OAuthError("invalid_request", f"Content-Type must be {FORM}")
    if request.url.query:
        raise OAuthError("invalid_request", "the parameters are in the body, none in the address")
    try:
        return parse_form((await read_body(request)).decode())
    except UnicodeDecodeError as error:
        raise OAuthError("invalid_request", "the form is not UTF-8") from error


async def read_json(request: Request) -> Mapping[str, Any]:
    """Return the object that a request holds. Errors: OAuthError invalid_request."""
    try:
        found = orjson.loads(await read_body(request))
    except orjson.JSONDecodeError as error:
        raise OAuthError("invalid_request", "the body is not JSON") from error
    if not isinstance(found, dict):
        raise OAuthError("invalid_request", "the body is not a JSON object")
    return found


async def read_body(request: Request) -> bytes:
    """Return the body of a request, which is short. Errors: OAuthError invalid_request (413, 408)."""
    try:
        return await short_body(request, OAUTH_BODY_LIMIT_BYTES)
    except FHIRError as error:
        raise OAuthError("invalid_request", error.issues[0].diagnostics, error.status) from error


def headers_of(request: Request) -> dict[bytes, bytes]:
    """Return the headers of a request as the door of FHIR has them."""
    return dict(request.headers.raw)


def origin_of_request(request: Request, subject: str = "anonymous") -> Origin:
    """Return from where a request comes, for the trace of what it does."""
    address = request.client.host if request.client else ""
    return Origin(subject, address=address, request_id=exchange_of(request.scope).request_id)


def certificate_of(request: Request) -> str | None:
    """Return the thumbprint of the certificate that the TLS client showed, as far as it is known."""
    return headers_of(request).get(CERTIFICATE, b"").decode("latin-1") or None
