"""Addresses of the Internet and the networks that settings name."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Networks = Sequence[IPv4Network | IPv6Network]


def parse_networks(text: str) -> Networks:
    """Return the networks of a list separated by commas. Errors: ValueError."""
    return tuple(ip_network(part) for each in text.split(",") if (part := each.strip()))


def parse_address(text: str) -> Address | None:
    """Return an address, an IPv4 one as such though it was written in IPv6; None for anything else, a port included."""
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_within(address: Address | None, networks: Networks) -> bool:
    """Tell whether there is an address and it is in one of these networks."""
    return address is not None and any(address in network for network in networks)
