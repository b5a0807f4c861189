"""A server of our own on the loopback: its environment, its process, its start and its end."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import httpx

from usager_server.conformity.errors import ConformityError

START_SECONDS = 120.0
STOP_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.1
SHOWN_CHARACTERS = 2000

START = "from usager_server import leash; leash.hold(); from usager_server.cli import app; app()"


def environment_of(settings: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process: no settings of ours but these, and no proxy before this machine."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("USAGER_")}
    own = {f"USAGER_{key.upper()}": value for key, value in settings.items()}
    return inherited | {"NO_PROXY": "localhost,127.0.0.1"} | own


def start_server(environment: Mapping[str, str], log: Path, *words: str) -> subprocess.Popen[bytes]:
    """Return the process of the server, or of another command of `usager`: its worker, its proxy.

    Shape   it is in a session of its own: Ctrl-C reaches us first.
    """
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and command
            [sys.executable, "-c", START, *(words or ("serve",))],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def wait_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    """Wait until the server takes requests. Errors: ConformityError, with the end of what it said."""
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


def stop_server(process: subprocess.Popen[bytes]) -> None:
    """Have the server end, by force when it does not."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
