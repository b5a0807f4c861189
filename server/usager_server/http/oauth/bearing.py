"""The addresses that bearers of a token call: to open an application on a record, and to administer the clients."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server.authorization.bearers import Known, is_administration
from usager_server.authorization.clients import Client, new_client, tenant_of
from usager_server.authorization.errors import OAuthError
from usager_server.authorization.launching import make_launch
from usager_server.authorization.limits import LAUNCH_SECONDS
from usager_server.authorization.scopes import check_registered
from usager_server.authorization.server import AuthorizationServer
from usager_server.authorization.tokens import AccessToken
from usager_server.caller import Caller
from usager_server.errors import LoginRequired
from usager_server.http.oauth.records import Records
from usager_server.http.oauth.wire import NO_STORE, answered, headers_of, origin_of_request, read_json
from usager_server.http.observability import exchange_of
from usager_server.interactions.session import Reply
from usager_server.jsontext import parse_json

RESOURCE_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
KINDS = {"patient": "Patient", "encounter": "Encounter"}


@dataclass(frozen=True, slots=True)
class Bearing:
    """Answers whoever bears a token of ours."""

    server: AuthorizationServer
    records: Records

    @answered
    async def launch(self, request: Request) -> Response:
        """Make a launch: what the record has open, for the application that it is about to open."""
        known = await self._known(request)
        if known.person is None:
            raise OAuthError("insufficient_scope", "a launch is made by a person, with their own token", 403)
        asked = await read_json(request)
        context = {name: _id(asked, name) for name in KINDS if name in asked}
        if unknown := set(asked) - {"client_id", *KINDS}:
            raise OAuthError("invalid_request", f"{min(unknown)[:40]} is not known here: client_id, patient, encounter")
        caller = Caller(known.token.tenant, known.token.subject, exchange_of(request.scope).request_id, known.grant)
        shown = {
            name: await self.records.read(request.scope, caller, KINDS[name], resource_id)
            for name, resource_id in context.items()
        }
        if {"patient", "encounter"} <= set(shown) and _subject(shown["encounter"]) != f"Patient/{context['patient']}":
            raise OAuthError("invalid_request", "the encounter is not one of this patient")
        client_id = str(asked.get("client_id", ""))
        word = await make_launch(self.server.memories, self.server.authentication, known.person, client_id, context)
        told = {"launch": word, "iss": self.server.addresses.base, "expires_in": LAUNCH_SECONDS}
        return JSONResponse(told, 201, NO_STORE)

    @answered
    async def clients(self, request: Request) -> Response:
        """List the clients of the organisation."""
        token = await self._administered(request)
        found = await self.server.memories(token.tenant).clients()
        return JSONResponse({"clients": [_told(client, revoked) for client, revoked in found]}, headers=NO_STORE)

    @answered
    async def register(self, request: Request) -> Response:
        """Register a client. Source: RFC 7591 3."""
        token = await self._administered(request)
        client = new_client(token.tenant, await read_json(request), self.server.client_rsa_bits)
        check_registered(client.scope, self.server.check)
        await self.server.memories(token.tenant).add_client(client, origin_of_request(request, token.client))
        return JSONResponse(_told(client, None), 201, NO_STORE)

    @answered
    async def unregister(self, request: Request) -> Response:
        """Revoke a client, and with it all its tokens."""
        token = await self._administered(request)
        origin = origin_of_request(request, token.client)
        client_id = request.path_params["id"]
        is_ours = tenant_of(client_id) == token.tenant
        if not is_ours or not await self.server.memories(token.tenant).revoke_client(client_id, origin):
            raise OAuthError("invalid_request", "there is no such client, or it was revoked before", 404)
        return Response(status_code=204, headers=NO_STORE)

    def routes(self) -> list[BaseRoute]:
        """Return their routes."""
        return [
            Route("/oauth/launch", self.launch, methods=["POST"]),
            Route("/oauth/clients", self.clients, methods=["GET"]),
            Route("/oauth/clients", self.register, methods=["POST"]),
            Route("/oauth/clients/{id}", self.unregister, methods=["DELETE"]),
        ]

    async def _known(self, request: Request) -> Known:
        try:
            return await self.server.bearers.known(headers_of(request))
        except LoginRequired as error:
            raise OAuthError("invalid_token", error.issues[0].diagnostics, 401) from error

    async def _administered(self, request: Request) -> AccessToken:
        """Return the token of who administers the clients of a tenant. Errors: OAuthError insufficient_scope (403)."""
        token = (await self._known(request)).token
        if not is_administration(token):
            raise OAuthError("insufficient_scope", "this needs the scope usager/clients", 403)
        return token


def _told(client: Client, revoked: datetime | None) -> Mapping[str, Any]:
    ended = {"revoked_at": revoked.isoformat()} if revoked else {}
    return {"client_id": client.id, **client.metadata, **ended}


def _subject(reply: Reply) -> str:
    """Return whom an Encounter is about."""
    encounter = parse_json((reply.document or "{}").encode())
    return str((encounter.get("subject") or {}).get("reference"))


def _id(asked: Mapping[str, Any], name: str) -> str:
    value = asked[name]
    if not isinstance(value, str) or not RESOURCE_ID.fullmatch(value):
        raise OAuthError("invalid_request", f"{name} is the id of a {KINDS[name]}")
    return value
