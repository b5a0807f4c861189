"""The real thing for tests: `usager serve` in its own process on loopback, which may be killed and started again."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class LiveServer:
    """One `usager serve` with its data directory; the embedded PostgreSQL unless a database is given."""

    def __init__(self, data_dir: Path, *, database_url: str | None = None, **settings: str) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.root = f"http://127.0.0.1:{self.port}"
        self.base = f"{self.root}/fhir"
        self.first_answer_seconds = 0.0
        self._settings = settings | ({"database_url": database_url} if database_url else {})
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, timeout_seconds: float = 60) -> "LiveServer":
        """Start the process and return once it answers."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [str(Path(sys.executable).with_name("usager")), "serve"],
                env=self._environment(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        while not self.is_ready():
            if self._process.poll() is not None or time.monotonic() - began > timeout_seconds:
                raise RuntimeError(f"the server did not start:\n{self.log_tail()}")
            time.sleep(0.02)
        self.first_answer_seconds = time.monotonic() - began
        return self

    def stop(self) -> None:
        """Ask the process to end, as an operator would, and wait."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def kill(self) -> None:
        """`kill -9` the server process; its workers, if any, die with it."""
        if self._process is not None:
            for pid in reversed(process_tree(self._process.pid)):
                if not _is_postgres(pid):
                    _kill(pid)
            self._process.wait()

    def kill_database(self) -> None:
        """`kill -9` the embedded postmaster and its backends."""
        for root in self.database_pids():
            for pid in process_tree(root):
                _kill(pid)

    def is_ready(self) -> bool:
        """Say whether the server takes requests now."""
        try:
            with urllib.request.urlopen(f"{self.root}/ready", timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def wait_ready(self, seconds: float) -> bool:
        """Wait until the server takes requests; False when it still does not after that time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.is_ready():
                return True
            time.sleep(0.1)
        return False

    def is_running(self) -> bool:
        """Say whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def server_pids(self) -> list[int]:
        """Return the processes of the server, without those of PostgreSQL."""
        if self._process is None:
            return []
        return [pid for pid in process_tree(self._process.pid) if not _is_postgres(pid)]

    def database_pids(self) -> list[int]:
        """Return the postmaster of the data directory, wherever below it lies."""
        found = []
        for pid_file in self.data_dir.rglob("postmaster.pid"):
            lines = pid_file.read_text().splitlines()
            if lines and _is_postgres(int(lines[0])):
                found.append(int(lines[0]))
        return found

    def get(self, path: str) -> Any:
        """Return the JSON at a path of the FHIR base."""
        with urllib.request.urlopen(f"{self.base}/{path}", timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    @property
    def log_path(self) -> Path:
        """Return where the server's output goes."""
        return self.data_dir / "server.log"

    def log_tail(self, length: int = 4000) -> str:
        """Return the end of the server's output."""
        return self.log_path.read_text(errors="replace")[-length:] if self.log_path.exists() else ""

    def typed(self, *words: str) -> str:
        """Type a command of `usager` beside the server, with its settings, and return what it prints."""
        command = [str(Path(sys.executable).with_name("usager")), *words]
        return subprocess.run(command, env=self._environment(), check=True, capture_output=True, text=True).stdout

    def _environment(self) -> dict[str, str]:
        # Bytecode is kept, as pip leaves it where an operator installs: compiling would be half of each start.
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith("USAGER_") and key != "PYTHONDONTWRITEBYTECODE"
        }
        own = {"data_dir": str(self.data_dir), "port": str(self.port), "auth": "off", "profiles": ""} | self._settings
        if own["auth"] == "smart":
            own.setdefault("base_url", self.base)
        return inherited | {f"USAGER_{key.upper()}": value for key, value in own.items()}

    def __enter__(self) -> "LiveServer":
        return self if self.is_running() else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def process_tree(pid: int) -> list[int]:
    """Return a process and all below it, parents first; nothing when it is gone."""
    try:
        root = psutil.Process(pid)
        return [pid, *(child.pid for child in root.children(recursive=True))]
    except psutil.NoSuchProcess:
        return []


def _is_postgres(pid: int) -> bool:
    try:
        return psutil.Process(pid).name().startswith("postgres")
    except psutil.Error:
        return False


def _kill(pid: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(pid).kill()
