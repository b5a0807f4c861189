"""What comes in and goes out at the desk: forms, cookies, who acts, and how a refusal is told."""

import hmac
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from usager_server.accounts.journal import Actor
from usager_server.accounts.session import COOKIE, Key, SignedIn, cookie_in, new_key, parse_key
from usager_server.errors import (
    FHIRError,
    Forbidden,
    Invalid,
    LoginRequired,
    ServiceDown,
    ServiceRefused,
    Unavailable,
    UnsupportedMediaType,
    operation_outcome,
)
from usager_server.http.body import short_body
from usager_server.http.observability import exchange_of
from usager_server.http.templating import templates

NO_STORE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
PAGE_HEADERS = {
    **NO_STORE,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
}
FORM = "application/x-www-form-urlencoded"
BODY_LIMIT_BYTES, FIELDS = 16 * 1024, 30
BROWSER = "__Host-sign-in"
CSRF_HEADER = "x-csrf-token"
LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,4000}")
LARGEST_TENANT = 2**31 - 1

# What people read; what a developer reads stays in the OperationOutcome.
FRENCH = {
    400: "Cette demande n'est pas valable, ou elle est trop ancienne. Recommencez.",
    401: "L'identifiant, le mot de passe ou le code n'est pas le bon.",
    403: "La connexion est refusée.",
    404: "Cette page n'existe pas.",
    409: "Ce n'est pas possible dans l'état actuel du compte.",
    422: "Ce qui a été saisi ne convient pas.",
    429: "Trop d'essais. Patientez, ou demandez à un administrateur.",
    503: "Le service ne peut pas répondre pour le moment. Réessayez dans un instant.",
}

Handler = Callable[[Any, Request], Awaitable[Response]]


def named(handler: Handler) -> Handler:
    """Return a handler that the log and the metrics name, whose refusals are told to programs as OperationOutcomes."""
    return _answering(handler, _told)


def page(handler: Handler) -> Handler:
    """Return a handler that the log and the metrics name, whose refusals are shown to people."""
    return _answering(handler, _shown)


def _answering(handler: Handler, refused: Callable[[FHIRError], Awaitable[Response]]) -> Handler:
    @wraps(handler)
    async def answer(self: Any, request: Request) -> Response:
        exchange_of(request.scope).interaction = f"desk_{handler.__name__}"
        try:
            return await handler(self, request)
        except (FHIRError, ServiceDown, ServiceRefused) as error:
            return await refused(in_our_words(error))

    return answer


async def _told(refusal: FHIRError) -> Response:
    headers = {**NO_STORE, **refusal.headers}
    outcome = operation_outcome(refusal.issues)
    return JSONResponse(outcome, refusal.status, headers, media_type="application/fhir+json")


async def _shown(refusal: FHIRError) -> Response:
    why = FRENCH.get(refusal.status, FRENCH[503])
    return await shown("sign_in_refused.html", refusal.status, refusal.headers, why=why, again=True)


async def shown(
    template: str, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
) -> HTMLResponse:
    """Return a page."""
    html = await templates().get_template(template).render_async(**context)
    return HTMLResponse(html, status, {**PAGE_HEADERS, **(headers or {})})


def in_our_words(error: Exception) -> FHIRError:
    """Return a refusal in FHIR's terms: a provider that is down is 503, one that refuses is 403."""
    if isinstance(error, FHIRError):
        return error
    if isinstance(error, ServiceDown):
        return Unavailable("Pro Santé Connect does not answer: try again, or sign in by another means")
    return Forbidden("Pro Santé Connect did not prove who you are: begin again")


async def read_form(request: Request) -> dict[str, str]:
    """Return the form of a request. Errors: UnsupportedMediaType (415), Invalid (400), as short_body."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise UnsupportedMediaType(f"Content-Type must be {FORM}")
    return parsed((await short_body(request, BODY_LIMIT_BYTES)).decode("utf-8", "replace"))


async def read_json(request: Request) -> dict[str, Any]:
    """Return the object that a request holds. Errors: as read_form."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise UnsupportedMediaType("Content-Type must be application/json")
    try:
        found = orjson.loads(await short_body(request, BODY_LIMIT_BYTES))
    except orjson.JSONDecodeError as error:
        raise Invalid("The body is not JSON") from error
    if not isinstance(found, dict):
        raise Invalid("The body is not a JSON object")
    return found


