"""Whom the clients of the national services trust: the usual authorities, and the one that an operator adds."""

import ssl
from functools import cache
from pathlib import Path

import httpx


@cache
def tls(trusted_ca_file: Path | None) -> ssl.SSLContext:
    """Return the TLS context of a client; read once a process, since reading the authorities takes 20 ms."""
    context = httpx.create_ssl_context()
    if trusted_ca_file is not None:
        context.load_verify_locations(trusted_ca_file)
    return context
