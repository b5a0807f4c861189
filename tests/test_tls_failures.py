"""A call whose TLS fails, told apart from a service that is down: real servers, on this machine."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from datetime import UTC, datetime

import httpx
import pytest
import trustme

from tests.logged import logged
from usager_server import tls_failures
from usager_server.accounts.messaging import SmtpMessaging
from usager_server.errors import ServiceDown, Unavailable
from usager_server.http.exposition import metrics_text
from usager_server.http.metrics import SharedTally, Tally
from usager_server.national.insi.channels import CertificateChannel
from usager_server.national.proxy.client import ProxyClient, ProxySession
from usager_server.national.psc.oauth import get
from usager_server.national.status.client import fetch_summary
from usager_server.networks import parse_networks
from usager_server.outbound import Outbound, OutboundFailed
from usager_server.tls_failures import FAILED

AUTHORITY, UNKNOWN = trustme.CA(), trustme.CA()
CALL_FAILED = (ServiceDown, Unavailable, OutboundFailed)

Call = Callable[[int, ssl.SSLContext], Awaitable[object]]


def http(port: int, tls: ssl.SSLContext) -> httpx.AsyncClient:
    """Return a client that is led to a port."""
    return httpx.AsyncClient(verify=tls, base_url=f"https://localhost:{port}", timeout=5)


async def insi(port: int, tls: ssl.SSLContext) -> object:
    async with http(port, tls) as client:
        return await CertificateChannel(client, "/insi", "sender").post("action", b"<a/>")


async def psc(port: int, tls: ssl.SSLContext) -> object:
    async with http(port, tls) as client:
        return await get(client, "/discovery")


async def proxy(port: int, tls: ssl.SSLContext) -> object:
    async with http(port, tls) as client:
        return await ProxyClient(client, "usager").disconnect(ProxySession("s", "state"))


async def status(port: int, tls: ssl.SSLContext) -> object:
    return await fetch_summary(f"https://localhost:{port}/", tls)


async def mail(port: int, tls: ssl.SSLContext) -> object:
    sender = SmtpMessaging(f"smtps://localhost:{port}", "usager@example.org", "", tls)
    return await sender.send("email", "jeanne@example.org", "Code", "012345")


async def outbound(port: int, tls: ssl.SSLContext) -> object:
    return await Outbound(lambda: tls, parse_networks("127.0.0.0/8, ::1/128")).get(f"https://localhost:{port}/")


CALLS = {
    "insi": insi,
    "psc": psc,
    "proxy": proxy,
    "national-status": status,
    "mail": mail,
    "outbound": outbound,
}


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """What a client trusts: one authority."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.fixture(autouse=True)
def counted() -> None:
    """Begin to count anew."""
    FAILED.clear()


Listen = Callable[[ssl.SSLContext], Awaitable[int]]


@pytest.fixture
async def listen() -> AsyncIterator[Listen]:
    """Starts a TLS server that reads a little and hangs up; returns its port."""
    servers: list[asyncio.Server] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    async def start(context: ssl.SSLContext) -> int:
        servers.append(await asyncio.start_server(hang_up, "localhost", 0, ssl=context, family=socket.AF_INET))
        return int(servers[-1].sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()


def of(authority: trustme.CA, name: str = "localhost", not_after: datetime | None = None) -> ssl.SSLContext:
    """Return what a server shows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after).configure_cert(context)
    return context


@pytest.mark.parametrize("service", CALLS)
async def test_an_authority_that_is_not_trusted_is_a_failure_of_tls(service: str, listen: Listen, trusting):
    port = await listen(of(UNKNOWN))
    with logged(tls_failures) as logs, pytest.raises(CALL_FAILED):
        await CALLS[service](port, trusting)
    (told,) = (each for each in logs if each["event"] == "TLS failed")
    assert (told["service"], told["log_level"]) == (service, "error")
    assert "unable to get local issuer certificate" in told["reason"]
    assert dict(FAILED) == {service: 1}


@pytest.mark.parametrize("service", CALLS)
async def test_a_service_that_is_down_is_none(service: str, trusting):
    with closing(socket.create_server(("localhost", 0))) as once:
        port = once.getsockname()[1]
    with logged(tls_failures) as logs, pytest.raises(CALL_FAILED):
        await CALLS[service](port, trusting)
    assert [each for each in logs if each["event"] == "TLS failed"] == []
    assert not FAILED


async def test_who_hangs_up_in_the_middle_is_down(listen: Listen, trusting):
    port = await listen(of(AUTHORITY))
    with pytest.raises(ServiceDown):
        await status(port, trusting)
    assert not FAILED


async def test_who_says_nothing_in_the_handshake_is_down(trusting):
    with socket.create_server(("localhost", 0)) as silent:
        address = f"https://localhost:{silent.getsockname()[1]}"
        async with httpx.AsyncClient(verify=trusting, base_url=address, timeout=0.3) as client:
            with pytest.raises(ServiceDown):
                await CertificateChannel(client, "/insi", "sender").post("action", b"<a/>")
    assert not FAILED


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (of(AUTHORITY, "elsewhere.example"), "Hostname mismatch"),
        (of(AUTHORITY, not_after=datetime(2020, 1, 1, tzinfo=UTC)), "expired"),
    ],
    ids=["another name", "expired"],
)
async def test_what_is_wrong_is_told(context: ssl.SSLContext, reason: str, listen: Listen, trusting):
    port = await listen(context)
    with pytest.raises(ServiceDown, match=f"TLS failed: .*{reason}"):
        await psc(port, trusting)


async def test_a_certificate_of_ours_that_is_refused_is_a_failure_of_tls(trusting):
    context = of(AUTHORITY)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 refuses after the handshake, and may cut before that is read
    AUTHORITY.configure_trust(context)

    def refuse(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        with connection, pytest.raises(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)

    with socket.create_server(("localhost", 0)) as listening:
        refused = asyncio.create_task(asyncio.to_thread(refuse, listening))
        with pytest.raises(ServiceDown, match=r"TLS failed: .*alert"):
            await insi(listening.getsockname()[1], trusting)
        await refused
    assert dict(FAILED) == {"insi": 1}


def test_the_count_is_in_the_metrics_and_shared_by_workers():
    FAILED["psc"] += 2
    tally = SharedTally().total()
    assert b'usager_tls_failures_total{service="psc"} 2.0' in metrics_text(tally, {})
    tally.include(Tally.parse(SharedTally().own.as_text()))
    assert tally.tls_failures == {"psc": 4}
