"""The files of an embedded cluster: its locks, its pid file, its configuration, its socket."""

import fcntl
import hashlib
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from usager_server.errors import Unavailable
from usager_server.repository.cluster_user import Account, own

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 100  # the kernel's limit is 108 on Linux, 104 on macOS

# Durability is PostgreSQL's own default (fsync, full_page_writes, synchronous_commit) and is not touched here.
SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "192MB",
    "effective_cache_size": "1GB",
    "maintenance_work_mem": "128MB",
    "work_mem": "16MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "update_process_title": "off",
    "max_parallel_workers_per_gather": "0",
    "autovacuum_naptime": "5s",  # plans made on empty tables are bad: a first import shall not keep them a minute
    "autovacuum_vacuum_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.05",
    "log_min_messages": "warning",
    "log_line_prefix": "'%m [%p] '",
    "log_timezone": "'UTC'",
    "timezone": "'UTC'",
}


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Hold a file for oneself among processes; the kernel lets go when the process dies."""
    with path.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def held_lock(path: Path) -> IO[bytes]:
    """Return the file, held with others until it is closed."""
    file = path.open("ab")
    fcntl.flock(file, fcntl.LOCK_SH)
    return file


def only_user(path: Path) -> bool:
    """Whether nobody holds the file."""
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def socket_folder(cluster: Path) -> Path:
    """Return where the socket lies: the cluster, or a private folder of /tmp when that path is too long."""
    if len(os.fsencode(cluster / SOCKET_NAME)) <= SOCKET_PATH_BYTES:
        return cluster
    name = hashlib.blake2b(os.fsencode(cluster), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"usager-{name}"


def is_listening(folder: Path) -> bool:
    """Whether a server accepts connections there; the socket of a killed one refuses them."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(folder / SOCKET_NAME))
        except OSError:
            return False
        return True


def is_ready(cluster: Path, folder: Path) -> bool:
    """Whether the server has finished its recovery, by the last line of its pid file."""
    with suppress(OSError, IndexError):
        status = (cluster / "postmaster.pid").read_text().splitlines()[7].strip()
        return status == "ready" and is_listening(folder)
    return False


def clear_stale_pid_file(cluster: Path) -> None:
    """Remove the pid file of a killed server when its number now belongs to another program.

    PostgreSQL does it by itself when no process has that number. The file stays as long as any process lives in the
    cluster: a backend that outlives its postmaster may still write.
    """
    import psutil  # type: ignore[import-untyped]  # comes with the wheel

    path = cluster / "postmaster.pid"
    with suppress(OSError, ValueError, IndexError):
        pid = int(path.read_text().splitlines()[0])
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(pid).name() != "postgres" and not _has_inhabitants(cluster):
                path.unlink()


def _has_inhabitants(cluster: Path) -> bool:
    import psutil

    folders = (process.info["cwd"] for process in psutil.process_iter(["cwd"]))
    return str(cluster) in folders


def write_configuration(cluster: Path, folder: Path, account: Account | None, options: dict[str, str]) -> None:
    """Write usager.conf, included at the end of postgresql.conf, so that an update of Usager can change it."""
    if folder != cluster:
        _make_private(folder, account)
    settings = SETTINGS | {"unix_socket_directories": f"'{folder}'"} | options
    ours = cluster / "usager.conf"
    ours.write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    own(ours, account)
    main = cluster / "postgresql.conf"
    line = "include 'usager.conf'\n"
    if line not in (text := main.read_text()):
        main.write_text(text + line)


def _make_private(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=0o700, exist_ok=True)
    own(folder, account)
    status = folder.lstat()
    expected = account.uid if account else os.geteuid()
    if folder.is_symlink() or status.st_uid != expected or status.st_mode & 0o077:
        raise Unavailable(f"{folder} is not ours alone: remove it, or choose a shorter USAGER_DATA_DIR.")
