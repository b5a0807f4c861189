"""What a token is worth now, and its end. Source: RFC 7662, RFC 7009, SMART App Launch 2.2 (token introspection)."""

from collections.abc import Mapping
from typing import Any

from usager_server.authorization.authenticating import Authentication
from usager_server.authorization.clients import Client, tenant_of
from usager_server.authorization.errors import INVALID_CLIENT, OAuthError
from usager_server.authorization.form import required
from usager_server.authorization.jose import BadToken
from usager_server.authorization.liveness import Liveness
from usager_server.authorization.memory import Held, Memories
from usager_server.authorization.scopes import read_scopes
from usager_server.authorization.tokens import AccessToken, Tokens
from usager_server.authorization.words import read_word
from usager_server.traces.event import Origin

INACTIVE = {"active": False}


class Introspection:
    """Answers about tokens to those who may know, and ends them for those they were given to."""

    def __init__(self, memories: Memories, authentication: Authentication, tokens: Tokens, liveness: Liveness) -> None:
        self._memories = memories
        self._authentication = authentication
        self._tokens = tokens
        self._liveness = liveness

    async def introspect(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what a token is worth. One of somebody else is told like one that never was.

        Errors  OAuthError invalid_client: a public client may not ask.
        """
        client = await self._authentication.client(form)
        if client.is_public:
            raise OAuthError(INVALID_CLIENT, "introspection needs a client that proves who it is")
        text = required(form, "token")
        return await self._access(client, text) or await self._refresh(client, text) or INACTIVE

    async def revoke(self, form: Mapping[str, str], origin: Origin) -> None:
        """End a token of this client, with all that came of the same grant. One that is none is no error.

        Errors  OAuthError invalid_client.
        """
        client = await self._authentication.client(form)
        text = required(form, "token")
        grant = self._grant_of_access(client, text) or await self._grant_of_refresh(client, text)
        if grant is not None:
            await self._memories(_tenant(client)).revoke_grant(grant, origin, "its client gave it back")

    async def _access(self, client: Client, text: str) -> dict[str, Any] | None:
        token = self._parsed(text)
        if token is None or not _may_know(client, token.tenant, token.client):
            return None
        if await self._liveness.of(token) is None:
            return None
        told: dict[str, Any] = {
            "active": True,
            "token_type": "Bearer",
            "iss": self._tokens.issuer,
            "aud": self._tokens.issuer,
            "client_id": token.client,
            "sub": token.subject,
            "scope": token.scope,
            "exp": token.expires,
            "patient": token.patient,
            "sid": token.session,
            "fhirUser": token.practitioner and f"{self._tokens.issuer}/{token.practitioner}",
            "cnf": token.certificate and {"x5t#S256": token.certificate},
        }
        return {name: value for name, value in told.items() if value is not None}

    async def _refresh(self, client: Client, text: str) -> dict[str, Any] | None:
        word = read_word(text)
        if word is None or word.tenant != _tenant(client):
            return None
        found = await self._memories(word.tenant).grant_of_refresh(word.digest)
        if found is None or not found[2] or not _may_know(client, word.tenant, found[0].client):
            return None
        held, ends, _ = found
        if await self._person_left(held):
            return None
        return {
            "active": True,
            "client_id": held.client,
            "sub": held.account,
            "scope": held.document["scope"],
            "exp": int(ends.timestamp()),
        }

    async def _person_left(self, held: Held) -> bool:
        session = None if read_scopes(held.document["scope"]).is_offline else held.session
        tenant = int(tenant_of(held.client) or 0)
        return await self._liveness.person(tenant, session, held.account or "") is None

    def _parsed(self, text: str) -> AccessToken | None:
        try:
            return self._tokens.parse(text)
        except BadToken:
            return None

    def _grant_of_access(self, client: Client, text: str) -> str | None:
        token = self._parsed(text)
        return token.grant if token is not None and token.client == client.id else None

    async def _grant_of_refresh(self, client: Client, text: str) -> str | None:
        word = read_word(text)
        if word is None or word.tenant != _tenant(client):
            return None
        found = await self._memories(word.tenant).grant_of_refresh(word.digest)
        return found[0].id if found is not None and found[0].client == client.id else None


def _may_know(client: Client, tenant: int, client_id: str) -> bool:
    return client.id == client_id or (client.may_introspect and _tenant(client) == tenant)


def _tenant(client: Client) -> int:
    return int(tenant_of(client.id) or 0)
