"""A server for the time of the evidence: its own process, database, token and sandbox, all gone afterwards."""

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import httpx

from usager_server.conformity.errors import ConformityError
from usager_server.conformity.target import Target
from usager_server.sandbox.running import Sandbox
from usager_server.sandbox.stand_in import SandboxError, StandIn

START_SECONDS = 120.0
STOP_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.1
SHOWN_CHARACTERS = 2000

START = "from usager_server import leash; leash.hold(); from usager_server.cli import app; app(['serve'])"


class Throwaway:
    """A server with these profiles, in front of the sandbox with these stand-ins, as a context manager.

    Time    ready within a few seconds; START_SECONDS at most.
    Errors  ConformityError when they do not start; nothing is left running then.
    """

    def __init__(self, profiles: Sequence[str], stand_ins: Sequence[StandIn]) -> None:
        self._profiles = profiles
        self._stand_ins = stand_ins
        self._resources = ExitStack()

    def __enter__(self) -> Target:
        with ExitStack() as resources:
            folder = Path(tempfile.mkdtemp(prefix="usager-conformity-"))
            resources.callback(shutil.rmtree, folder, ignore_errors=True)
            try:
                sandbox = resources.enter_context(Sandbox(self._stand_ins))
            except SandboxError as error:
                raise ConformityError(str(error)) from error
            token, port = secrets.token_hex(32), _free_port()
            environment = _environment(folder, token, port, self._profiles, sandbox.settings)
            process = _started(environment, folder)
            resources.callback(_stop, process)
            _wait_ready(process, f"http://127.0.0.1:{port}/ready", folder / "server.log")
            self._resources = resources.pop_all()
        return Target(f"http://127.0.0.1:{port}/fhir", token, sandbox.control_url)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.__exit__(kind, error, trace)


def _environment(
    folder: Path, token: str, port: int, profiles: Sequence[str], sandbox: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of the server: nothing of ours but what is set here, and no proxy before the sandbox."""
    tokens = folder / "tokens"
    tokens.touch(mode=0o600)
    tokens.write_text(f"{token} 1 conformite\n", encoding="ascii")
    own = {
        "data_dir": str(folder / "data"),
        "port": str(port),
        "profiles": ",".join(profiles),
        "auth": "token",
        "token_file": str(tokens),
        "log_level": "warning",
        **sandbox,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("USAGER_")}
    return inherited | {"NO_PROXY": "localhost,127.0.0.1"} | {f"USAGER_{key.upper()}": own[key] for key in own}


def _started(environment: Mapping[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Return the process of the server. It is in a session of its own, so that Ctrl-C reaches us first."""
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and command
            [sys.executable, "-c", START],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    with httpx.Client(timeout=5, trust_env=False) as client:
        while time.monotonic() < end and process.poll() is None:
            try:
                if client.get(url).status_code == 200:
                    return
            except httpx.TransportError:
                pass  # it does not listen yet
            time.sleep(LOOK_EVERY_SECONDS)
    said = log.read_text(encoding="utf-8", errors="replace")[-SHOWN_CHARACTERS:].strip() or "it said nothing"
    raise ConformityError(f"the throw-away server does not start: {said}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
