"""uvicorn as we run it: one process or several on one socket."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import uvicorn

from usager_server.bounded_protocol import BoundedProtocol

APP = "usager_server.app:from_environment"
GRACE_SECONDS = 10
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; those of 1.3 are all as good


class Server(uvicorn.Server):
    """uvicorn's server, which says when it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None = None) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        if self._on_ready is not None and not self.should_exit:
            self._on_ready()


def run(
    listening: socket.socket,
    workers: int,
    on_ready: Callable[[], None] | None = None,
    certificate: Path | None = None,
) -> None:
    """Serve what comes on a socket until a signal; what is in flight is finished first.

    Shape   certificate: a chain and its key in one file, to speak TLS 1.2 or later; None speaks plain HTTP.
    """
    config = uvicorn.Config(
        APP,
        factory=True,
        interface="asgi3",
        workers=workers,
        loop="uvloop" if sys.platform != "win32" else "auto",
        http=BoundedProtocol,
        ws="none",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=certificate,
        ssl_ciphers=CIPHERS,
    )
    if workers == 1:
        Server(config, on_ready).run(sockets=[listening])
        return
    from uvicorn.supervisors import Multiprocess

    Multiprocess(config, sockets=[listening]).run()
