"""Pro Santé Connect as one client of it: what every flow needs, made of the settings."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from usager_server.national.psc.discovery import Discovery
from usager_server.national.psc.id_token import Expected, checked_claims, key_id
from usager_server.national.psc.identity import ProfessionalIdentity, identity_of
from usager_server.national.psc.oauth import OAuthClient, OAuthRefused, get
from usager_server.national.psc.tokens import PscTokens
from usager_server.national.trust import tls
from usager_server.settings import Settings


@dataclass(frozen=True, slots=True)
class Proven:
    """Who somebody is, as the provider says. Shape: sid: the session there, None when it names none."""

    identity: ProfessionalIdentity
    authenticated: datetime
    acr: str
    sid: str | None
    tokens: PscTokens


class Provider:
    """One issuer, and we as its client. Shape: the HTTP client bears our certificate, and is made when first needed."""

    def __init__(
        self,
        issuer: str,
        caller: OAuthClient,
        made: Callable[[], httpx.AsyncClient],
        *,
        path: str,
        floor: str,
        untyped_logout: bool = False,
    ) -> None:
        self.issuer = issuer
        self.caller = caller
        self.floor = floor
        self.untyped_logout = untyped_logout
        self.discovery = Discovery(issuer, self.http, path=path)
        self._made = made
        self._http: httpx.AsyncClient | None = None

    def http(self) -> httpx.AsyncClient:
        """Return the client; its connections are those of our certificate, and of nobody else's."""
        if self._http is None:
            self._http = self._made()
        return self._http

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()

    async def proven(self, tokens: PscTokens, nonce: str | None, now: datetime) -> Proven:
        """Return whom tokens are about, after every check; userinfo is asked while the access token lives.

        Errors  IdTokenRefused (LevelTooLow), OAuthRefused, OAuthDown; ServiceRefused for a userinfo that will not do.
        """
        expected = Expected(self.issuer, self.caller.client_id, nonce, self.floor)
        keys = await self.discovery.key_set(key_id(tokens.id_token))
        claims = checked_claims(tokens.id_token, keys, expected, now)
        metadata = await self.discovery.metadata()
        if not metadata.userinfo_endpoint:
            raise OAuthRefused(200, "unreadable_answer", "the discovery document has no userinfo_endpoint")
        found = await get(self.http(), metadata.userinfo_endpoint, bearer=tokens.access_token)
        sid = claims.get("sid")
        return Proven(
            identity=identity_of(found, claims["sub"]),
            authenticated=datetime.fromtimestamp(claims["auth_time"], UTC),
            acr=claims["acr"],
            sid=sid if isinstance(sid, str) and 0 < len(sid) <= 255 else None,
            tokens=tokens,
        )


def provider(settings: Settings) -> Provider | None:
    """Return the provider that the settings name, None when they name none. Errors: OSError, ssl.SSLError."""
    if settings.psc_issuer is None or settings.psc_client_id is None:
        return None
    secret = settings.psc_client_secret_file
    caller = OAuthClient(settings.psc_client_id, secret.read_text(encoding="utf-8").strip() if secret else None)
    context = tls(settings.authorities("psc"), settings.psc_certificate_file)
    return Provider(
        settings.psc_issuer,
        caller,
        lambda: httpx.AsyncClient(verify=context, timeout=10),
        path=settings.psc_discovery_path,
        floor=settings.psc_acr_floor,
        untyped_logout=settings.psc_untyped_logout,
    )
