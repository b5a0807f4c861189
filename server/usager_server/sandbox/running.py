"""Starts the stand-ins, each a process of its own, and the control API before them."""

import json
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Self, cast

from usager_server.sandbox.certificates import Certificates, issue_certificates
from usager_server.sandbox.gate import Gate
from usager_server.sandbox.stand_in import SandboxError, StandIn, lacking
from usager_server.sandbox.wire import HOST

STOP_SECONDS = 5.0
CA_SETTING = "trusted_ca_file"


@dataclass(frozen=True, slots=True)
class Running:
    """One stand-in that runs.

    Shape   port is that of the service (TLS), control that of its orders; announced: settings that it made itself.
    """

    stand_in: StandIn
    process: subprocess.Popen[str]
    port: int
    control: int
    announced: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Return the address of the service, without a slash at its end."""
        return f"https://localhost:{self.port}"


class Sandbox:
    """The stand-ins and their control API, as a context manager.

    Shape   left_out: those that need a program which is not installed here.
    Time    ready within a few seconds; the start_seconds of the slowest at most.
    Errors  SandboxError when a stand-in does not start or the control port is taken; nothing is left running then.
    """

    def __init__(self, stand_ins: Sequence[StandIn], control_port: int = 0) -> None:
        self.left_out = [it for it in stand_ins if lacking(it)]
        self._stand_ins = [it for it in stand_ins if it not in self.left_out]
        self._control_port = control_port
        self._folder: Path | None = None
        self._processes: list[subprocess.Popen[str]] = []
        self._gate: Gate | None = None
        self.running: list[Running] = []
        self.ca_file = self.client_file = Path()
        self.control_url = ""
        self._named: Mapping[str, Path] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def settings(self) -> Mapping[str, str]:
        """Return what the server must be set to, by the name of the setting, so that it calls the stand-ins."""
        addresses = {
            setting: f"{it.url}{path}" for it in self.running for setting, path in it.stand_in.settings.items()
        }
        values = {name: value for it in self.running for name, value in it.stand_in.values.items()}
        names = [it.stand_in.certificate_setting for it in self.running if it.stand_in.certificate_setting]
        certificates = dict.fromkeys(names, str(self.client_file))
        named = {
            setting: str(self._named[name]) for it in self.running for setting, name in it.stand_in.certificates.items()
        }
        announced = {name: value for it in self.running for name, value in it.announced.items()}
        return {**addresses, **values, **announced, **certificates, **named, CA_SETTING: str(self.ca_file)}

    def fallen(self) -> list[str]:
        """Return the names of the stand-ins that have ended by themselves."""
        return [it.stand_in.name for it in self.running if it.process.poll() is not None]

    def stop(self) -> None:
        """Stop everything, and wait until it is gone."""
        if self._gate is not None:
            self._gate.stop()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            _wait(process)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="usager-sandbox-"))
        names = {name for it in self._stand_ins for name in it.certificates.values()}
        certificates = issue_certificates(self._folder, sorted(names))
        self.ca_file, self.client_file = certificates.authority, certificates.client
        self._named = certificates.named
        for stand_in in self._stand_ins:  # all at once, then wait for each
            self._processes.append(_launched(stand_in, certificates))
        for stand_in, process in zip(self._stand_ins, self._processes, strict=True):
            self.running.append(_ready(stand_in, process))
        self._gate = Gate(
            {it.stand_in.name: f"http://{HOST}:{it.control}" for it in self.running},
            [{"name": it.stand_in.name, "title": it.stand_in.title, "url": it.url} for it in self.running],
        )
        try:
            self.control_url = self._gate.start(self._control_port)
        except OSError as error:
            raise SandboxError(f"the control port {self._control_port} cannot be used: {error.strerror}") from error


def _launched(stand_in: StandIn, certificates: Certificates) -> subprocess.Popen[str]:
    """Return the process, told what to be. It is in a session of its own, so that Ctrl-C reaches us first."""
    order = json.dumps(
        {
            "service": stand_in.service,
            "certificate": str(certificates.server),
            "authority": str(certificates.authority),
            "client": str(certificates.client),
            "asks_certificate": stand_in.asks_certificate,
        }
    )
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-m", "usager_server.sandbox.process", order],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _ready(stand_in: StandIn, process: subprocess.Popen[str]) -> Running:
    """Return the stand-in once it says where it listens."""
    output = cast(IO[str], process.stdout)
    readable, _, _ = select.select([output], [], [], stand_in.start_seconds)
    line = output.readline() if readable else ""
    told: dict[str, Any] = json.loads(line) if line else {"error": "it ended, or was silent for too long"}
    if "error" in told:
        raise SandboxError(f"the stand-in {stand_in.name} ({stand_in.service}) does not start: {told['error']}")
    return Running(stand_in, process, told["port"], told["control"], told["settings"])


def _wait(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
