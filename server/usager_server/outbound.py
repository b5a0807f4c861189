"""Calls to addresses that somebody else chose: a client's keys, a subscription's channel. Never towards the inside.

A name is resolved once, each of its addresses is judged, and the connection goes to the one that was judged, with the
name in SNI and Host: an answer of the DNS that changes in between (rebinding) leads nowhere.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import httpcore

from usager_server.networks import Address, Networks
from usager_server.streams import whole
from usager_server.tls_failures import why

SECONDS = 5.0
ANSWER_LIMIT_BYTES = 1024 * 1024
PORTS = (443, 8443)
HTTP_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
NAT64 = IPv6Network("64:ff9b::/96")


class OutboundRefused(Exception):
    """The address may not be called; the text says why, for whoever gave it."""


class OutboundFailed(Exception):
    """The address was called and gave nothing of use; the text holds nothing of the answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the status and at most ANSWER_LIMIT_BYTES. Never shown to whoever gave the address."""

    status: int
    body: bytes


class Outbound:
    """Calls https addresses outside, and those inside that the operator named (`USAGER_OUTBOUND_NETWORKS`).

    Time    SECONDS at most from the name to the last byte. Redirects are not followed.
    Errors  OutboundRefused, OutboundFailed.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext], networks: Networks = ()) -> None:
        self._tls = tls
        self._networks = networks

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch what is at an address."""
        return await self.send("GET", url, headers or {}, b"")

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and return its answer."""
        check_url(url)
        guard = _Guard(self._networks)
        pool = httpcore.AsyncConnectionPool(ssl_context=self._tls(), max_connections=1, network_backend=guard)
        try:
            async with (
                asyncio.timeout(SECONDS),
                pool,
                pool.stream(method, url, headers=list(headers.items()), content=body) as answer,
            ):
                return Answer(answer.status, await _bounded(answer))
        except (TimeoutError, OSError, ssl.SSLError, *HTTP_FAILURES) as error:
            raise OutboundFailed(f"{_shown(url)} does not answer ({why('outbound', error)})") from error
        finally:
            await guard.close()


def check_url(url: str) -> None:
    """Refuse an address whose text will not do: called when it is registered, too. Errors: OutboundRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OutboundRefused("is no web address") from error
    if not url.isascii() or not url.isprintable() or " " in url:
        raise OutboundRefused("must be printable ASCII")
    if parts.scheme != "https":
        raise OutboundRefused("must begin with https://")
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment:
        raise OutboundRefused("must have a host name, and neither user, password nor fragment")
    if port == 0:
        raise OutboundRefused("has no port that can be called")


def is_public(address: Address) -> bool:
    """Tell whether an address is on the public Internet, whatever way it is written.

    Source  IANA's special-purpose registries, as `ipaddress` knows them; IPv4 inside IPv6: RFC 4291, 3056, 4380, 6052.
    """
    return all(
        it.is_global and not it.is_multicast and not it.is_reserved and not (it.version == 6 and it.is_site_local)
        for it in _readings(address)
    )


def _readings(address: Address) -> Iterable[Address]:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return [address.ipv4_mapped]
        if address in NAT64:
            return [IPv4Address(int(address) & 0xFFFFFFFF)]
        if address.sixtofour is not None:
            return [address.sixtofour]
        if address.teredo is not None:
            return [address, *address.teredo]
    return [address]


class _Guard(httpcore.AsyncNetworkBackend):
    """Opens connections, after having looked where they go."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks
        self._opened: list[httpcore.AsyncNetworkStream] = []

    async def close(self) -> None:
        """Close what was opened: a TLS handshake that is cut short leaves its connection behind."""
        for stream in self._opened:
            await stream.aclose()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address of a host, once all of them will do."""
        addresses = await _resolved(host, port)
        for address in addresses:
            self._judge(address, port)
        stream = await _backend().connect_tcp(str(addresses[0]), port, timeout, local_address, socket_options)
        self._opened.append(stream)
        return stream

    def _judge(self, address: Address, port: int) -> None:
        if any(address in network for network in self._networks):
            return
        if not is_public(address):
            raise OutboundRefused("leads to an address that is not on the public Internet")
        if port not in PORTS:
            raise OutboundRefused(f"must be on port {' or '.join(map(str, PORTS))}")


@cache
def _backend() -> httpcore.AsyncNetworkBackend:
    from httpcore import AnyIOBackend

    return AnyIOBackend()


async def _resolved(host: str, port: int) -> list[Address]:
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
    except (OSError, UnicodeError, ValueError) as error:
        raise OutboundFailed(f"there is no address for the host of {_shown(f'https://{host}')}") from error


async def _bounded(answer: httpcore.Response) -> bytes:
    too_long = OutboundFailed(f"the answer is over {ANSWER_LIMIT_BYTES} bytes")
    return await whole(answer.aiter_stream(), ANSWER_LIMIT_BYTES, too_long)


def _shown(url: str) -> str:
    """Return the part of an address that may be told: neither path nor query, which may hold a secret."""
    return f"https://{urlsplit(url).hostname}"
