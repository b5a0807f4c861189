"""Who calls: the address, and the certificate of the connection; a front proxy is believed when it is a known one."""

from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from cryptography import x509

PEER_CERTIFICATE = "usager.peer_certificate"  # where the listener leaves it in the scope of a request
HEADER_LIMIT = 8192

Networks = Sequence[IPv4Network | IPv6Network]


@dataclass(frozen=True, slots=True)
class Caller:
    """The other end. Shape: port None behind a front proxy; certificate in DER, None when none was shown."""

    address: str
    port: int | None
    certificate: bytes | None

    def is_one_of(self, allowed: Sequence[str]) -> bool:
        """Say whether the certificate is one of those allowed, each by its digest or its subject."""
        return self.certificate is not None and not names_of(self.certificate).isdisjoint(allowed)


def caller_of(scope: Mapping[str, Any], headers: Iterable[tuple[str, str]], trusted: Networks) -> Caller:
    """Return who sent a request.

    Shape   headers: name in lower case and value, one that comes twice twice. Behind a front proxy that is trusted, the
            address is the last of X-Forwarded-For, in however many lines, that is no such proxy, and the certificate
            that of Client-Cert (RFC 9440): with two of these nobody can tell which is the proxy's, and neither counts.
            From anybody else both headers mean nothing.
    """
    address, port = scope.get("client") or ("", 0)
    if not is_within(address, trusted):
        return Caller(address, port, scope.get(PEER_CERTIFICATE))
    given = list(headers)
    lines = [value for name, value in given if name == "x-forwarded-for"]
    forwarded = [part.strip() for line in lines for part in line.split(",") if part.strip()]
    beyond = [part for part in forwarded if not is_within(part, trusted)]
    certificates = [value for name, value in given if name == "client-cert"]
    told = certificate_of(certificates[0]) if len(certificates) == 1 else None
    if not beyond or not _is_address(beyond[-1]):
        return Caller(address, port, told)
    return Caller(beyond[-1], None, told)


def is_within(address: str, networks: Networks) -> bool:
    """Say whether an address is in one of these networks."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def certificate_of(header: str) -> bytes | None:
    """Return the certificate of a Client-Cert header, None when it holds none. Source: RFC 9440 2.2."""
    if not 2 < len(header) < HEADER_LIMIT or header[0] != ":" or header[-1] != ":":
        return None
    try:
        return b64decode(header[1:-1], validate=True)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def names_of(certificate: bytes) -> frozenset[str]:
    """Return how settings may name a certificate: sha256:…, and its subject (RFC 4514)."""
    return frozenset({f"sha256:{sha256(certificate).hexdigest()}", subject_of(certificate)})


@lru_cache(maxsize=1024)
def subject_of(certificate: bytes) -> str:
    """Return the subject of a certificate (RFC 4514), "" when it cannot be read."""
    try:
        return x509.load_der_x509_certificate(certificate).subject.rfc4514_string()
    except ValueError:
        return ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
