"""The stand-in of Pro Santé Connect: the TLS of the sandbox before a certified OpenID provider (npm oidc-provider)."""

import asyncio
import base64
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from usager_server.repository.cluster_files import exclusive_lock
from usager_server.sandbox.stand_in import Answer, Received, SandboxError, StandIn

if TYPE_CHECKING:
    import httpx

ISSUER = "/auth/realms/esante-wallet"
CLIENT = "usager"
PIECES = ("package.json", "package-lock.json", "provider.mjs")
INSTALL_SECONDS = 300
NEVER_HANDED_ON = frozenset({"connection", "content-length", "transfer-encoding", "x-client-certificate", "forwarded"})

stand_in = StandIn(
    name="psc",
    title="Pro Santé Connect",
    service="usager_server.national.psc.sandbox:ProSanteConnect",
    settings={"psc_issuer": ISSUER},
    values={"psc_client_id": CLIENT},
    certificate_setting="psc_certificate_file",
    needs=("node 20", "npm"),
    start_seconds=INSTALL_SECONDS,
)


class ProSanteConnect:
    """Hands every request on to the provider, with the certificate of the client.

    Shape   the seed is an object: people, who may sign in; acr, what the provider says of them (null: nothing); ciba,
            what people answer on their telephone (approve, deny, wait); decide, an answer for those who wait; logout,
            {"to": address, "sid" | "sub", "claims"}: sends a logout token there; expire: true, and every access token
            given so far is over, as after its 120 seconds.
    """

    def __init__(self) -> None:
        import httpx  # by the process of the stand-in alone: the server reads this file to know its name

        self._process: asyncio.subprocess.Process | None = None
        self._orders = httpx.Client(timeout=10, trust_env=False)
        self._client = httpx.AsyncClient(timeout=60, trust_env=False, follow_redirects=False)
        self._url = self._origin = ""

    async def start(self, url: str, client_subject: str) -> None:
        """Install the provider, the first time, and start it. Errors: SandboxError, which says what is missing."""
        self._origin = url
        folder = await asyncio.to_thread(installed)
        people = json.loads(_piece("people.json"))
        order = json.dumps({"origin": url, "people": people, "subject": client_subject})
        self._process = await asyncio.create_subprocess_exec(
            "node", str(folder / "provider.mjs"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101 - piped above
        self._process.stdin.write(f"{order}\n".encode())
        line = await self._process.stdout.readline()
        if not line:
            raise SandboxError("node ends before it listens; its last words are above")
        self._url = f"http://127.0.0.1:{json.loads(line)['port']}"

    async def stop(self) -> None:
        """End the provider; it also ends by itself when its standard input closes."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()
        self._orders.close()
        await self._client.aclose()

    def reset(self) -> None:
        """Have everybody of the beginning sign in, at the level eidas1."""
        self._order("reset", {})

    def seed(self, data: Any) -> None:
        """Change who signs in and how, or send a logout token."""
        known = {"people", "acr", "ciba", "decide", "logout", "expire"}
        if not isinstance(data, Mapping) or not data or not data.keys() <= known:
            raise ValueError(f"the seed is an object with some of {', '.join(sorted(known))}")
        rest = dict(data)
        if "logout" in rest:
            self._send_logout(rest.pop("logout"))
        if rest.pop("expire", False):
            self._order("expire", {})
        if "decide" in rest:
            self._order("decide", {"answer": rest.pop("decide")})
        if rest:
            self._order("seed", rest)

    def ask(self, wanted: Any) -> Mapping[str, Any]:
        """Sign somebody in as at a browser: {"sign_in": address, "as": national id}; return where they are sent.

        Shape   or {"counts": true}: return how many times somebody has proven who they are, since the last reset.
        """
        if wanted == {"counts": True}:
            counted: Mapping[str, Any] = self._order("counts", {})
            return counted
        if isinstance(wanted, Mapping) and isinstance(wanted.get("logout_token"), Mapping):
            made: Mapping[str, Any] = self._order("logout-token", wanted["logout_token"])
            return made
        if not isinstance(wanted, Mapping) or not str(wanted.get("sign_in", "")).startswith(f"{self._origin}{ISSUER}/"):
            raise ValueError('what is asked is {"sign_in": an address of this provider, "as": a national id}')
        cookies: dict[str, str] = {}
        address = str(wanted["sign_in"])
        for _ in range(10):
            answer = self._browsed("GET", address, cookies)
            if answer.status_code == 200:  # the page that asks who is there
                answer = self._browsed("POST", address, cookies, {"login": str(wanted.get("as", ""))})
            address = urljoin(address, answer.headers.get("location", ""))
            if not address.startswith(f"{self._origin}{ISSUER}/"):
                return {"back": address}
        raise ValueError(f"the provider does not send anybody back: {answer.status_code}")

    async def answer(self, request: Received) -> Answer:
        """Hand one request on. What is not below the issuer is not there."""
        if not request.path.startswith(f"{ISSUER}/"):
            return Answer(404)
        headers = {name: value for name, value in request.headers.items() if name not in NEVER_HANDED_ON}
        headers["x-forwarded-proto"], headers["x-forwarded-host"] = "https", request.headers.get("host", "")
        if request.certificate is not None:
            headers["x-client-certificate"] = base64.b64encode(request.certificate).decode()
        query = f"?{request.query}" if request.query else ""
        given = await self._client.request(
            request.method, f"{self._url}{request.path}{query}", content=request.body, headers=headers
        )
        kept = {
            name: value
            for name, value in given.headers.items()
            if name not in NEVER_HANDED_ON and name not in ("set-cookie", "content-encoding")
        }
        return Answer(given.status_code, given.content, kept, given.headers.get_list("set-cookie"))

    def _order(self, what: str, content: Mapping[str, Any]) -> Any:
        answer = self._orders.post(f"{self._url}/orders/{what}", json=content)
        answer.raise_for_status()
        return answer.json()

    def _browsed(
        self, method: str, address: str, cookies: dict[str, str], form: Mapping[str, str] | None = None
    ) -> "httpx.Response":
        """Send a request of the browser that is played, whose cookies it keeps."""
        url = urlsplit(address)
        headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-Forwarded-Proto": "https",
            "X-Forwarded-Host": url.netloc,
        }
        target = f"{self._url}{url.path}{f'?{url.query}' if url.query else ''}"
        answer = self._orders.request(method, target, headers=headers, data=form and dict(form))
        for cookie in answer.headers.get_list("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            cookies[name] = value
        return answer

    def _send_logout(self, wanted: Mapping[str, Any]) -> None:
        to = str(wanted.get("to", ""))
        if urlsplit(to).hostname not in ("localhost", "127.0.0.1"):
            raise ValueError("logout is sent to this machine only: to is an address of localhost")
        token = self._order("logout-token", {key: wanted[key] for key in ("sid", "sub", "claims") if key in wanted})
        answer = self._orders.post(to, data={"logout_token": token["token"]})
        if answer.is_error:
            raise ValueError(f"the logout token is refused: {answer.status_code} {answer.text[:200]}")


def installed() -> Path:
    """Return the folder in which the provider and what it depends on are, installed once a version.

    Source  npm, at the versions and with the digests of package-lock.json.
    Errors  SandboxError when npm does not succeed.
    """
    pieces = {name: _piece(name) for name in PIECES}
    digest = hashlib.sha256(b"".join(pieces.values())).hexdigest()[:16]
    folder = _cache() / f"psc-{digest}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(folder.parent / "psc.lock"):  # another sandbox may be installing it
        if not folder.exists():
            _install(pieces, folder)
    return folder


def _install(pieces: Mapping[str, bytes], folder: Path) -> None:
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name, content in pieces.items():
        (unfinished / name).write_bytes(content)
    try:
        done = subprocess.run(
            ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"],  # noqa: S607
            cwd=unfinished,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALL_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"npm cannot be run ({type(error).__name__}): Node.js and npm are needed") from error
    if done.returncode:
        raise SandboxError(f"npm does not install oidc-provider: {done.stderr.strip()[-300:] or 'it says nothing'}")
    unfinished.rename(folder)


def _piece(name: str) -> bytes:
    return files("usager_server.national.psc").joinpath("stand_in", name).read_bytes()


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "usager" / "stand-ins"
