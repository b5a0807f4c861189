"""The end of a token's life at Pro Santé Connect: renewed, revoked, its session closed."""

from datetime import datetime

import httpx

from usager_server.national.psc.discovery import Metadata
from usager_server.national.psc.oauth import OAuthClient, OAuthRefused, post
from usager_server.national.psc.tokens import PscTokens, parse_tokens


async def refreshed(
    http: httpx.AsyncClient, caller: OAuthClient, metadata: Metadata, tokens: PscTokens, now: datetime
) -> PscTokens:
    """Return new tokens; the refresh token may be another one, which must be kept at once.

    Errors  OAuthRefused, invalid_grant when the professional must sign in again; OAuthDown.
    """
    if not tokens.refresh_token or (tokens.refresh_expires is not None and tokens.refresh_expires <= now):
        raise OAuthRefused(400, "invalid_grant", "the refresh token is absent or has expired")
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    return parse_tokens(await post(http, metadata.token_endpoint, form, caller), now, before=tokens)


async def revoke(http: httpx.AsyncClient, caller: OAuthClient, endpoint: str, token: str, kind: str) -> None:
    """Have a token be worth nothing; kind is access_token or refresh_token. Errors: OAuthRefused, OAuthDown.

    Source  RFC 7009.
    """
    await post(http, endpoint, {"token": token, "token_type_hint": kind}, caller)


async def end_session(http: httpx.AsyncClient, caller: OAuthClient, endpoint: str, id_token: str) -> None:
    """Close the session at Pro Santé Connect, without a browser. Errors: OAuthRefused, OAuthDown."""
    await post(http, endpoint, {"id_token_hint": id_token}, caller)