def parsed(text: str) -> dict[str, str]:
    """Return the fields of a form or of a query, each once. Errors: Invalid (400)."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=FIELDS)
    except ValueError as error:
        raise Invalid(f"There are at most {FIELDS} fields") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Invalid("A field is given twice")
    return fields


def back_of(fields: Mapping[str, str]) -> str:
    """Return where somebody goes after signing in: a path of ours, whatever was asked for."""
    wanted = fields.get("return", "")
    return wanted if LOCAL_PATH.fullmatch(wanted) else "/session"


def tenant_of(fields: Mapping[str, str]) -> int:
    """Return the organisation that somebody signs in to; the first one when none is said. Errors: Invalid (400)."""
    text = fields.get("tenant", "1")
    if not text.isdecimal() or len(text) > 10 or not 0 < int(text) <= LARGEST_TENANT:
        raise Invalid("tenant is the number of an organisation")
    return int(text)


def headers_of(request: Request) -> dict[bytes, bytes]:
    """Return the headers of a request as `accounts/session.py` reads them."""
    return dict(request.headers.raw)


def browser_of(request: Request, tenant: int) -> Key:
    """Return what tells this browser from others before anybody has signed in; a new one when it has none."""
    known = parse_key(cookie_in(headers_of(request), BROWSER) or "")
    return known if known is not None and known.tenant == tenant else new_key(tenant)


def known_browser(request: Request) -> Key:
    """Return what a browser was given at the beginning. Errors: Invalid (400) when it shows nothing."""
    known = parse_key(cookie_in(headers_of(request), BROWSER) or "")
    if known is None:
        raise Invalid("This sign-in was begun in another browser: begin again", code="security")
    return known


def check_csrf(key: Key | None, shown_token: str | None) -> None:
    """Refuse a form or a call that a page elsewhere could have made. Errors: Forbidden (403)."""
    if key is None or not hmac.compare_digest((shown_token or "").encode(), key.csrf.encode()):
        raise Forbidden(f"The token against forged requests is missing or wrong: {CSRF_HEADER}", code="security")


def actor_of(request: Request, session: SignedIn | None = None, label: str = "anonymous") -> Actor:
    """Return who acts, and from where."""
    address = request.client.host if request.client else None
    request_id = exchange_of(request.scope).request_id
    if session is None:
        return Actor(label, address=address, request_id=request_id)
    name = session.practitioner or session.account.username
    return Actor(name, session.account.id, session.sid, address, request_id)


def agent_of(request: Request) -> str | None:
    """Return what a browser says it is."""
    return request.headers.get("user-agent")


def with_cookie(response: Response, name: str, value: str) -> Response:
    """Return a response that gives a cookie, gone with the browser, out of reach of scripts and of other sites."""
    response.set_cookie(name, value, path="/", secure=True, httponly=True, samesite="lax")
    return response


def signed_out(response: Response) -> Response:
    """Return a response that takes the cookies back, and has the browser forget what it kept of us."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'  # not "cookies": those of the whole domain would go
    for name in (COOKIE, BROWSER):
        response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
    return response


def path_id(request: Request) -> uuid.UUID:
    """Return the id in the address. Errors: Invalid (400)."""
    try:
        return uuid.UUID(request.path_params["id"])
    except ValueError as error:
        raise Invalid("The id in the address is no UUID") from error


def check_fresh(session: SignedIn, now: datetime) -> None:
    """Refuse what wants a recent proof of who is there. Errors: Forbidden (403)."""
    if not session.is_fresh(now):
        text = "The proof is over 15 minutes old: POST /session/proof, or sign in again (/sign-in/psc?again=1)"
        raise Forbidden(text, code="login")


def required(session: SignedIn | None) -> SignedIn:
    """Return who is signed in. Errors: LoginRequired (401)."""
    if session is None:
        raise LoginRequired("Nobody is signed in: /sign-in")
    return session
