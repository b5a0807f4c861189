"""The pages where a person decides: what an application asks for, about whom, yes or no."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server import __version__
from usager_server.accounts.session import key_in
from usager_server.authorization.asking import Back, read_asked, where_back
from usager_server.authorization.clients import tenant_of
from usager_server.authorization.deciding import Question
from usager_server.authorization.errors import NotRedirectable, OAuthError
from usager_server.authorization.form import parse_form
from usager_server.authorization.limits import GRANT_DAYS
from usager_server.authorization.server import AuthorizationServer
from usager_server.authorization.signed_in import SignedIn
from usager_server.errors import FHIRError, NotFound
from usager_server.http.oauth.records import Choice, Records
from usager_server.http.oauth.wire import NO_STORE, headers_of, origin_of_request, read_form
from usager_server.http.oauth.words import told
from usager_server.http.observability import exchange_of

if TYPE_CHECKING:
    from jinja2 import Environment

SIGN_IN = "/sign-in"
WRONG = {
    "client_id": "L'application qui vous envoie ici n'est pas enregistrée (client_id).",
    "redirect_uri": "L'adresse de retour n'est pas celle que l'application a enregistrée (redirect_uri).",
    "request": "Cette demande a déjà reçu sa réponse, ou elle est trop ancienne : recommencez depuis l'application.",
}

Handler = Callable[["AuthorizePages", Request], Awaitable[Response]]


def shown(handler: Handler) -> Handler:
    """Return a handler whose refusals are told to the person, when they cannot be told to the application."""

    @wraps(handler)
    async def answer(self: "AuthorizePages", request: Request) -> Response:
        exchange_of(request.scope).interaction = f"oauth_{handler.__name__}"
        try:
            return await handler(self, request)
        except NotRedirectable as error:
            return await self.refusal(WRONG[str(error)], 400)
        except OAuthError as error:
            why = f"La demande de l'application n'est pas valable ({error.description})."
            return await self.refusal(why, error.status)
        except FHIRError as error:
            return await self.refusal("Le service ne peut pas répondre pour le moment.", error.status)

    return answer


@dataclass(frozen=True, slots=True)
class AuthorizePages:
    """Asks people, and sends them back with the answer."""

    server: AuthorizationServer
    records: Records
    templates: "Callable[[], Environment]"

    @shown
    async def authorize(self, request: Request) -> Response:
        """Take an authorization request. Source: RFC 6749 4.1; SMART App Launch, authorize-post."""
        is_form = request.method == "POST"
        form = await read_form(request) if is_form else parse_form(request.url.query)
        back = await where_back(form, self.server.authentication)
        try:
            asked = read_asked(form, back, self.server.addresses.base)
            person = await self.server.sessions.of_request(headers_of(request))
            if person is None and asked.prompt == "none":
                raise OAuthError("login_required", "nobody is signed in")
            if person is None:
                here = f"{request.url.path}?{urlencode(form)}"
                query = urlencode({"return": here, "tenant": tenant_of(back.client.id)})
                return RedirectResponse(f"{SIGN_IN}?{query}", 303, NO_STORE)
            question = await self.server.decisions.ask(asked, person)
            if question.is_silent:
                return self._sent(await self.server.decisions.allow(question, person, None))
            if asked.prompt == "none":
                origin = origin_of_request(request)
                await self.server.decisions.deny(question, person, origin, "the person would have had to be asked")
                raise OAuthError("interaction_required", "the person must be asked")
            return await self._ask(request, question, person)
        except OAuthError as error:
            return self._sent(self.server.decisions.address(back, error.as_json()))

    @shown
    async def decision(self, request: Request) -> Response:
        """Take what a person answered, or looks for. Only their page knows the id of the question."""
        form = await read_form(request)
        person = await self.server.sessions.of_request(headers_of(request))
        if person is None:
            raise NotRedirectable("request")
        question = await self.server.decisions.open_question(form.get("request", ""), person)
        if form.get("answer") == "deny":
            return self._sent(await self.server.decisions.deny(question, person, origin_of_request(request)))
        if form.get("answer") != "allow":
            return await self._ask(request, question, person, name=form.get("name", ""))
        patient = form.get("patient")
        if question.needs_choice:
            if patient is None:
                return await self._ask(request, question, person, name=form.get("name", ""), lacks_choice=True)
            await self.records.patient(request.scope, person.person, patient)
        return self._sent(await self.server.decisions.allow(question, person, patient))

    async def refusal(self, why: str, status: int) -> Response:
        """Show why nothing can be done."""
        return await self._page("authorize_refused.html", status, (), why=why)

    def routes(self) -> list[BaseRoute]:
        """Return their routes."""
        return [
            Route("/oauth/authorize", self.authorize, methods=["GET", "POST"]),
            Route("/oauth/decision", self.decision, methods=["POST"]),
        ]

    async def _ask(
        self, request: Request, question: Question, person: SignedIn, *, name: str = "", lacks_choice: bool = False
    ) -> Response:
        choices: Sequence[Choice] = ()
        patient = question.context.get("patient")
        if question.needs_choice:
            choices = await self.records.patients(request.scope, person.person, name)
        chosen = await self._known(request, person, patient) if patient else None
        return await self._page(
            "authorize.html",
            200,
            [question.back],
            question=question,
            client=question.back.client,
            permissions=told(question.granted),
            choices=choices,
            chosen=chosen,
            name=name,
            lacks_choice=lacks_choice,
            days=GRANT_DAYS,
            hidden=_way_out(request),
        )

    async def _known(self, request: Request, person: SignedIn, patient: str) -> Choice:
        try:
            return await self.records.patient(request.scope, person.person, patient)
        except NotFound as error:
            raise OAuthError("access_denied", "the patient of the launch is out of reach") from error

    async def _page(self, template: str, status: int, backs: Sequence[Back], **shown_things: Any) -> Response:
        html = await self.templates().get_template(template).render_async(version=__version__, **shown_things)
        return HTMLResponse(html, status, {**NO_STORE, **_page_headers(backs)})

    def _sent(self, address: str) -> Response:
        """Send the person back; 303, so that no browser sends the form along."""
        return RedirectResponse(address, 303, {**NO_STORE, "Referrer-Policy": "no-referrer"})


def _way_out(request: Request) -> Mapping[str, str]:
    """Return what the form to sign out holds."""
    key = key_in(headers_of(request))
    return {} if key is None else {"csrf": key.csrf}


def _page_headers(backs: Sequence[Back]) -> Mapping[str, str]:
    """Return what keeps a page to itself. A browser that follows form-action wants the address after the answer too."""
    targets = " ".join(["'self'", *map(_origin, backs)])
    return {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"form-action {targets}; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Frame-Options": "DENY",
    }


def _origin(back: Back) -> str:
    parts = urlsplit(back.redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
