"""What stands before INSi for professionals: a Proxy e-santé, and the authorization server that a real proxy asks."""

import hashlib
import json
import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from usager_server.national.insi.stand_in.service import Teleservice
from usager_server.sandbox.stand_in import Answer, Received

COOKIE = "proxy_session_id"
BACKEND = "/proxy/send/insi/lps"
MEMBERS = {"nationalId", "bindingMessage", "clientId", "channel"}
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
LIVES_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Token:
    """A token of the API. Shape: binding is the thumbprint of the certificate that it was given to."""

    binding: str
    expires: float


class Proxy:
    """Keeps sessions and tokens; hands calls on to the service as a professional's."""

    def __init__(self, client_id: str, service: Teleservice) -> None:
        self._client_id, self._service = client_id, service
        self.reset()

    def reset(self) -> None:
        """Forget every session and token."""
        self._sessions: dict[str, str] = {}
        self._tokens: dict[str, Token] = {}

    def answer(self, request: Received) -> Answer:
        """Answer a call to the proxy, the authorization server or the API."""
        if request.certificate is None:
            return _told(403, {"code": "403", "message": "a client certificate is needed"})
        match request.method, request.path:
            case "POST", "/proxy/connect":
                return self._connect(request)
            case "POST", path if path == BACKEND:
                return self._send(request)
            case "DELETE", "/proxy/disconnect":
                return Answer(200 if self._sessions.pop(_session_id(request), None) else 401)
            case "POST", "/as/token":
                return self._exchange(request)
            case "POST", "/as/revoke":
                self._tokens.pop(dict(parse_qsl(request.body.decode())).get("token", ""), None)
                return Answer(200)
            case "POST", "/api/lps":
                return self._api(request)
        return Answer(404)

    def _connect(self, request: Received) -> Answer:
        try:
            given = json.loads(request.body)
        except ValueError:
            given = None
        if not isinstance(given, Mapping) or set(given) != MEMBERS or given["channel"] not in ("CARD", "MOBILE"):
            return _told(400, {"code": "400", "message": f"the body has {', '.join(sorted(MEMBERS))}"})
        if given["clientId"] != self._client_id:
            return _told(404, {"code": "404", "message": "unknown client"})
        session = secrets.token_urlsafe(24)
        self._sessions[session] = str(given["nationalId"])
        content = {COOKIE: session, "session_state": secrets.token_hex(8)}
        return Answer(200, json.dumps(content).encode(), _JSON, cookies=[f"{COOKIE}={session}; Path=/; Secure"])

    def _send(self, request: Received) -> Answer:
        national_id = self._sessions.get(_session_id(request))
        if national_id is None:
            return _told(401, {"code": "401", "message": "no such session"})
        return self._service.with_assertion(request, national_id)

    def _exchange(self, request: Received) -> Answer:
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") != EXCHANGE or not form.get("subject_token") or not form.get("scope"):
            return _told(400, {"error": "invalid_request"})
        binding = _thumbprint(request)
        token = secrets.token_urlsafe(24)
        self._tokens[token] = Token(binding, time.time() + LIVES_SECONDS)
        kind = "urn:ietf:params:oauth:token-type:access_token"
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": LIVES_SECONDS}
        return _told(200, answer | {"issued_token_type": kind})

    def _api(self, request: Received) -> Answer:
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self._tokens.get(value)
        if scheme != "Bearer" or token is None or token.expires < time.time() or token.binding != _thumbprint(request):
            return Answer(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return self._service.with_assertion(request, _claimed(request.body))


_JSON = {"Content-Type": "application/json"}


def _claimed(body: bytes) -> str:
    """Return the professional that an assertion names: the token of a real proxy tells nothing of them here."""
    name = b'NameQualifier="PSC">'
    start = body.find(name)
    return body[start + len(name) :].partition(b"<")[0].decode("utf-8", "replace") if start >= 0 else ""


def _session_id(request: Received) -> str:
    found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    return "" if found is None else found.value


def _thumbprint(request: Received) -> str:
    return urlsafe_b64encode(hashlib.sha256(request.certificate or b"").digest()).decode().rstrip("=")


def _told(status: int, content: Mapping[str, Any]) -> Answer:
    return Answer(status, json.dumps(content).encode(), _JSON)
