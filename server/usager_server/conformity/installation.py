"""A whole installation for the time of a scenario: what an operator does to one cannot be done to the target.

It is the software of this machine, empty at first, with the embedded database, on the loopback, without sign-in.
"""

import asyncio
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from usager_server.conformity.own_server import environment_of, free_port, start_server, stop_server, wait_ready

COMMAND_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Typed:
    """A command that was typed: how it ended, and all that it said."""

    exit_code: int
    said: str


class Installation:
    """An installation in a folder of its own.

    Shape   http is bound to its FHIR base; folder is for what stands beside its data; console holds each command as it
            was typed, with what it said.
    """

    def __init__(self, client: Callable[[str], httpx.AsyncClient]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="usager-installation-"))
        self.data = self.folder / "data"
        self.console = ""
        port = free_port()
        self.root = f"http://127.0.0.1:{port}"
        self.http = client(f"{self.root}/fhir")
        self._settings = {"data_dir": str(self.data), "port": str(port), "audit": "on", "log_level": "warning"}
        self._process: subprocess.Popen[bytes] | None = None

    def configure(self, **settings: str) -> None:
        """Choose settings, for what is started or typed from now on."""
        self._settings |= settings

    async def start(self) -> None:
        """Start the server and wait until it takes requests. Errors: ConformityError."""
        log = self.folder / "server.log"
        self._process = start_server(environment_of(self._settings), log)
        await asyncio.to_thread(wait_ready, self._process, f"{self.root}/ready", log)

    async def stop(self) -> None:
        """Stop the server, when it runs."""
        process, self._process = self._process, None
        if process is not None:
            await asyncio.to_thread(stop_server, process)

    async def typed(self, *words: str) -> Typed:
        """Type a command of `usager`, and return how it ended."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "usager_server", *words],
            env=environment_of(self._settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
        )
        self.console += f"$ usager {shlex.join(words)}\n{done.stdout}[{done.returncode}]\n\n"
        return Typed(done.returncode, done.stdout)

    async def remove(self) -> None:
        """Leave nothing of it."""
        await self.stop()
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)
