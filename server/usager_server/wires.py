"""What leaves this machine goes under TLS that is verified: where addresses lead, and which may go in clear."""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import parse_qs, unquote, urlsplit

VERIFIED = "verify-full"
IN_CLEAR = "leads to another machine, and what is sent there would travel in clear: "


def is_loopback(host: str) -> bool:
    """Tell whether an address is of this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_clear_web(address: str) -> None:
    """Refuse what is called by http:// elsewhere than on this machine. Errors: ValueError, which says what is right."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError(f"{IN_CLEAR}it must begin with https://")


def refuse_clear_database(address: str) -> None:
    """Refuse a PostgreSQL on another machine whose certificate would not be verified.

    Shape   verify-ca is refused too: whoever has any certificate of the authority could stand in for the server.
    Errors  ValueError, which says what is right.
    """
    if not is_verified(address) and not all(map(_is_here, _hosts(address))):
        raise ValueError(
            f"{IN_CLEAR}its address must say ?sslmode={VERIFIED}&sslrootcert=FILE, the file of the authority that "
            "issued the server's certificate (docs/settings.md, Database)"
        )


def is_verified(address: str) -> bool:
    """Tell whether the address of a PostgreSQL wants its certificate verified."""
    return set(parse_qs(urlsplit(address).query).get("sslmode", [])) == {VERIFIED}


def _hosts(address: str) -> Iterator[str]:
    """Yield all that an address and the environment say of where the server is, whichever of them a program takes."""
    parts = urlsplit(address)
    query = parse_qs(parts.query)
    netloc = (parts.netloc.partition("@")[2] if "@" in parts.netloc else parts.netloc).split(",")
    named = [unquote(_without_port(it)) for it in [*netloc, *query.get("host", ()), *query.get("hostaddr", ())]]
    named = [host for each in named for host in each.split(",") if host]
    yield from named or [os.environ.get("PGHOST", "")]
    yield os.environ.get("PGHOSTADDR", "")
    if "service" in query or "PGSERVICE" in os.environ:
        yield "a file of services"


def _without_port(host: str) -> str:
    return host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]


def _is_here(host: str) -> bool:
    return not host or host.startswith(("/", "@")) or is_loopback(host)
