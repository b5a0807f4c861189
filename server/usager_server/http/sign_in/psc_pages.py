"""To Pro Santé Connect and back, and the choice of the exercise situation."""

from dataclasses import dataclass
from math import ceil
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server.accounts.session import COOKIE, SignedIn, key_in
from usager_server.errors import Invalid
from usager_server.http.sign_in.desk import Desk
from usager_server.http.sign_in.own import session_json
from usager_server.http.sign_in.wire import (
    BROWSER,
    NO_STORE,
    actor_of,
    agent_of,
    back_of,
    browser_of,
    check_csrf,
    check_fresh,
    headers_of,
    known_browser,
    named,
    page,
    parsed,
    read_form,
    read_json,
    required,
    shown,
    tenant_of,
    with_cookie,
)
from usager_server.national.psc.ciba_sign_in import CibaSignIn
from usager_server.national.psc.code_flow import Errand
from usager_server.national.psc.logout import PscLogout
from usager_server.national.psc.sign_in import Arrived, NoAccount, PscSignIn, Returned

CALLBACK = "/sign-in/psc/callback"


@dataclass(frozen=True, slots=True)
class PscPages:
    """Sends browsers to the provider, and receives them."""

    desk: Desk
    psc: PscSignIn
    logout: PscLogout
    ciba: CibaSignIn

    @page
    async def start(self, request: Request) -> Response:
        """Send somebody to the provider; `attach=1` attaches the identity to the account of the session.

        `again=1` has the provider ask who is there although it knows, for what wants a recent proof.
        Who comes from elsewhere is shown the button first: the provider may still know them, and a link of somebody
        else would sign them in unasked.
        """
        fields = parsed(request.url.query)
        if request.headers.get("sec-fetch-site") == "cross-site":
            return RedirectResponse(f"/sign-in?{request.url.query}", 303, NO_STORE)
        session = await self._attaching(request) if fields.get("attach") == "1" else None
        tenant = session.tenant if session else tenant_of(fields)
        await self.desk.organisation(tenant)
        browser, idle = browser_of(request, tenant), fields.get("idle_seconds", "")
        errand = Errand(
            back_of(fields),
            f"{root_of(request, self.desk)}{CALLBACK}",
            self.psc.attaching(session) if session else None,
            int(idle) if idle.isdecimal() and len(idle) < 6 else None,
            again=fields.get("again") == "1",
        )
        address = await self.psc.start(tenant, browser.secret, errand)
        return with_cookie(RedirectResponse(address, 303, NO_STORE), BROWSER, browser.cookie)

    @page
    async def callback(self, request: Request) -> Response:
        """Receive somebody who comes back from the provider."""
        browser, answer = known_browser(request), parsed(request.url.query)
        try:
            outcome = await self.psc.finish(
                browser.tenant, browser.secret, answer, actor_of(request), agent_of(request)
            )
        except NoAccount as refusal:
            hidden = {"ticket": refusal.ticket}
            return await shown("sign_in_unknown.html", 403, hidden=hidden)
        if isinstance(outcome, Returned):
            query = urlencode({"return": outcome.back, "tenant": browser.tenant, "told": outcome.error or ""})
            return RedirectResponse(f"/sign-in?{query}" if outcome.error else outcome.back, 303, NO_STORE)
        await self.desk.leave(headers_of(request), outcome.session, actor_of(request))
        return self._arrived(outcome)

    @page
    async def exercise(self, request: Request) -> Response:
        """Show, then take, the situation in which a professional works during this session."""
        key = key_in(headers_of(request))
        session = required(await self.desk.sessions.of_key(key) if key else None)
        situations = await self.psc.situations(session)
        fields = parsed(request.url.query) if request.method == "GET" else await read_form(request)
        if request.method == "GET":
            hidden = {"csrf": key.csrf if key else "", "return": back_of(fields)}
            return await shown("sign_in_exercise.html", situations=situations, hidden=hidden)
        check_csrf(key, fields.get("csrf"))
        chosen = fields.get("situation", "")
        if not chosen.isdecimal() or len(chosen) > 3 or not int(chosen) < len(situations):
            raise Invalid("situation is one of those that are shown")
        await self.desk.sessions.choose(session, situations[int(chosen)])
        return RedirectResponse(back_of(fields), 303, NO_STORE)

    @named
    async def ask(self, request: Request) -> Response:
        """Have the provider ask somebody on their telephone or card; the two digits are shown to them here too."""
        given = await read_json(request)
        tenant = tenant_of({"tenant": str(given.get("tenant", 1))})
        await self.desk.organisation(tenant)
        waiting = await self.ciba.start(tenant, str(given.get("national_id", "")), str(given.get("channel", "")))
        content = {
            "ticket": waiting.ticket,
            "binding_message": waiting.binding_message,
            "interval": waiting.interval_seconds,
            "expires": waiting.expires.isoformat(),
        }
        return JSONResponse(content, 202, NO_STORE)

    @named
    async def ask_after(self, request: Request) -> Response:
        """Tell whether they have agreed: 202 not yet, 200 with the cookie of the session."""
        given = await read_json(request)
        tenant = tenant_of({"tenant": str(given.get("tenant", 1))})
        found = await self.ciba.poll(tenant, str(given.get("ticket", "")), actor_of(request), agent_of(request))
        if isinstance(found, float):
            return JSONResponse({"state": "pending"}, 202, {**NO_STORE, "Retry-After": str(ceil(found))})
        await self.desk.leave(headers_of(request), found.session, actor_of(request))
        content = {**session_json(found.session), "csrf": found.key.csrf, "chooses": bool(found.situations)}
        return with_cookie(JSONResponse(content, headers=NO_STORE), COOKIE, found.key.cookie)

    @named
    async def backchannel_logout(self, request: Request) -> Response:
        """End the sessions that the provider says are over. Source: OpenID Connect Back-Channel Logout 1.0."""
        form = await read_form(request)
        if not form.get("logout_token"):
            raise Invalid("logout_token is missing")
        await self.logout.told(form["logout_token"])
        return Response(status_code=200, headers=NO_STORE)

    def routes(self) -> list[BaseRoute]:
        """Return their routes."""
        return [
            Route("/sign-in/psc", self.start, methods=["GET"]),
            Route(CALLBACK, self.callback, methods=["GET"]),
            Route("/sign-in/exercise", self.exercise, methods=["GET", "POST"]),
            Route("/sign-in/ciba", self.ask, methods=["POST"]),
            Route("/sign-in/ciba/poll", self.ask_after, methods=["POST"]),
            Route("/sign-in/psc/backchannel-logout", self.backchannel_logout, methods=["POST"]),
        ]

    async def _attaching(self, request: Request) -> SignedIn:
        """Return whose account an identity is attached to.

        Errors  LoginRequired (401); Forbidden (403) without a recent proof.
        """
        session = required(await self.desk.sessions.of_request(headers_of(request)))
        check_fresh(session, self.desk.sessions.now())
        return session

    def _arrived(self, outcome: Arrived) -> Response:
        after = f"/sign-in/exercise?{urlencode({'return': outcome.back})}" if outcome.situations else outcome.back
        return with_cookie(RedirectResponse(after, 303, NO_STORE), COOKIE, outcome.key.cookie)


def root_of(request: Request, desk: Desk) -> str:
    """Return the address of this server, without the FHIR base: that of the settings, else the one it was asked at."""
    base = desk.settings.base_url
    return base.removesuffix("/fhir") if base else str(request.base_url).rstrip("/")
