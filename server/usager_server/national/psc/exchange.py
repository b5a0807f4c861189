"""A token of Pro Santé Connect exchanged for that of a national API, bound to the certificate of the connection."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import httpx

from usager_server.national.psc.oauth import OAuthClient, OAuthRefused, post
from usager_server.national.psc.thumbprint import THUMBPRINTS, Style, style_of
from usager_server.national.psc.tokens import seconds, token_of

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
TOKEN_TYPE = "urn:ietf:params:oauth:token-type:"  # noqa: S105 - the name of a type


@dataclass(frozen=True, slots=True)
class Target:
    """How the authorization server of one API wants to be asked.

    Shape   scopes are the API's own; extra goes into the form as it is (a Keycloak server wants subject_issuer=psc);
            actor holds lps_nom, lps_id, lps_version, sent as an unsigned JWT since the connection is authenticated.
    Source  CI-SIS, volet transport API REST; RFC 8693 2.1.
    """

    token_endpoint: str
    scopes: tuple[str, ...]
    subject_token_type: Literal["access_token", "jwt"] = "access_token"  # noqa: S105 - the name of a type
    sends_thumbprint: bool = True
    thumbprint_style: Style = "rfc8705"
    extra: Mapping[str, str] = field(default_factory=dict)
    actor: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """The token of one API. Shape: refresh_token "" when there is none; binding is the form in which the token names
    our certificate, None when the token is opaque."""

    access_token: str = field(repr=False)
    expires: datetime
    refresh_token: str = field(repr=False, default="")
    binding: Style | None = None


async def exchange(
    http: httpx.AsyncClient,
    caller: OAuthClient,
    target: Target,
    subject_token: str,
    certificate: bytes,
    now: datetime,
) -> ApiToken:
    """Return an API token for a token of Pro Santé Connect; http presents the certificate (DER) that binds it.

    Errors  OAuthRefused, also when the token is bound to another certificate or is no bearer token; OAuthDown.
    """
    form = {
        "grant_type": GRANT,
        "subject_token": subject_token,
        "subject_token_type": TOKEN_TYPE + target.subject_token_type,
        "scope": " ".join(target.scopes),
        **target.extra,
    }
    if target.sends_thumbprint:
        form["cnf"] = THUMBPRINTS[target.thumbprint_style](certificate)
    if target.actor:
        form |= {"actor_token": unsigned_jwt(target.actor), "actor_token_type": f"{TOKEN_TYPE}jwt"}
    return parse_api_token(await post(http, target.token_endpoint, form, caller), certificate, now)


async def renewed(
    http: httpx.AsyncClient, caller: OAuthClient, target: Target, token: ApiToken, certificate: bytes, now: datetime
) -> ApiToken:
    """Return the next token of an API whose server gave a refresh token. Errors: OAuthRefused, OAuthDown."""
    form = {"grant_type": "refresh_token", "refresh_token": token.refresh_token}
    return parse_api_token(await post(http, target.token_endpoint, form, caller), certificate, now)


def parse_api_token(answer: Mapping[str, Any], certificate: bytes, now: datetime) -> ApiToken:
    """Return the token of an answer. Errors: OAuthRefused when it is not ours to use. Source: RFC 8693 2.2."""
    token = token_of(answer, "access_token")
    if str(answer.get("token_type", "")).lower() != "bearer":
        raise OAuthRefused(200, "unreadable_answer", "the token is not of type Bearer")
    return ApiToken(
        access_token=token,
        expires=now + seconds(answer.get("expires_in")),
        refresh_token=token_of(answer, "refresh_token", needed=False),
        binding=_binding(token, certificate),
    )


def unsigned_jwt(claims: Mapping[str, str]) -> str:
    """Return claims as a JWT without a signature, which the transport volume tolerates under mTLS."""
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def _binding(token: str, certificate: bytes) -> Style | None:
    """Return how a token names our certificate. It is not ours to verify: the API does; but another's is of no use."""
    claimed = _claims(token).get("cnf")
    thumbprint = claimed.get("x5t#S256") if isinstance(claimed, Mapping) else None
    if not isinstance(thumbprint, str):
        return None
    style = style_of(thumbprint, certificate)
    if style is None:
        raise OAuthRefused(200, "wrong_certificate", "the token is bound to another certificate")
    return style


def _claims(token: str) -> Mapping[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        found = json.loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}


def _part(value: Mapping[str, str]) -> str:
    return urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).rstrip(b"=").decode()
