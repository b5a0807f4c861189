"""uvicorn as we run it: one process or several on one socket, and heads of requests that end."""

import asyncio
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

APP = "usager_server.app:from_environment"
GRACE_SECONDS = 10
# What may come before a body: far above what the door then allows to the address (8 KiB) and the headers (32 KiB), so
# that a refusal says which. The parser itself bounds nothing, and would keep a header of any size.
HEAD_LIMIT_BYTES = 64 * 1024
HEAD_SECONDS = 30.0
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n"
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 37\r\n\r\nThe head of a request is over 64 KiB."
)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which reads heads of HEAD_LIMIT_BYTES and two pieces of the network more, and no longer.

    Time    a connection that has sent no whole head after HEAD_SECONDS is closed.
    """

    head_seconds = HEAD_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_in_head = self._has_just_begun = False
        self._head_bytes = 0
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Give the client some time to say what it wants."""
        super().connection_made(transport)
        self._patience = self.loop.call_later(self.head_seconds, self._lose_patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        if self._patience is not None:
            self._patience.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head does not end."""
        self._has_just_begun = False
        super().data_received(data)
        if self._is_in_head and not self._has_just_begun:  # what came before it in the same piece is not of this head
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES and not self.transport.is_closing():
                self.transport.write(TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        """Begin a head."""
        self._is_in_head = self._has_just_begun = True
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """End it."""
        self._is_in_head = False
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        super().on_headers_complete()

    def _lose_patience(self) -> None:
        self._patience = None
        self.transport.close()


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
    )
    if workers == 1:
        Server(config, on_ready).run(sockets=[listening])
        return
    from uvicorn.supervisors import Multiprocess

    Multiprocess(config, sockets=[listening]).run()
