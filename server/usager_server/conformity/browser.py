"""A browser in a scenario: somebody chooses a password, signs in with it and a code, lets an application act."""

import base64
import hashlib
import hmac
import re
import secrets
import time
from urllib.parse import parse_qs, urlsplit

import httpx

from usager_server.conformity.run import Run


class Browser:
    """The pages of one server. Shape: http records what is exchanged; root is the address of the server."""

    def __init__(self, run: Run, http: httpx.AsyncClient, root: str) -> None:
        self._run, self._http, self._root = run, http, root

    async def choose(self, link: str, password: str) -> httpx.Response:
        """Choose a password with the link that the owner of an account was given."""
        page = await self._http.get(link)
        form = {name: self.field(page, name) for name in ("csrf", "ticket", "tenant")}
        cookie = {"Cookie": cookie_of(page, "__Host-sign-in")}
        return await self._http.post(f"{self._root}/sign-in/reset", data={**form, "password": password}, headers=cookie)

    async def first(self, name: str, password: str) -> tuple[httpx.Response, dict[str, str]]:
        """Type a name and a password; return the answer, and the cookie of the browser."""
        page = await self._http.get(f"{self._root}/sign-in")
        cookie = {"Cookie": cookie_of(page, "__Host-sign-in")}
        form = {"csrf": self.field(page, "csrf"), "username": name, "password": password}
        return await self._http.post(f"{self._root}/sign-in", data=form, headers=cookie), cookie

    async def second(self, page: httpx.Response, cookie: dict[str, str], code: str) -> httpx.Response:
        """Type a code on the page that asks for one."""
        form = {name: self.field(page, name) for name in ("csrf", "ticket")}
        return await self._http.post(f"{self._root}/sign-in/code", data={**form, "code": code}, headers=cookie)

    def secret(self, page: httpx.Response) -> bytes:
        """Return the secret of the application of codes, as its page shows it."""
        return base64.b32decode(self._found(r'class="secret">([A-Z2-7]+)<', page.text))

    def field(self, page: httpx.Response, name: str) -> str:
        """Return the value of a field of a form."""
        return self._found(rf'name="{name}" value="([^"]*)"', page.text)

    async def token(self, cookie: str, client_id: str, back: str, scope: str, audience: str) -> str:
        """Return an access token for an application, which is allowed: code flow with PKCE, in a session."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {"response_type": "code", "client_id": client_id, "redirect_uri": back, "scope": scope}
        asked |= {"aud": audience, "state": secrets.token_urlsafe(24)}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        answer = await self._http.get(f"{self._root}/oauth/authorize", params=asked, headers={"Cookie": cookie})
        if answer.status_code == 200:  # a person is asked whether they allow it
            said = {"request": self.field(answer, "request"), "answer": "allow"}
            answer = await self._http.post(f"{self._root}/oauth/decision", data=said, headers={"Cookie": cookie})
        code = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("code", [""])[0]
        self._run.require(
            code, "L'application reçoit un code", found=answer.headers.get("location", answer.text[-300:])
        )
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "client_id": client_id}
        given = await self._http.post(f"{self._root}/oauth/token", data={**form, "code_verifier": verifier})
        return str(self._run.expect(given, 200, "L'application reçoit un jeton")["access_token"])

    def _found(self, pattern: str, text: str) -> str:
        found = re.search(pattern, text)
        self._run.require(found, f"La page contient {pattern}", found=text[-300:])
        return found[1] if found else ""


def code_of(secret: bytes) -> str:
    """Return the code that an application shows. Source: RFC 6238."""
    digest = hmac.digest(secret, (int(time.time()) // 30).to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06d}"


def cookie_of(answer: httpx.Response, name: str) -> str:
    """Return a cookie that an answer sets, as a request gives it back."""
    return next(it.partition(";")[0] for it in answer.headers.get_list("set-cookie") if it.startswith(f"{name}="))
