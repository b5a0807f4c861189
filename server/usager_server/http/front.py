"""The front of the house: which door a request takes, and who may knock when sign-in is off."""

from urllib.parse import urlsplit

from usager_server.errors import Forbidden, operation_outcome
from usager_server.http.observability import App, Receive, Scope, Send
from usager_server.jsontext import build_json
from usager_server.wires import is_loopback

FHIR = "/fhir"
WELL_KNOWN = "/fhir/.well-known/"  # no interaction: what the authorization server says of itself
READING = ("GET", "HEAD", "OPTIONS")
JSON_HEADERS = [(b"content-type", b"application/fhir+json; charset=utf-8")]


class Front:
    """Sends what is under /fhir to the FHIR door, and the rest, with the start and the stop, to the pages."""

    def __init__(self, fhir: App, pages: App) -> None:
        self._fhir = fhir
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] == "http" and _is_fhir(scope["path"]):
            await self._fhir(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


def _is_fhir(path: str) -> bool:
    return path == FHIR or (path.startswith("/fhir/") and not path.startswith(WELL_KNOWN))


class LoopbackOnly:
    """Refuses requests for other host names: a web page elsewhere may have its own name resolve to this machine.

    Shape   so are those that a page elsewhere sends here itself, unless they only read: it cannot read the answer, but
            a browser does send them (a Binary, an operation without a body).
    """

    def __init__(self, app: App, base_url: str | None) -> None:
        self._app = app
        self._public = urlsplit(base_url).hostname if base_url else None
        self._allowed: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, or answer 403."""
        if scope["type"] == "http":
            host = next((value for name, value in scope["headers"] if name == b"host"), b"")
            if host not in self._allowed and not self._is_ours(host):
                await _refuse(send, f"The host name {host.decode('latin-1')!r} is not this machine's")
                return
            origin = next((value for name, value in scope["headers"] if name == b"origin"), None)
            if origin is not None and scope["method"] not in READING and not self._is_ours(origin.partition(b"//")[2]):
                await _refuse(send, f"The page of {origin.decode('latin-1')!r} is not this machine's")
                return
        await self._app(scope, receive, send)

    def _is_ours(self, host: bytes) -> bool:
        try:
            name = urlsplit(f"//{host.decode('latin-1')}").hostname or ""
        except ValueError:  # a bracket without its other half
            return False
        allowed = is_loopback(name) or name == self._public
        if allowed and len(self._allowed) < 100:
            self._allowed.add(host)
        return allowed


async def _refuse(send: Send, why: str) -> None:
    refusal = Forbidden(f"{why}, and sign-in is off (USAGER_AUTH=off)")
    await send({"type": "http.response.start", "status": refusal.status, "headers": JSON_HEADERS})
    await send({"type": "http.response.body", "body": build_json(operation_outcome(refusal.issues))})
