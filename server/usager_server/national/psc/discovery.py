"""Where Pro Santé Connect answers and which keys it signs with: read from its issuer, kept, good when it is down."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from usager_server.national.psc.oauth import OAuthDown, OAuthRefused, get

DISCOVERY_PATH = "/.well-known/wallet-openid-configuration"  # not the path of OpenID Connect
KEPT_SECONDS = 3600.0
KEYS_ASKED_AGAIN_SECONDS = 30.0  # a stranger's token with an invented kid must not have us ask each time


@dataclass(frozen=True, slots=True)
class Metadata:
    """The endpoints, those of the back channel by their mTLS alias when there is one; "" when there is none."""

    issuer: str
    jwks_uri: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    introspection_endpoint: str
    revocation_endpoint: str
    end_session_endpoint: str
    backchannel_authentication_endpoint: str


class Discovery:
    """The issuer's word, for one process. Shape: http gives the client to ask with; clock is monotonic, in seconds."""

    def __init__(
        self,
        issuer: str,
        http: Callable[[], httpx.AsyncClient],
        *,
        path: str = DISCOVERY_PATH,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self._http, self._path, self._clock = http, path, clock
        self._asking = asyncio.Lock()
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._metadata_read = self._keys_read = float("-inf")

    async def metadata(self) -> Metadata:
        """Return the endpoints; the last ones known when the issuer does not answer.

        Errors  OAuthDown, OAuthRefused when nothing is known yet.
        """
        async with self._asking:
            return await self._current()

    async def key_set(self, kid: str | None) -> KeySet:
        """Return the issuer's keys, read again when kid is not among them. Errors: as metadata."""
        async with self._asking:
            metadata = await self._current()
            age = self._clock() - self._keys_read
            is_unknown = self._keys is None or (kid is not None and kid not in {key.kid for key in self._keys.keys})
            if age > KEPT_SECONDS or (is_unknown and age > KEYS_ASKED_AGAIN_SECONDS):
                await self._read_keys(metadata)
            if self._keys is None:
                raise OAuthDown("the keys of the issuer are not known")
            return self._keys

    async def _current(self) -> Metadata:
        if self._metadata is None or self._clock() - self._metadata_read > KEPT_SECONDS:
            try:
                found = await get(self._http(), f"{self.issuer}{self._path}")
                self._metadata, self._metadata_read = parse_metadata(found, self.issuer), self._clock()
            except (OAuthDown, OAuthRefused):
                if self._metadata is None:
                    raise
        return self._metadata

    async def _read_keys(self, metadata: Metadata) -> None:
        try:
            self._keys = _signing_keys(await get(self._http(), metadata.jwks_uri))
            self._keys_read = self._clock()
        except (OAuthDown, OAuthRefused):
            if self._keys is None:
                raise


def parse_metadata(found: Mapping[str, Any], issuer: str) -> Metadata:
    """Return the endpoints of a discovery document.

    Errors  OAuthRefused: it names another issuer, or an address without TLS.
    """
    if found.get("issuer") != issuer:
        raise OAuthRefused(200, "wrong_issuer", "the discovery document names another issuer")
    aliases = found.get("mtls_endpoint_aliases")
    merged = {**found, **(aliases if isinstance(aliases, Mapping) else {})}
    endpoints = {name: _https(merged, name) for name in Metadata.__dataclass_fields__ if name != "issuer"}
    endpoints["authorization_endpoint"] = _https(found, "authorization_endpoint")
    for needed in ("jwks_uri", "token_endpoint"):
        if not endpoints[needed]:
            raise OAuthRefused(200, "unreadable_answer", f"the discovery document has no {needed}")
    return Metadata(issuer=issuer, **endpoints)


def _https(found: Mapping[str, Any], name: str) -> str:
    address = found.get(name, "")
    if not isinstance(address, str) or (address and urlsplit(address).scheme != "https"):
        raise OAuthRefused(200, "unreadable_answer", f"{name} is not an address over TLS")
    return address


def _signing_keys(found: Mapping[str, Any]) -> KeySet:
    """Return the keys that may sign; those of kinds that we do not know, or for encryption, are left out."""
    kept = []
    listed = found.get("keys")
    for key in listed if isinstance(listed, list) else []:
        if isinstance(key, Mapping) and key.get("use", "sig") == "sig" and key.get("kty") in ("RSA", "EC"):
            kept.append(dict(key))
    try:
        return KeySet.import_key_set({"keys": kept})
    except (JoseError, ValueError) as error:
        raise OAuthRefused(200, "unreadable_answer", "a key of the issuer cannot be read") from error
