"""The address of a caller behind a proxy: what X-Forwarded-For says when a proxy of ours said it, and nobody else."""

from usager_server.http.observability import App, Receive, Scope, Send
from usager_server.networks import Address, Networks, is_within, parse_address

HEADER = b"x-forwarded-for"
HOPS = 20
"""Addresses of the header that are looked at, from its end: nobody is behind more proxies."""


class ForwardedFor:
    """Puts the address of the caller where that of the proxy is, for traces, sessions and limits alike.

    Shape   the last address of the header that is no proxy of these networks: what stands before it, the caller may
            have written. Without one that can be read, the address stays that of the proxy.
    """

    def __init__(self, app: App, proxies: Networks) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        if scope["type"] == "http" and is_within(peer(scope), self._proxies):
            address = self._told(b",".join(value for name, value in scope["headers"] if name == HEADER))
            if address is not None:
                scope["client"] = (str(address), 0)
        await self._app(scope, receive, send)

    def _told(self, header: bytes) -> Address | None:
        for part in reversed(header.rsplit(b",", HOPS)):
            address = parse_address(part.decode("latin-1"))
            if address is None or not is_within(address, self._proxies):
                return address
        return None


def peer(scope: Scope) -> Address | None:
    """Return the address that a request comes from, None when the server was not told one."""
    return parse_address((scope.get("client") or ("",))[0])
