"""A server from its start to its clean stop: the socket, the database, then uvicorn in one process or several."""

import errno
import shutil
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from threading import Thread
from types import FrameType

import uvicorn
from uvicorn.supervisors import Multiprocess

from usager_server.http.metrics import counts_folder
from usager_server.logs import set_up_logs
from usager_server.repository.opening import running
from usager_server.settings import Settings, SettingsError

APP = "usager_server.app:from_environment"
GRACE_SECONDS = 10
BACKLOG = 2048

OnReady = Callable[[str], None]


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


def serve(settings: Settings, on_ready: OnReady | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; what is in flight is finished first, and the embedded database stopped last.

    Time    first answer within 2 s of the command when there is nothing to migrate.
    Errors  SettingsError when the address is taken; Unavailable when the database does not start or answer.
    """
    set_up_logs(settings.log_level, settings.log_format)
    before = signal.signal(signal.SIGTERM, _leave)
    Thread(target=import_module, args=("usager_server.app",), daemon=True).start()  # while the database starts
    listening = listen(settings)
    clear_shared_counts(settings)
    try:
        with listening, running(settings):
            _run(settings, listening, on_ready)
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def listen(settings: Settings) -> socket.socket:
    """Return the bound socket. Errors: SettingsError when the address is taken or not this machine's."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        taken = (
            "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        )
        raise SettingsError(f"USAGER_HOST={settings.host} USAGER_PORT={settings.port}: the address {taken}") from error


def clear_shared_counts(settings: Settings) -> None:
    """Forget the counts of a run before this one."""
    folder = counts_folder(settings)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)


def _run(settings: Settings, listening: socket.socket, on_ready: OnReady | None) -> None:
    host, port = listening.getsockname()[:2]
    root = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    config = uvicorn.Config(
        APP,
        factory=True,
        workers=settings.workers,
        loop="uvloop" if sys.platform != "win32" else "auto",
        http="httptools",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    tell = (lambda: on_ready(root)) if on_ready else None
    if settings.workers == 1:
        Server(config, tell).run(sockets=[listening])
        return
    Multiprocess(config, sockets=[listening]).run()


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: uvicorn raises the signal again once it has stopped, and the database must still be left."""
    raise KeyboardInterrupt
