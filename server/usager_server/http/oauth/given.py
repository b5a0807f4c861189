"""The page where people see what they let applications do, and take it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server.accounts.session import Key, key_in
from usager_server.authorization.memory import Given
from usager_server.authorization.scopes import read_scopes
from usager_server.authorization.server import AuthorizationServer
from usager_server.authorization.signed_in import SignedIn
from usager_server.errors import LoginRequired
from usager_server.http.oauth.wire import origin_of_request
from usager_server.http.oauth.words import told
from usager_server.http.sign_in.wire import check_csrf, headers_of, page, read_form, shown
from usager_server.traces.event import Origin

HERE = "/oauth/applications"
TO_SIGN_IN = f"/sign-in?return={HERE}"
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class GivenPages:
    """Shows people their own; a program asks `revoke` (RFC 7009) instead."""

    server: AuthorizationServer

    @page
    async def applications(self, request: Request) -> Response:
        """List the applications that may act for whoever is signed in."""
        person = await self.server.sessions.of_request(headers_of(request))
        key = key_in(headers_of(request))
        if person is None or key is None:
            return RedirectResponse(TO_SIGN_IN, 303, NO_STORE)
        return await self._list(person, key)

    @page
    async def take_back(self, request: Request) -> Response:
        """End all that one of them was given, at once: within 5 s wherever a token of it is shown.

        Errors  LoginRequired (401); Forbidden (403) for a form that no page of ours made.
        """
        fields = await read_form(request)
        person = await self.server.sessions.of_request(headers_of(request))
        key = key_in(headers_of(request))
        if person is None or key is None:
            raise LoginRequired("Nobody is signed in: /sign-in")
        check_csrf(key, fields.get("csrf"))
        memory = self.server.memories(person.person.tenant)
        ended = await memory.take_back(person.person.account, fields.get("client", ""), _origin(request, person))
        return await self._list(person, key, ended=bool(ended))

    def routes(self) -> list[BaseRoute]:
        """Return their routes."""
        return [
            Route(HERE, self.applications, methods=["GET"]),
            Route(HERE, self.take_back, methods=["POST"]),
        ]

    async def _list(self, person: SignedIn, key: Key, *, ended: bool | None = None) -> HTMLResponse:
        given = await self.server.memories(person.person.tenant).given_by(person.person.account)
        return await shown(
            "applications.html", given=[_entry(each) for each in given], ended=ended, hidden={"csrf": key.csrf}
        )


def _entry(given: Given) -> dict[str, Any]:
    permissions = dict.fromkeys(line for scope in given.scopes for line in told(read_scopes(scope)))
    return {
        "id": given.client.id,
        "name": given.client.name,
        "permissions": list(permissions),
        "made": _day(given.made),
        "expires": _day(given.expires),
        "used": _moment(given.used) if given.used else "",
    }


def _origin(request: Request, person: SignedIn) -> Origin:
    return origin_of_request(request, person.person.practitioner or person.person.account)


def _day(moment: datetime) -> str:
    return f"{moment:%d/%m/%Y}"


def _moment(moment: datetime) -> str:
    return f"{moment:%d/%m/%Y à %H:%M} (UTC)"
