"""National APIs as the stand-in plays them.

`/{name}/token`, `/{name}/revoke`, `/{name}/api/…` are there for any name: the tokens of one are nothing to another.
"""

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from usager_server.sandbox.stand_in import Answer, Received

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
SUBJECT_TYPES = ("urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:jwt")
BINDINGS = ("rfc8705", "hex-base64", "other", "none")
DEFAULTS: Mapping[str, Any] = {
    "lifetime": 3600,
    "binding": "rfc8705",
    "refresh": False,
    "psc": None,  # {"introspection", "client_id", "certificate", "authority"}: unset, every subject token will do
    "extra": {},  # parameters that the exchange must hold
    "repeats_token": False,  # the API repeats the token that it got, as no API should
}


class Apis:
    """Exchanges, checks and revokes tokens, and shows each call what arrived; a seed changes some of DEFAULTS."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget every token."""
        self._key = OctKey.generate_key(256)
        self._refresh: dict[str, str] = {}
        self._revoked: set[str] = set()
        self._set = dict(DEFAULTS)

    def seed(self, data: Any) -> None:
        """Change how tokens are made, or have all those given so far be worth nothing: {"forget": true}."""
        if not isinstance(data, Mapping) or not data or not data.keys() <= {*DEFAULTS, "forget"}:
            raise ValueError(f"the seed is an object with some of {', '.join([*DEFAULTS, 'forget'])}")
        if data.get("binding", "none") not in BINDINGS:
            raise ValueError(f"binding is one of {', '.join(BINDINGS)}")
        if data.get("forget"):
            self._key = OctKey.generate_key(256)
        self._set |= {name: value for name, value in data.items() if name != "forget"}

    async def answer(self, request: Received) -> Answer:
        """Answer as the authorization server of an API, or as the API."""
        name, _, rest = request.path.lstrip("/").partition("/")
        if request.certificate is None:
            return _said(401, {"error": "invalid_client", "error_description": "no client certificate"})
        if rest in ("token", "revoke"):
            if request.method != "POST":
                return Answer(405, headers={"Allow": "POST"})
            form = dict(parse_qsl(request.body.decode()))
            return await self._token(name, form, request.certificate) if rest == "token" else self._revoke(form)
        if rest.partition("/")[0] != "api":
            return Answer(404)
        return self._api(name, rest.removeprefix("api"), request, request.certificate)

    async def _token(self, name: str, form: Mapping[str, str], certificate: bytes) -> Answer:
        if not form.get("client_id"):
            return _said(401, {"error": "invalid_client"})
        if form.get("grant_type") == "refresh_token":
            if self._refresh.pop(form.get("refresh_token", ""), None) != name:
                return _said(400, {"error": "invalid_grant"})
        elif refusal := await self._refusal(form, certificate):
            return _said(400, {"error": refusal})
        return _said(200, self._made(name, form, certificate))

    async def _refusal(self, form: Mapping[str, str], certificate: bytes) -> str | None:
        """Return why an exchange is refused: RFC 8693, and what the transport volume adds."""
        if form.get("grant_type") != EXCHANGE:
            return "unsupported_grant_type"
        if form.get("subject_token_type") not in SUBJECT_TYPES or not form.get("subject_token"):
            return "invalid_request"
        if not form.get("scope"):
            return "invalid_scope"
        if form.get("cnf", _thumbprint(certificate)) not in (_thumbprint(certificate), _hex_thumbprint(certificate)):
            return "invalid_request"
        if any(form.get(wanted) != value for wanted, value in self._set["extra"].items()):
            return "invalid_request"
        return None if await self._is_active(form["subject_token"]) else "invalid_grant"

    async def _is_active(self, token: str) -> bool:
        psc = self._set["psc"]
        if psc is None:
            return True
        tls = ssl.create_default_context(cafile=psc["authority"])
        tls.load_cert_chain(psc["certificate"])
        async with httpx.AsyncClient(verify=tls, trust_env=False) as client:
            form = {"token": token, "client_id": psc["client_id"]}
            answer = await client.post(psc["introspection"], data=form)
        return bool(answer.is_success and answer.json().get("active"))

    def _made(self, name: str, form: Mapping[str, str], certificate: bytes) -> dict[str, Any]:
        now = int(time.time())
        claims: dict[str, Any] = {"aud": name, "iat": now, "exp": now + self._set["lifetime"]}
        claims |= {"jti": secrets.token_hex(8), "client_id": form["client_id"], "scope": form.get("scope", "")}
        if (bound := _binding(self._set["binding"], certificate)) is not None:
            claims["cnf"] = {"x5t#S256": bound}
        token = jwt.encode({"alg": "HS256", "typ": "at+jwt"}, claims, self._key)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": self._set["lifetime"]}
        answer["issued_token_type"] = SUBJECT_TYPES[0]
        if self._set["refresh"]:
            answer["refresh_token"] = secrets.token_urlsafe(32)
            self._refresh[answer["refresh_token"]] = name
        return answer

    def _revoke(self, form: Mapping[str, str]) -> Answer:
        self._revoked.add(form.get("token", ""))
        self._refresh.pop(form.get("token", ""), None)
        return Answer(200)

    def _api(self, name: str, path: str, request: Received, certificate: bytes) -> Answer:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self._is_good(name, token, certificate):
            return Answer(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if path == "/forbidden":
            return Answer(403, headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'})
        if path == "/signsessiondata" and request.method == "POST":
            return self._signed(request.body)
        seen = {key: value for key, value in request.headers.items() if key != "authorization"}
        content = {"method": request.method, "path": path, "query": request.query, "headers": seen}
        content["body"] = request.body.decode("utf-8", "replace")
        headers = {"Content-Type": "application/json", "X-Api": name, "Set-Cookie": "proxy_session_id=of-the-api"}
        if self._set["repeats_token"]:
            headers["X-Token"] = token
        return Answer(200, json.dumps(content).encode(), headers)

    def _is_good(self, name: str, token: str, certificate: bytes) -> bool:
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
        except (JoseError, ValueError):
            return False
        bound = claims.get("cnf", {}).get("x5t#S256")
        ours = (None, _thumbprint(certificate), _hex_thumbprint(certificate))
        return token not in self._revoked and claims["aud"] == name and claims["exp"] > time.time() and bound in ours

    def _signed(self, body: bytes) -> Answer:
        """Answer as the API of the conformity tool: what was sent, with a signature."""
        try:
            given = json.loads(body)
            kept = {key: given[key] for key in ("nationalId", "clientID", "proxy_session_id", "session_state")}
        except (ValueError, KeyError, TypeError):
            return Answer(400)
        mac = hmac.digest(b"conformity", json.dumps(kept, sort_keys=True).encode(), "sha256")
        return _said(200, kept | {"signature": base64.b64encode(mac).decode()})


def _binding(style: str, certificate: bytes) -> str | None:
    made = {"rfc8705": _thumbprint(certificate), "hex-base64": _hex_thumbprint(certificate)}
    return made.get(style) or (_thumbprint(b"another") if style == "other" else None)


def _thumbprint(certificate: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(certificate).digest()).decode().rstrip("=")


def _hex_thumbprint(certificate: bytes) -> str:
    return base64.b64encode(hashlib.sha256(certificate).hexdigest().encode()).decode()


def _said(status: int, content: Mapping[str, Any]) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})
