"""Applications and services that ask for tokens, for tests."""

import base64
import hashlib
import re
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, Key, RSAKey

from usager_server.authorization.authenticating import ASSERTION_TYPE
from usager_server.authorization.clients import Client, new_client
from usager_server.traces.event import Origin

ORIGIN = Origin("test")
BASE = "https://dui.example/fhir"
AUDIENCE = "https://dui.example/oauth/token"
CALLBACK = "https://app.example/callback"
QUESTION = re.compile(r'name="request" value="([^"]+)"')
CLINICAL = "openid fhirUser launch launch/patient online_access patient/*.cruds user/*.cruds"


def public_app(tenant: int = 1, **more: Any) -> Client:
    """Return an application in a browser, to be stored."""
    asked = {
        "client_name": "Agenda",
        "redirect_uris": [CALLBACK],
        "scope": CLINICAL,
        "grant_types": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_method": "none",
    }
    return new_client(tenant, asked | more)


def confidential_app(**more: Any) -> Client:
    """Return an application that proves who it is with a key, to be stored."""
    asked = {"redirect_uris": [CALLBACK], "scope": CLINICAL, "grant_types": ["authorization_code"]}
    return service(ec_key(), **asked | more)


def rsa_key(kid: str = "r1") -> RSAKey:
    """Return a key for RS384."""
    return RSAKey.generate_key(2048, {"kid": kid})


def ec_key(kid: str = "e1") -> ECKey:
    """Return a key for ES384."""
    return ECKey.generate_key("P-384", {"kid": kid})


def service(*keys: Key, tenant: int = 1, **more: Any) -> Client:
    """Return a client with keys, to be stored: for client_credentials unless said otherwise."""
    asked = {
        "client_name": "Entrepôt",
        "scope": "system/*.rs",
        "grant_types": ["client_credentials"],
        "jwks": {"keys": [{**key.as_dict(private=False), "kid": key.kid} for key in keys]},
    }
    return new_client(tenant, asked | more)


def assertion(client: Client, key: Key, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return an assertion of a client; a claim None is left out."""
    algorithm = "ES384" if key.key_type == "EC" else "RS384"
    now = int(time.time())
    said = {
        "iss": client.id,
        "sub": client.id,
        "aud": AUDIENCE,
        "exp": now + 240,
        "iat": now,
        "jti": secrets.token_urlsafe(12),
    } | claims
    return jwt.encode(
        {"alg": algorithm, "kid": key.kid, "typ": "JWT", **(header or {})},
        {name: value for name, value in said.items() if value is not None},
        key,
        algorithms=[algorithm],
    )


def proof(client: Client, key: Key, **claims: Any) -> dict[str, str]:
    """Return the parameters that prove who a client is."""
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion(client, key, **claims)}


class Browser:
    """A person in a browser that an application sends to us and back."""

    def __init__(self, http: httpx.AsyncClient, client: Client, cookie: str | None) -> None:
        self.http = http
        self.client = client
        self.headers = {"cookie": cookie} if cookie else {}
        self.verifier = secrets.token_urlsafe(48)

    def asked(self, scope: str, **more: str | None) -> dict[str, str]:
        """Return the parameters of an authorization request; one that is None is left out."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        parameters: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": CALLBACK,
            "scope": scope,
            "state": "s-1",
            "aud": BASE,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (parameters | more).items() if value is not None}

    async def authorize(self, scope: str, **more: str | None) -> httpx.Response:
        """Go where the application sends."""
        return await self.http.get("/oauth/authorize", params=self.asked(scope, **more), headers=self.headers)

    async def answer(self, page: httpx.Response, answer: str = "allow", **more: str) -> httpx.Response:
        """Answer the question of a page."""
        found = QUESTION.search(page.text)
        assert found, page.text
        form = {"request": found[1], "answer": answer, **more}
        return await self.http.post("/oauth/decision", data=form, headers=self.headers)

    async def code(self, scope: str, *, patient: str | None = None, **more: str | None) -> str:
        """Allow what is asked for, and return the code."""
        page = await self.authorize(scope, **more)
        if page.status_code == 200:
            page = await self.answer(page, **({"patient": patient} if patient else {}))
        return sent(page)["code"]

    async def exchange(self, code: str, **more: str) -> httpx.Response:
        """Exchange a code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "client_id": self.client.id,
            "code_verifier": self.verifier,
        }
        return await self.http.post("/oauth/token", data=form | more)

    async def tokens(self, scope: str, *, patient: str | None = None, **more: str) -> dict[str, Any]:
        """Go all the way, and return the answer of the token endpoint."""
        answer = await self.exchange(await self.code(scope, patient=patient), **more)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def sent(answer: httpx.Response) -> dict[str, str]:
    """Return what an application is told at its address."""
    assert answer.status_code == 303, answer.text
    address = urlsplit(answer.headers["location"])
    assert answer.headers["location"].startswith(CALLBACK)
    return {name: value for name, (value,) in parse_qs(address.query).items()}


def bearer(token: str) -> dict[str, str]:
    """Return the headers of who bears a token."""
    return {"authorization": f"Bearer {token}"}
