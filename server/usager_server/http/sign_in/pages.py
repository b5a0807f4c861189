"""The pages where people sign in, and out."""

from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server.accounts import accounts_store, totp
from usager_server.accounts.contacts import PASSWORD_TEXT
from usager_server.accounts.local_sign_in import Next
from usager_server.accounts.session import COOKIE, Key, key_in
from usager_server.errors import FHIRError, LoginRequired, Throttled, Unprocessable
from usager_server.http.sign_in.desk import Desk
from usager_server.http.sign_in.wire import (
    BROWSER,
    FRENCH,
    NO_STORE,
    actor_of,
    agent_of,
    back_of,
    browser_of,
    check_csrf,
    headers_of,
    known_browser,
    page,
    parsed,
    read_form,
    shown,
    signed_out,
    tenant_of,
    with_cookie,
)

TOLD = {
    "cancelled": "Vous avez renoncé à vous connecter.",
    "signed-out": "Vous êtes déconnecté.",
    "password": "Votre mot de passe est enregistré. Connectez-vous.",
}


@dataclass(frozen=True, slots=True)
class SignInPages:
    """Shows the ways to sign in, and takes what people type."""

    desk: Desk

    @page
    async def choose(self, request: Request) -> Response:
        """Show the ways to sign in to an organisation."""
        fields = parsed(request.url.query)
        return await self._choices(request, fields, TOLD.get(fields.get("told", ""), ""))

    @page
    async def password(self, request: Request) -> Response:
        """Take a name and a password."""
        fields = await self._form(request)
        tenant = tenant_of(fields)
        await self.desk.organisation(tenant)
        try:
            following = await self.desk.local.first(
                tenant, fields.get("username", ""), fields.get("password", ""), actor_of(request)
            )
        except (LoginRequired, Throttled) as refusal:
            return await self._choices(request, fields, FRENCH[refusal.status], refusal)
        return await self._next(request, following, fields)

    @page
    async def new_password(self, request: Request) -> Response:
        """Take the password that follows one that has expired."""
        fields = await self._form(request)
        ticket, tenant = fields.get("ticket", ""), known_browser(request).tenant
        try:
            account, following = await self.desk.local.new_password(
                tenant, ticket, fields.get("password", ""), actor_of(request)
            )
        except Unprocessable as refusal:
            return await self._next(request, Next("password", ticket), fields, refusal)
        await self.desk.contacts.notify(account, PASSWORD_TEXT)
        return await self._next(request, following, fields)

    @page
    async def code(self, request: Request) -> Response:
        """Take the code of the application, and open the session."""
        fields = await self._form(request)
        ticket, browser = fields.get("ticket", ""), known_browser(request)
        idle = fields.get("idle_seconds", "")
        try:
            key, session = await self.desk.local.second(
                browser.tenant,
                ticket,
                fields.get("code", "").replace(" ", ""),
                actor_of(request),
                agent_of(request),
                int(idle) if idle.isdecimal() and len(idle) < 6 else None,
            )
        except LoginRequired as refusal:
            return await self._next(request, Next("code", ticket), fields, refusal)
        await self.desk.leave(headers_of(request), session, actor_of(request))
        return await arrived(key, back_of(fields))

    @page
    async def reset(self, request: Request) -> Response:
        """Show, then take, a password for whoever was given a link."""
        fields = parsed(request.url.query) if request.method == "GET" else await self._form(request)
        if request.method == "GET":
            return await self._reset_page(request, fields, None)
        try:
            account = await self.desk.passwords.reset(
                tenant_of(fields), fields.get("ticket", ""), fields.get("password", ""), actor_of(request)
            )
        except Unprocessable as refusal:
            return await self._reset_page(request, fields, refusal)
        await self.desk.contacts.notify(account, PASSWORD_TEXT)
        query = urlencode({"told": "password", "tenant": fields.get("tenant", "1")})
        return RedirectResponse(f"/sign-in?{query}", 303, NO_STORE)

    @page
    async def sign_out(self, request: Request) -> Response:
        """End the session, here and at Pro Santé Connect, and forget the cookies."""
        fields = await read_form(request)
        key = key_in(headers_of(request))
        check_csrf(key, fields.get("csrf"))
        session = await self.desk.sessions.of_key(key) if key else None
        if session is not None:
            if self.desk.psc_logout is not None:
                await self.desk.psc_logout.end_there(session)
            await self.desk.sessions.end(session, actor_of(request, session))
        return signed_out(RedirectResponse("/sign-in?told=signed-out", 303, NO_STORE))

    def routes(self) -> list[BaseRoute]:
        """Return their routes."""
        return [
            Route("/sign-in", self.choose, methods=["GET"]),
            Route("/sign-in", self.password, methods=["POST"]),
            Route("/sign-in/code", self.code, methods=["POST"]),
            Route("/sign-in/new-password", self.new_password, methods=["POST"]),
            Route("/sign-in/reset", self.reset, methods=["GET", "POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def _form(self, request: Request) -> dict[str, str]:
        """Return the form of somebody who has not signed in, made on a page of ours in this browser."""
        fields = await read_form(request)
        check_csrf(known_browser(request), fields.get("csrf"))
        return fields

    async def _choices(
        self, request: Request, fields: dict[str, str], told: str, refusal: FHIRError | None = None
    ) -> Response:
        tenant = tenant_of(fields)
        name = await self.desk.organisation(tenant)
        browser, back = browser_of(request, tenant), back_of(fields)
        query = urlencode({"return": back, "tenant": tenant, **_idle(fields)})
        response = await shown(
            "sign_in.html",
            refusal.status if refusal else 200,
            refusal.headers if refusal else None,
            organisation=name if tenant != 1 or name != "default" else "",
            psc=f"/sign-in/psc?{query}" if self.desk.psc else "",
            is_local=await accounts_store.local_sign_in(self.desk.runners(tenant)),
            told=told,
            is_wrong=refusal is not None,
            username=fields.get("username", "")[:64],
            hidden={"csrf": browser.csrf, "return": back, "tenant": tenant, **_idle(fields)},
        )
        return with_cookie(response, BROWSER, browser.cookie)

    async def _next(
        self, request: Request, following: Next, fields: dict[str, str], refusal: FHIRError | None = None
    ) -> Response:
        browser = known_browser(request)
        hidden = {
            "csrf": browser.csrf,
            "return": back_of(fields),
            "tenant": browser.tenant,
            "ticket": following.ticket,
            **_idle(fields),
        }
        secret = following.secret
        return await shown(
            "sign_in_password.html" if following.step == "password" else "sign_in_code.html",
            refusal.status if refusal else 200,
            refusal.headers if refusal else None,
            told="" if refusal is None else FRENCH[refusal.status],
            detail=_detail(refusal),
            secret=totp.shown(secret) if secret else "",
            address=totp.address(secret, following.username, "Usager") if secret else "",
            action="/sign-in/new-password",
            hidden=hidden,
        )

    async def _reset_page(self, request: Request, fields: dict[str, str], refusal: FHIRError | None) -> Response:
        browser = browser_of(request, tenant_of(fields))
        hidden = {"csrf": browser.csrf, "ticket": fields.get("ticket", "")[:100], "tenant": browser.tenant}
        response = await shown(
            "sign_in_password.html",
            refusal.status if refusal else 200,
            None,
            told="" if refusal is None else FRENCH[refusal.status],
            detail=_detail(refusal),
            action="/sign-in/reset",
            hidden=hidden,
        )
        return with_cookie(response, BROWSER, browser.cookie)


async def arrived(key: Key, back: str) -> Response:
    """Return the page that takes somebody where they were going.

    A redirect would do, were it not that browsers hold a form to `form-action` through every redirect that follows it.
    """
    return with_cookie(await shown("sign_in_done.html", back=back), COOKIE, key.cookie)


# What is wrong with a password, for the person who chooses it.
PASSWORD_ADVICE = {
    "characters at least": "Au moins 12 caractères avec minuscules, majuscules, chiffres et signes, ou une phrase "
    "plus longue ; au moins 16 caractères pour un compte d'administration.",
    "at most": "128 caractères au plus.",
    "tried first": "Ce mot de passe est parmi les premiers qu'un attaquant essaie, ou a fuité ailleurs.",
    "neither your name": "Il ne doit contenir ni votre nom, ni celui du logiciel ou de l'organisme.",
    "used before": "Il a déjà servi.",
}


def _idle(fields: dict[str, str]) -> dict[str, str]:
    """Return the shorter idle time that a shared station asks for, as it came."""
    return {"idle_seconds": fields["idle_seconds"][:5]} if fields.get("idle_seconds") else {}


def _detail(refusal: FHIRError | None) -> str:
    text = str(refusal) if refusal is not None else ""
    return next((advice for words, advice in PASSWORD_ADVICE.items() if words in text), "")
