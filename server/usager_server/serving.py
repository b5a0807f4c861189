"""A server from its start to its clean stop: the socket, the database, then uvicorn in one process or several.

What is long to import is imported while the embedded database starts, on another core.
"""

import errno
import shutil
import signal
import socket
from collections.abc import Callable
from types import FrameType

from usager_server.environment import SettingsError
from usager_server.installed import refuse_unknown
from usager_server.repository.early_start import starting
from usager_server.settings import Settings

BACKLOG = 2048

OnReady = Callable[[str], None]


def serve(settings: Settings, on_ready: OnReady | None = None) -> None:
    """Serve until SIGTERM or Ctrl-C; what is in flight is finished first, and the embedded database stopped last.

    Time    first answer within 2 s of the command when there is nothing to migrate.
    Errors  PluginError for a wrong profile; SettingsError when the address is taken; Unavailable when the database does
            not start or answer.
    """
    refuse_unknown(settings.profile_keys)
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        with listen(settings) as listening, starting(settings):
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
    from usager_server.http.metrics import counts_folder

    folder = counts_folder(settings)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)


def _run(settings: Settings, listening: socket.socket, on_ready: OnReady | None) -> None:
    import usager_server.app  # noqa: F401 - in this order: all that takes time, while the database starts
    from usager_server.http.server import run
    from usager_server.logs import set_up_logs
    from usager_server.plugins import activate
    from usager_server.repository.opening import running

    set_up_logs(settings.log_level, settings.log_format)
    activate(settings.profile_keys)  # a wrong one is told here, and not by each worker
    clear_shared_counts(settings)
    host, port = listening.getsockname()[:2]
    scheme = "https" if settings.tls_certificate_file else "http"
    root = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    with running(settings):
        told = (lambda: on_ready(root)) if on_ready else None
        run(listening, settings.workers, told, settings.tls_certificate_file)


def _leave(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: uvicorn raises the signal again once it has stopped, and the database must still be left."""
    raise KeyboardInterrupt
