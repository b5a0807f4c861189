"""Opening a connection to PostgreSQL at a start or for a command: what keeps it shut is told, and what to mend."""

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING

import asyncpg

from usager_server.errors import Unavailable

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection  # not generic at run time

SECONDS = 10
SHUT = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
# What OpenSSL found wrong with the certificate of the server: X509_V_ERR_… of its x509_vfy.h.
EXPIRED, WRONG_NAMES = 10, (62, 64)
NO_TLS = "rejected SSL upgrade"  # as asyncpg says it


async def reach(url: str, setting: str, server_settings: Mapping[str, str] | None = None) -> Connection:
    """Return a connection to the database that a setting names.

    Errors  Unavailable, with the setting and what to mend; never with a password.
    """
    try:
        return await asyncpg.connect(url, timeout=SECONDS, server_settings=dict(server_settings or {}))
    except SHUT as error:
        raise Unavailable(f"{setting}: {why(error)}") from error


def why(error: BaseException) -> str:
    """Return what an error of a connection means to who set the address."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _wrong_certificate(error)
    if isinstance(error, ssl.SSLError):
        return f"a file of sslrootcert, sslcert or sslkey cannot be used, or its TLS failed ({error.reason})"
    if isinstance(error, FileNotFoundError):
        return "the database does not answer: there is no socket there, or no file of sslrootcert, sslcert or sslkey"
    if isinstance(error, ConnectionError) and NO_TLS in str(error):
        return "the server speaks no TLS: give it a certificate and set ssl = on in its postgresql.conf"
    if isinstance(error, asyncpg.InvalidPasswordError):
        return "the server does not take this password"
    if isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        return f"the server does not let this role in ({error}): see its pg_hba.conf"
    if isinstance(error, asyncpg.PostgresError):
        return f"the server refuses the connection ({error})"
    if isinstance(error, asyncpg.ClientConfigurationError):
        return f"{error}; an address says sslmode=verify-full&sslrootcert=FILE"
    return f"the database does not answer ({type(error).__name__})"


def _wrong_certificate(error: ssl.SSLCertVerificationError) -> str:
    if error.verify_code in WRONG_NAMES:
        return f"{error.verify_message} in the server's certificate: the address must name one that it bears"
    if error.verify_code == EXPIRED:
        return "the server's certificate has expired"
    return (
        f"the server's certificate is of no authority in sslrootcert ({error.verify_message}): give the file of the "
        "authority that issued it"
    )
