"""A PostgreSQL of an operator's making, for a test of its own: its configuration, its doors, its programs."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from usager_server.repository.cluster_user import database_account, let_through, own

SUPERUSER = "postgres"


@contextmanager
def cluster_folder() -> Iterator[Path]:
    """Yield a folder of this test alone: no other worker removes it, and the address of a socket in it is short."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class OwnCluster:
    """A cluster below `folder`, on a TCP port and a Unix socket, stopped by whoever made it.

    Shape   options: of postgresql.conf, as written there; hba: lines of pg_hba.conf, after those that let the superuser
            in by the socket. Commands run as the account of the database, who owns the folder.
    """

    def __init__(self, folder: Path, binaries: Path, port: int, options: Mapping[str, str], hba: Iterable[str]) -> None:
        self.folder, self.binaries, self.port = folder, binaries, port
        self.data = folder / "cluster"
        self.options, self.hba = dict(options), list(hba)
        self.account = database_account(self.data)
        folder.mkdir(parents=True, exist_ok=True)
        own(folder, self.account)
        let_through((folder / "any", binaries), self.account)

    def make(self) -> "OwnCluster":
        """Make the cluster and write its configuration."""
        self.run(self.binaries / "initdb", "-D", self.data, "-U", SUPERUSER, "--no-sync", "--locale=C", "-E", "UTF8")
        given = {
            "port": f"{self.port}",
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": f"'{self.folder}'",
        }
        text = "".join(f"{name} = {value}\n" for name, value in (given | self.options).items())
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(text)
        doors = [f"local all {SUPERUSER} trust", f"local replication {SUPERUSER} trust", *self.hba]
        (self.data / "pg_hba.conf").write_text("\n".join(doors) + "\n")
        return self

    def start(self) -> "OwnCluster":
        """Start it, and return once it takes connections."""
        log = self.folder / "server.log"
        try:
            self.run(self.binaries / "pg_ctl", "start", "-D", self.data, "-l", log, "-s", "-w", "-t", "60")
        except RuntimeError as error:
            raise RuntimeError(log.read_text(errors="replace")[-3000:]) from error
        return self

    def stop(self) -> None:
        """Stop it, when it runs."""
        if (self.data / "postmaster.pid").exists():
            self.run(self.binaries / "pg_ctl", "stop", "-D", self.data, "-m", "immediate", "-s", "-w")

    def set(self, options: Mapping[str, str]) -> None:
        """Change options of the running server, and wait until they stand."""
        told = ["-d", "postgres", "-h", self.folder, "-p", f"{self.port}", "-U", SUPERUSER, "-tAc"]
        for name, value in options.items():
            self.run(self.binaries / "psql", *told, f"ALTER SYSTEM SET {name} = '{value}'")
        self.run(self.binaries / "pg_ctl", "reload", "-D", self.data, "-s")
        end = time.monotonic() + 20
        while any(
            self.run(self.binaries / "psql", *told, f"SHOW {name}").strip() != it for name, it in options.items()
        ):
            assert time.monotonic() < end
            time.sleep(0.05)

    def url(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        """Return an address by the Unix socket, for looking."""
        return f"postgresql://{user}@/{database}?host={self.folder}&port={self.port}"

    def run(self, program: Path, *words: str | Path, **others: Any) -> str:
        """Run a program as the account of the database, and return what it prints. Errors: RuntimeError."""
        identity: dict[str, Any] = {}
        if self.account is not None:
            identity = {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        quiet = "start" in words  # the server would keep the pipes
        done = subprocess.run(
            [program, *words],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if quiet else subprocess.PIPE,
            stderr=subprocess.DEVNULL if quiet else subprocess.PIPE,
            text=True,
            check=False,
            **identity,
            **others,
        )
        if done.returncode:
            raise RuntimeError(f"{program.name} failed: {done.stderr}{done.stdout}")
        return done.stdout or ""
