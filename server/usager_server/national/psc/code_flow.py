"""The authorization code flow: to Pro Santé Connect and back, with PKCE, for somebody at a browser.

Source  OpenID Connect Core 3.1; RFC 7636; RFC 9207; psc.md 3.
"""

import base64
import hmac
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from usager_server.accounts.tickets import Tickets
from usager_server.errors import Invalid
from usager_server.national.psc.ciba import SCOPE
from usager_server.national.psc.oauth import OAuthRefused, post
from usager_server.national.psc.provider import Proven, Provider
from usager_server.national.psc.tokens import parse_tokens
from usager_server.repository.running import Runner
from usager_server.requirements import fulfils
from usager_server.sealing import Sealer

# What is asked for, whatever comes back: the référentiel names it (SC.PSC.08).
ACR_VALUES = "eidas1"
FLOW_MINUTES = 10


@dataclass(frozen=True, slots=True)
class Errand:
    """Why somebody was sent to the provider.

    Shape   back: where they go afterwards, a path of ours; redirect_uri: where the provider sends them; account: the
            one to attach, of a session with two factors; idle_seconds: the shorter idle time they asked for; again: the
            provider asks who is there although it knows.
    """

    back: str
    redirect_uri: str
    account: str | None = None
    idle_seconds: int | None = None
    again: bool = False


class CodeFlow:
    """Sends people to the provider, and receives them."""

    def __init__(self, provider: Provider, sealer: Sealer) -> None:
        self._provider = provider
        self._states = Tickets("psc-state", timedelta(minutes=FLOW_MINUTES), sealer)

    async def start(self, runner: Runner, now: datetime, browser: str, errand: Errand) -> str:
        """Return the address to send a browser to; browser is the secret in its cookie, to which the way back is bound.

        Errors  OAuthDown, OAuthRefused: the provider cannot be found.
        """
        metadata = await self._provider.discovery.metadata()
        if not metadata.authorization_endpoint:
            raise OAuthRefused(200, "unreadable_answer", "the discovery document has no authorization_endpoint")
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        data = {"nonce": nonce, "verifier": verifier, "browser": _digest(browser), **asdict(errand)}
        async with runner.transaction() as inside:
            state = await self._states.put(inside, now, data)
        query = authorization_query(self._provider.caller.client_id, errand.redirect_uri, str(state), nonce, verifier)
        query |= {"prompt": "login"} if errand.again else {}
        return f"{metadata.authorization_endpoint}?{urlencode(query)}"

    async def errand(self, runner: Runner, now: datetime, browser: str, answer: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what was noted at the start, once, for the browser that began it.

        Errors  Invalid (400): the state is unknown, used, too old, another browser's, or iss is another issuer's.
        """
        async with runner.transaction() as inside:
            ticket = await self._states.take(inside, now, answer.get("state", ""))
        if ticket is None or not hmac.compare_digest(ticket.data["browser"], _digest(browser)):
            raise Invalid("This sign-in was begun elsewhere, or too long ago: begin again", code="security")
        if answer.get("iss") != self._provider.issuer:  # RFC 9207: a mix-up sends codes to who should not have them
            raise Invalid("The answer does not come from the provider that was asked", code="security")
        return ticket.data

    async def finish(self, noted: Mapping[str, Any], code: str, now: datetime) -> Proven:
        """Return who came back. Errors: those of `Provider.proven`; OAuthRefused when the code is refused."""
        metadata = await self._provider.discovery.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": noted["redirect_uri"],
            "code_verifier": noted["verifier"],
        }
        answer = await post(self._provider.http(), metadata.token_endpoint, form, self._provider.caller)
        return await self._provider.proven(parse_tokens(answer, now), noted["nonce"], now)


@fulfils("SC.PSC.08")
def authorization_query(client_id: str, redirect_uri: str, state: str, nonce: str, verifier: str) -> dict[str, str]:
    """Return the authentication request. Source: référentiel DUI vague 2, 5.1: acr_values is eidas1."""
    return {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "scope": SCOPE,
        "acr_values": ACR_VALUES,
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
    }


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def account_of(noted: Mapping[str, Any]) -> uuid.UUID | None:
    """Return the account that an errand attaches, or None."""
    return uuid.UUID(noted["account"]) if noted.get("account") else None


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
