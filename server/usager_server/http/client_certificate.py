"""The certificate of a TLS client, as the proxy that ends TLS says it (RFC 9440), and no one else.

uvicorn does not tell the application who is at the other end of TLS, and in production a proxy ends it anyway.
"""

import re
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import sha256

from usager_server.authorization.bearers import CERTIFICATE
from usager_server.http.forwarding import peer
from usager_server.http.observability import App, Receive, Scope, Send
from usager_server.networks import Networks, is_within

HEADER = b"client-cert"
SHAPE = re.compile(rb":([A-Za-z0-9+/=]{1,16384}):")


class CertificateFromProxy:
    """Puts the thumbprint of the client's certificate among the headers; what a stranger put there is taken off."""

    def __init__(self, app: App, proxies: Networks) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] == "http":
            headers = [each for each in scope["headers"] if each[0] not in (HEADER, CERTIFICATE)]
            shown = [value for name, value in scope["headers"] if name == HEADER]
            if (
                len(shown) == 1
                and is_within(peer(scope), self._proxies)
                and (thumbprint := certificate_thumbprint(shown[0]))
            ):
                headers.append((CERTIFICATE, thumbprint))
            scope["headers"] = headers
        await self._app(scope, receive, send)


def certificate_thumbprint(header: bytes) -> bytes | None:
    """Return the x5t#S256 of the certificate in a Client-Cert header, None when it holds none. Source: RFC 8705 3.1."""
    found = SHAPE.fullmatch(header.strip())
    try:
        der = b64decode(found[1], validate=True) if found else b""
    except Base64Error:
        return None
    return urlsafe_b64encode(sha256(der).digest()).rstrip(b"=") if der else None
