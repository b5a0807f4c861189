"""Whom the clients of the services believe: what is given for one replaces the usual authorities, for it alone."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import pytest
import trustme

from usager_server.authorizing import outbound
from usager_server.errors import ServiceDown, ServiceRefused, Unavailable
from usager_server.national.insi.messages import Sought
from usager_server.national.insi.teleservice import Teleservice
from usager_server.national.psc.provider import provider
from usager_server.national.status.operation import StatusPage
from usager_server.national.trust import tls
from usager_server.outbound import OutboundFailed
from usager_server.settings import Service, Settings
from usager_server.signing_in import mail

UNANSWERED = (ServiceDown, ServiceRefused, Unavailable, OutboundFailed)
SERVICES = get_args(Service)


@dataclass(slots=True)
class Site:
    """A server under TLS, which hangs up on those who have believed its certificate, and counts them."""

    port: int = 0
    believers: int = 0

    async def welcome(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Count one more."""
        self.believers += 1
        writer.close()


async def ask_psc(settings: Settings) -> None:
    """Read what Pro Santé Connect says of itself."""
    found = provider(settings)
    assert found is not None
    try:
        await found.discovery.metadata()
    finally:
        await found.close()


async def ask_insi(settings: Settings) -> None:
    """Search somebody."""
    async with Teleservice(settings).with_certificate() as client:
        await client.search(Sought("ADRUN", ("ZOE",), "F", "1975-12-31"))


async def ask_proxy(settings: Settings) -> None:
    """Sign somebody in at the Proxy e-santé."""
    async with Teleservice(settings).proxy() as client:
        await client.connect("899700000000", "42", "MOBILE")


async def ask_status(settings: Settings) -> None:
    """Look at the page of the services."""
    await StatusPage().read(settings)


async def ask_mail(settings: Settings) -> None:
    """Send a message."""
    await mail(settings).send("email", "jeanne@example.org", "Code", "012345")


async def ask_client(settings: Settings) -> None:
    """Read the keys of a client."""
    await outbound(settings).get(f"{settings.psc_issuer}/jwks")


ASK: dict[str, Callable[[Settings], Awaitable[None]]] = {
    "psc": ask_psc,
    "insi": ask_insi,
    "national_proxy": ask_proxy,
    "national_status": ask_status,
    "smtp": ask_mail,
    "outbound": ask_client,
}


@dataclass(frozen=True, slots=True)
class World:
    """An authority that everyone believes, one of the organisation's own, and a certificate of ours."""

    public: trustme.CA
    own: trustme.CA
    own_file: Path
    certificate: Path

    def settings(self, site: Site, **others: Any) -> Settings:
        """Return settings that lead every service to a site."""
        url = f"https://localhost:{site.port}"
        return Settings(
            psc_issuer=url,
            psc_client_id="usager",
            psc_certificate_file=self.certificate,
            insi_url=url,
            insi_idam="0000",
            insi_certificate_file=self.certificate,
            national_proxy_url=url,
            national_proxy_client_id="usager",
            national_proxy_certificate_file=self.certificate,
            national_status_summary_url=url,
            smtp_url=url.replace("https", "smtps"),
            outbound_networks="127.0.0.0/8, ::1/128",
            **others,
        )


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The usual authorities are one of this test, which is as good as any other."""
    public, own = trustme.CA(), trustme.CA()
    public.cert_pem.write_to_path(str(tmp_path / "usual.pem"))
    own.cert_pem.write_to_path(str(tmp_path / "own.pem"))
    ours = own.issue_cert("1990000001", common_name="INSI-MANU", organization_name="Les Tilleuls")
    ours.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "ours.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "usual.pem"))
    tls.cache_clear()
    yield World(public, own, tmp_path / "own.pem", tmp_path / "ours.pem")
    tls.cache_clear()


@contextlib.asynccontextmanager
async def listening(authority: trustme.CA) -> AsyncIterator[Site]:
    """Yield a site whose certificate is of an authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    site = Site()
    place = socket.getaddrinfo("localhost", 0, type=socket.SOCK_STREAM)[0][4][0]  # where a client tries first
    server = await asyncio.start_server(site.welcome, place, 0, ssl=context)
    site.port = server.sockets[0].getsockname()[1]
    async with server:
        yield site


async def believes(service: str, settings: Settings, site: Site) -> bool:
    """Call a service, and tell whether its certificate was believed."""
    before = site.believers
    with contextlib.suppress(*UNANSWERED):
        await ASK[service](settings)
    return site.believers > before


@pytest.mark.parametrize("service", SERVICES)
async def test_an_authority_that_everyone_believes_is_refused_when_another_is_given(world: World, service: str) -> None:
    async with listening(world.public) as site:
        assert await believes(service, world.settings(site), site)
        assert not await believes(service, world.settings(site, **{f"{service}_trusted_ca_file": world.own_file}), site)
        assert not await believes(service, world.settings(site, trusted_ca_file=world.own_file), site)


@pytest.mark.parametrize("service", SERVICES)
async def test_what_is_given_for_a_service_is_believed_there_alone(world: World, service: str) -> None:
    async with listening(world.own) as site:
        settings = world.settings(site, **{f"{service}_trusted_ca_file": world.own_file})
        assert [it for it in SERVICES if await believes(it, settings, site)] == [service]
