"""The public keys of a client: as it registered them, or fetched from where it publishes them."""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import Key, KeySet

from usager_server.authorization.clients import RSA_BITS, Client, check_jwks
from usager_server.authorization.errors import INVALID_CLIENT, OAuthError
from usager_server.authorization.limits import CLIENT_KEYS_SECONDS
from usager_server.outbound import Outbound, OutboundFailed, OutboundRefused

AGAIN_SECONDS = 30.0  # an unknown key id, or a failure, has the keys fetched again, and no more often
KNOWN_CLIENTS = 1000


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: KeySet | None  # None: they could not be had
    at: float


class ClientKeys:
    """Finds the key that a client says it signed with. Unit: rsa_bits: what an RSA key has at least."""

    def __init__(self, outbound: Outbound, rsa_bits: int = RSA_BITS) -> None:
        self._outbound = outbound
        self.rsa_bits = rsa_bits
        self._fetched: dict[str, _Fetched] = {}
        self._fetching: dict[str, asyncio.Lock] = {}

    async def find(self, client: Client, key_id: str) -> Key | None:
        """Return the key of an id in the client's own set; None when there is none.

        Errors  OAuthError invalid_client when the set cannot be fetched, or will not do, or no longer.
        """
        if client.metadata["jwks"] is not None:
            return _by_id(self._registered(client.metadata["jwks"]), key_id)
        async with self._fetching.setdefault(client.id, asyncio.Lock()):  # of many at once, one fetches
            return await self._published(client, key_id)

    def _registered(self, jwks: Any) -> KeySet:
        try:
            return check_jwks(jwks, self.rsa_bits)
        except OAuthError as error:  # the operator wants longer keys than when it was registered
            raise OAuthError(INVALID_CLIENT, f"The keys of the client will not do: {error}") from error

    async def _published(self, client: Client, key_id: str) -> Key | None:
        known = self._fetched.get(client.id)
        age = time.monotonic() - known.at if known else CLIENT_KEYS_SECONDS
        keys = known.keys if known and age < CLIENT_KEYS_SECONDS else None
        found = _by_id(keys, key_id) if keys else None
        if found is None and age >= AGAIN_SECONDS:
            return _by_id(await self._fetch(client), key_id)
        if keys is None:
            raise OAuthError(INVALID_CLIENT, "The keys of the client could not be had a moment ago: jwks_uri")
        return found

    async def _fetch(self, client: Client) -> KeySet:
        if len(self._fetched) >= KNOWN_CLIENTS:
            self._fetched.clear()
        self._fetched[client.id] = _Fetched(None, time.monotonic())
        try:
            answer = await self._outbound.get(client.metadata["jwks_uri"], {"accept": "application/json"})
            if answer.status != 200:
                raise OutboundFailed(f"it answers {answer.status}")
            keys = check_jwks(json.loads(answer.body), self.rsa_bits)
        except (OutboundRefused, OutboundFailed, OAuthError, ValueError, RecursionError) as error:
            told = error if isinstance(error, OutboundRefused | OutboundFailed | OAuthError) else "is no JWK Set"
            raise OAuthError(INVALID_CLIENT, f"The keys of the client cannot be had: jwks_uri {told}") from error
        self._fetched[client.id] = _Fetched(keys, time.monotonic())
        return keys


def _by_id(keys: KeySet, key_id: str) -> Key | None:
    return next((key for key in keys.keys if key.kid == key_id), None)
