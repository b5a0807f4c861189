"""Whose address a request comes from: that of the connection, or what a proxy of ours says."""

import pytest

from usager_server.http.forwarding import HOPS, ForwardedFor
from usager_server.networks import parse_networks

PROXIES = parse_networks("10.0.0.0/8, 2001:db8::/64")


async def seen(peer: str | None, *headers: str) -> str | None:
    """Return the address that the application sees."""
    found = []

    async def application(scope, _receive, _send):
        found.append(scope["client"])

    scope = {"type": "http", "client": (peer, 1) if peer else None}
    scope["headers"] = [(b"x-forwarded-for", header.encode()) for header in headers]
    await ForwardedFor(application, PROXIES)(scope, None, None)
    return found[0] and found[0][0]


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        ("10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("::ffff:10.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("2001:db8::9", [" 2001:db8:1::7 "], "2001:db8:1::7"),
        ("10.0.0.1", ["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.1, 198.51.100.7"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.1", "198.51.100.7, 10.9.9.9"], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7, not an address"], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("10.0.0.1", ["198.51.100.7" + ", 10.0.0.2" * HOPS], "198.51.100.7"),
        ("10.0.0.1", ["198.51.100.7" + ", 10.0.0.2" * (HOPS + 1)], "10.0.0.1"),
        (None, ["198.51.100.7"], None),
    ],
)
async def test_the_last_address_that_is_no_proxy_is_the_callers(peer, headers, address):
    assert await seen(peer, *headers) == address


async def test_what_a_stranger_says_is_worth_nothing():
    assert await seen("192.0.2.1", "198.51.100.7") == "192.0.2.1"
