"""What a client asks for when it sends a person to us. Source: RFC 6749 4.1.1, RFC 7636, SMART App Launch 2.2."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from usager_server.authorization.authenticating import Authentication
from usager_server.authorization.clients import CODE, Client
from usager_server.authorization.errors import NotRedirectable, OAuthError
from usager_server.authorization.form import required

CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
TEXT_CHARACTERS = 1000
PROMPTS = ("none", "consent")


@dataclass(frozen=True, slots=True)
class Back:
    """Where the answer goes: an address of this client, exactly as it was registered."""

    client: Client
    redirect_uri: str
    state: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """One authorization request. prompt: none, consent or empty; max_age_seconds None: as old as it may be."""

    back: Back
    scope: str
    challenge: str
    nonce: str | None
    launch: str | None
    prompt: str
    max_age_seconds: int | None


async def where_back(form: Mapping[str, str], authentication: Authentication) -> Back:
    """Return where the answer goes, refusals included.

    Errors  NotRedirectable when client or address are not registered: an open redirector is a thief's tool.
    """
    try:
        client = await authentication.registered(form.get("client_id", ""))
    except OAuthError as error:
        raise NotRedirectable("client_id") from error
    if form.get("redirect_uri") not in client.redirect_uris:
        raise NotRedirectable("redirect_uri")
    return Back(client, form["redirect_uri"], form.get("state"))


def read_asked(form: Mapping[str, str], back: Back, base_url: str) -> Asked:
    """Return what is asked for. Errors: OAuthError, to be told to the client at its address."""
    if not back.client.uses(CODE) or required(form, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    if form.get("response_mode", "query") != "query" or "request" in form or "request_uri" in form:
        raise OAuthError("invalid_request", "response_mode, request and request_uri are not supported")
    if form.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(form.get("code_challenge", "")):
        raise OAuthError("invalid_request", "PKCE is compulsory: code_challenge, with code_challenge_method=S256")
    if required(form, "aud").rstrip("/") != base_url:
        raise OAuthError("invalid_request", f"aud must be {base_url}")
    if len(required(form, "state")) > TEXT_CHARACTERS or len(form.get("nonce", "")) > TEXT_CHARACTERS:
        raise OAuthError("invalid_request", f"state and nonce have at most {TEXT_CHARACTERS} characters")
    if form.get("prompt", "") not in ("", *PROMPTS):
        raise OAuthError("invalid_request", f"prompt is one of {', '.join(PROMPTS)}")
    return Asked(
        back,
        required(form, "scope"),
        form["code_challenge"],
        form.get("nonce"),
        form.get("launch"),
        form.get("prompt", ""),
        _max_age(form.get("max_age")),
    )


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise OAuthError("invalid_request", "max_age is a number of seconds")
    return int(text)
