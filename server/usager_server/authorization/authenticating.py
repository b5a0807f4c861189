"""Which client is at the token endpoint, and can it prove it? Source: SMART App Launch 2.2, RFC 7523."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

from usager_server.authorization.client_keys import ClientKeys
from usager_server.authorization.clients import KEY_ALGORITHMS, Client, tenant_of
from usager_server.authorization.errors import INVALID_CLIENT, OAuthError
from usager_server.authorization.jose import (
    BadToken,
    is_for,
    issuer_unproven,
    proven_claims,
    read_header,
    text_claim,
    whole_number,
)
from usager_server.authorization.limits import ASSERTION_SECONDS, SKEW_SECONDS
from usager_server.authorization.memory import Memories

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
HEADER = frozenset({"alg", "kid", "typ", "jku"})
ASSERTION_ID_CHARACTERS = 255


class Authentication:
    """Says which client sends a form to one of our endpoints."""

    def __init__(self, memories: Memories, keys: ClientKeys, token_endpoint: str) -> None:
        self._memories = memories
        self._keys = keys
        self._token_endpoint = token_endpoint

    async def client(self, form: Mapping[str, str]) -> Client:
        """Return the client of a form: proven by its assertion, or a public one by its id alone.

        Errors  OAuthError invalid_client (401).
        """
        if "client_secret" in form:
            raise _refused("no secrets are shared here: register a key, and use private_key_jwt")
        if "client_assertion" not in form:
            return await self._public(form.get("client_id", ""))
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise _refused(f"client_assertion_type must be {ASSERTION_TYPE}")
        try:
            client = await self._proven(form["client_assertion"])
        except BadToken as error:
            raise _refused(f"the client_assertion {error}") from error
        if form.get("client_id", client.id) != client.id:
            raise _refused("client_id is not the client of the assertion")
        return client

    async def _public(self, client_id: str) -> Client:
        client = await self.registered(client_id)
        if not client.is_public:
            raise _refused("this client must prove who it is: client_assertion is missing")
        return client

    async def registered(self, client_id: str) -> Client:
        """Return a client by its id. Errors: OAuthError invalid_client when it is unknown or revoked."""
        tenant = tenant_of(client_id)
        found = await self._memories(tenant).client(client_id) if tenant is not None else None
        if found is None:
            raise _refused("no client of this id is registered")
        return found

    async def _proven(self, text: str) -> Client:
        header = read_header(text, HEADER)
        if header.get("typ", "JWT") != "JWT":
            raise BadToken("must be of typ JWT")
        client = await self.registered(issuer_unproven(text))
        if client.is_public:
            raise _refused("this client has no keys registered")
        if header.get("jku") not in (None, client.metadata["jwks_uri"] or None):
            raise BadToken("has a jku that is not the registered jwks_uri")
        key = await self._keys.find(client, text_claim(header, "kid"))
        if key is None:
            raise BadToken("has a kid that is not among the client's keys")
        algorithm = KEY_ALGORITHMS[key.key_type]
        if header.get("alg") != algorithm:
            raise BadToken(f"must be signed with {algorithm} for this key")
        await self._take(proven_claims(text, key, algorithm), client)
        return client

    async def _take(self, claims: Mapping[str, object], client: Client) -> None:
        """Check what a proven assertion says, and take it: it cannot come again."""
        now = time.time()
        if claims.get("iss") != client.id or claims.get("sub") != client.id:
            raise BadToken("must have the client_id as iss and as sub")
        if not is_for(claims, self._token_endpoint):
            raise BadToken(f"must have {self._token_endpoint} as aud, and nothing else")
        expires = whole_number(claims, "exp")
        if expires <= now - SKEW_SECONDS:
            raise BadToken("has expired")
        if expires > now + ASSERTION_SECONDS + SKEW_SECONDS:
            raise BadToken(f"expires in more than {ASSERTION_SECONDS} s")
        for name in ("iat", "nbf"):
            if name in claims and whole_number(claims, name) > now + SKEW_SECONDS:
                raise BadToken(f"has an {name} in the future")
        identity = text_claim(claims, "jti")
        if len(identity) > ASSERTION_ID_CHARACTERS:
            raise BadToken(f"has a jti over {ASSERTION_ID_CHARACTERS} characters")
        memory = self._memories(int(tenant_of(client.id) or 0))
        until = datetime.fromtimestamp(expires + SKEW_SECONDS + 1, UTC)
        if not await memory.see_assertion(client.id, sha256(identity.encode()).digest(), until):
            raise BadToken("was used before: each has a jti of its own")


def _refused(description: str) -> OAuthError:
    return OAuthError(INVALID_CLIENT, description)
