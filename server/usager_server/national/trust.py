"""Whom the clients of the services we call trust: the authorities that are given for each, else the usual ones."""

import ssl
from functools import cache
from pathlib import Path

import httpx


@cache
def tls(authorities: Path | None, certificate: Path | None = None) -> ssl.SSLContext:
    """Return the TLS context of a client; made once a process, since reading the usual authorities takes 20 ms.

    Shape   authorities: the only ones that are believed, None for the usual ones; certificate: what we show (PEM with
            its key), None for nothing.
    Errors  OSError, ssl.SSLError.
    """
    context = httpx.create_ssl_context() if authorities is None else ssl.create_default_context(cafile=authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context
