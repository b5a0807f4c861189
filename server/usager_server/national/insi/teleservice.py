"""INSi as the settings lead to it: by which way, as which software, and whether it answers of late."""

import ssl
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import httpx

from usager_server import __version__
from usager_server.national.insi.assertion import Professional
from usager_server.national.insi.breaker import Breaker
from usager_server.national.insi.channels import CertificateChannel, ProxyChannel, organisation_of
from usager_server.national.insi.client import InsiClient
from usager_server.national.insi.envelope import Software
from usager_server.national.proxy.client import ProxyClient, ProxySession
from usager_server.national.trust import tls
from usager_server.settings import Settings

NAME = "Usager"
CONNECT_SECONDS = 5.0


class Teleservice:
    """INSi for one process. Shape: one breaker for each way, so that a proxy that is down does not close the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._breakers = {"certificate": Breaker(), "psc": Breaker()}

    @property
    def has_certificate(self) -> bool:
        """Whether INSi can be called with a certificate of the organisation."""
        return self._settings.insi_url is not None

    @property
    def has_proxy(self) -> bool:
        """Whether INSi can be called as a professional."""
        return self._settings.national_proxy_url is not None

    @asynccontextmanager
    async def with_certificate(self, *, unattended: bool = False) -> AsyncIterator[InsiClient]:
        """Yield a client that shows the certificate of the organisation: that for people, or that for the worker.

        Errors  OSError, ssl.SSLError when a certificate is gone since the start.
        """
        settings = self._settings
        file = settings.insi_auto_certificate_file if unattended else settings.insi_certificate_file
        assert settings.insi_url is not None and file is not None  # noqa: S101 - `Settings` refuses one without the other
        sender = _organisation(file)
        async with _http(tls(settings.authorities("insi"), file)) as http:
            channel = CertificateChannel(http, settings.insi_url, sender)
            yield InsiClient(channel, self._software(sender), self._breakers["certificate"])

    @asynccontextmanager
    async def as_professional(self, session: ProxySession, national_id: str) -> AsyncIterator[InsiClient]:
        """Yield a client that calls as a professional, who has a session at the Proxy e-santé."""
        settings = self._settings
        structure = settings.insi_structure or ""
        professional = Professional(national_id, structure, settings.insi_sector)
        backend, _, path = settings.national_proxy_insi.partition("/")
        async with self.proxy() as proxy:
            channel = ProxyChannel(proxy, session, backend, path, professional, f"CN={NAME},OU={structure}")
            yield InsiClient(channel, self._software(structure), self._breakers["psc"])

    @asynccontextmanager
    async def proxy(self) -> AsyncIterator[ProxyClient]:
        """Yield a client of the Proxy e-santé."""
        settings = self._settings
        context = tls(settings.authorities("national_proxy"), settings.national_proxy_certificate_file)
        async with _http(context, settings.national_proxy_url or "") as http:
            yield ProxyClient(http, settings.national_proxy_client_id or "")

    def _software(self, structure: str) -> Software:
        """Return what the authorisation knows us as; an installation is the same as long as its structure is."""
        instance = uuid.uuid5(uuid.NAMESPACE_URL, f"urn:lps:{NAME}:{structure}")
        return Software(self._settings.insi_idam or "", NAME, __version__, str(instance))


def _http(context: ssl.SSLContext, base_url: str = "") -> httpx.AsyncClient:
    return httpx.AsyncClient(
        verify=context, base_url=base_url, timeout=httpx.Timeout(20, connect=CONNECT_SECONDS), follow_redirects=False
    )


@cache
def _organisation(certificate: Path) -> str:
    return organisation_of(certificate)
