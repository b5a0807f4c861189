"""The listener of the proxy: TLS 1.2 or later, which asks callers for a certificate of the authorities that are set."""

import asyncio
import logging
import ssl
import sys
from typing import Any

import uvicorn

from usager_server.bounded_protocol import BoundedProtocol
from usager_server.environment import SettingsError
from usager_server.logs import set_up_logs
from usager_server.proxy.app import create_proxy
from usager_server.proxy.caller import PEER_CERTIFICATE, Networks, is_within
from usager_server.proxy.database import Database, check
from usager_server.proxy.house import House, build
from usager_server.proxy.settings import Listening, ProxySettings
from usager_server.reaching import reach

GRACE_SECONDS = 10
MOST_AT_ONCE = 500  # requests and connections: a body may be held whole for each


STRANGERS_AT_ONCE = 50  # connections without a certificate, for /check/alive: the others are kept for callers


class PeerProtocol(BoundedProtocol):
    """Leaves the certificate of the connection in the scope of each request, which uvicorn does not.

    Shape   trusted: the front proxies, who show none of their own and are no strangers.
    """

    trusted: Networks = ()
    strangers_at_once = STRANGERS_AT_ONCE
    is_stranger = False
    _peer: bytes | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Look at who connects."""
        tls: Any = transport.get_extra_info("ssl_object")
        self._peer = tls.getpeercert(binary_form=True) if tls is not None else None
        super().connection_made(transport)
        self.is_stranger = self._peer is None and not is_within(self.client[0] if self.client else "", self.trusted)
        strangers = sum(getattr(each, "is_stranger", False) for each in self.connections)
        if self.is_stranger and strangers > self.strangers_at_once:
            transport.close()

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope[PEER_CERTIFICATE] = self._peer  # type: ignore[literal-required]


def serve(settings: ProxySettings) -> None:
    """Serve until SIGTERM or Ctrl-C. Errors: SettingsError; Unavailable when the database will not do."""
    set_up_logs(settings.log_level, settings.log_format)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would log each address, which may name a person
    logging.getLogger("httpcore").setLevel(logging.WARNING)
    house = build(settings)
    context = tls(settings.listen)
    asyncio.run(_check(settings))
    uvicorn.Server(_config(house, settings.listen, context)).run()


def tls(listen: Listening) -> ssl.SSLContext:
    """Return the context of the listener. Errors: SettingsError.

    No certificate at all is let through, since /check/alive is for anybody; every other route wants one.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=listen.callers_ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_OPTIONAL
    try:
        context.load_cert_chain(listen.certificate_file, listen.key_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"{listen.certificate_file}: the certificate and its key cannot be used") from error
    return context


def _config(house: House, listen: Listening, context: ssl.SSLContext) -> uvicorn.Config:
    return uvicorn.Config(
        create_proxy(house),
        host=listen.host,
        port=listen.port,
        interface="asgi3",
        loop="uvloop" if sys.platform != "win32" else "auto",
        http=type("Protocol", (PeerProtocol,), {"trusted": listen.trusted_proxies}),
        ws="none",
        ssl_context_factory=lambda _config, _default: context,
        limit_concurrency=MOST_AT_ONCE,
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def _check(settings: ProxySettings) -> None:
    await (await reach(settings.database_url, "database_url")).close()  # what keeps it shut is told here, in full
    database = Database(settings.database_url, settings.pool_size)
    try:
        await check(database)
    finally:
        await database.close()
