"""What goes out: a pool of connections for each client id and each set of authorities, never shared by two clients."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from usager_server.environment import SettingsError
from usager_server.national.psc.oauth import OAuthClient
from usager_server.proxy.settings import Client, read_secret

CONNECT_SECONDS = 5.0
CONNECTIONS, KEPT_ALIVE = 100, 20


@dataclass(frozen=True, slots=True)
class Identity:
    """What a client id is outside. Shape: certificate in DER, its digest, its subject (RFC 4514), when it expires."""

    oauth: OAuthClient
    certificate: bytes
    subject: str
    days_left: Callable[[], float]

    @property
    def digest(self) -> bytes:
        """Return by what the database knows the certificate."""
        return sha256(self.certificate).digest()


class Outgoing:
    """The pools of one client id: by the authorities that they trust, and one for each API."""

    def __init__(self, client_id: str, client: Client) -> None:
        self._client = client
        self.identity = identity(client_id, client)
        self._pools: dict[tuple[Path | None, str | None], httpx.AsyncClient] = {}

    def http(self, trusted_ca_file: Path | None, api: str | None = None) -> httpx.AsyncClient:
        """Return the pool that trusts these authorities, those of the system when None.

        Shape   the calls of an API have a pool of their own: when it hangs, it keeps no place that a sign-in, a
                renewal or another API needs.
        """
        key = (trusted_ca_file, api)
        if key not in self._pools:
            self._pools[key] = _pool(tls(self._client, trusted_ca_file))
        return self._pools[key]

    async def close(self) -> None:
        """Close the connections."""
        for pool in self._pools.values():
            await pool.aclose()


def _pool(context: ssl.SSLContext) -> httpx.AsyncClient:
    """Return a pool over TLS: HTTP/1.1, no proxy of the environment, no redirect, no second try, no cookie."""
    return httpx.AsyncClient(
        verify=context,
        timeout=httpx.Timeout(CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=KEPT_ALIVE),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        trust_env=False,
        follow_redirects=False,
    )


def tls(client: Client, trusted_ca_file: Path | None) -> ssl.SSLContext:
    """Return a context that shows the client's certificate; TLS 1.2 or later. Errors: SettingsError."""
    context = ssl.create_default_context(cafile=trusted_ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    password = read_secret(client.key_password_file) if client.key_password_file else ""
    try:
        context.load_cert_chain(client.certificate_file, client.key_file, password)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"{client.certificate_file}: the certificate and its key cannot be used") from error
    return context


def identity(client_id: str, client: Client) -> Identity:
    """Return what a client id is outside. Errors: SettingsError when a file cannot be read."""
    try:
        found = x509.load_pem_x509_certificates(client.certificate_file.read_bytes())[0]
    except (OSError, ValueError) as error:
        raise SettingsError(f"{client.certificate_file} holds no certificate that can be read") from error
    secret = read_secret(client.secret_file) if client.secret_file else None
    return Identity(
        OAuthClient(client_id, secret),
        found.public_bytes(Encoding.DER),
        found.subject.rfc4514_string(),
        lambda: (found.not_valid_after_utc - datetime.now(UTC)).total_seconds() / 86_400,
    )
