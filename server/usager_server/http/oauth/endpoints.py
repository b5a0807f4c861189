"""The addresses that programs call: token, introspect, revoke, jwks, and what the server says of itself."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server.authorization.discovery import configuration
from usager_server.authorization.server import AuthorizationServer
from usager_server.http.oauth.wire import NO_STORE, answered, certificate_of, origin_of_request, read_form

A_WHILE = {"Cache-Control": "public, max-age=300", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Answers programs."""

    server: AuthorizationServer

    @answered
    async def token(self, request: Request) -> Response:
        """Give a token. Limits by client and address, when there are some, stand before `exchange`."""
        form = await read_form(request)
        certificate = certificate_of(request) if self.server.binds_certificates else None
        told = await self.server.exchange.token(form, certificate, origin_of_request(request))
        return JSONResponse(told, headers=NO_STORE)

    @answered
    async def introspect(self, request: Request) -> Response:
        """Say what a token is worth."""
        return JSONResponse(await self.server.introspection.introspect(await read_form(request)), headers=NO_STORE)

    @answered
    async def revoke(self, request: Request) -> Response:
        """End a token."""
        await self.server.introspection.revoke(await read_form(request), origin_of_request(request))
        return Response(headers=NO_STORE)

    @answered
    async def jwks(self, _request: Request) -> Response:
        """Return the keys to check our tokens with."""
        return JSONResponse(self.server.keys.public(), headers=A_WHILE)

    @answered
    async def discovery(self, _request: Request) -> Response:
        """Say what there is."""
        told = configuration(self.server.addresses, binds_certificates=self.server.binds_certificates)
        return JSONResponse(told, headers=A_WHILE)

    def routes(self) -> list[BaseRoute]:
        """Return their routes."""
        return [
            Route("/fhir/.well-known/smart-configuration", self.discovery),
            Route("/fhir/.well-known/openid-configuration", self.discovery),
            Route("/oauth/jwks", self.jwks),
            Route("/oauth/token", self.token, methods=["POST"]),
            Route("/oauth/introspect", self.introspect, methods=["POST"]),
            Route("/oauth/revoke", self.revoke, methods=["POST"]),
        ]
