"""A server for the time of the evidence: its own processes, database, token and sandbox, all gone afterwards."""

import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from usager_server.conformity.errors import ConformityError
from usager_server.conformity.own_server import environment_of, free_port, start_server, stop_server, wait_ready
from usager_server.conformity.target import Target
from usager_server.sandbox.running import Sandbox
from usager_server.sandbox.stand_in import SandboxError, StandIn
from usager_server.settings import SLAVE

MASTER = "logiciel-maitre"


class Throwaway:
    """A server and its worker with these profiles, before the sandbox with these stand-ins, as a context manager.

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
            token, master, port = secrets.token_hex(32), secrets.token_hex(32), free_port()
            settings = _settings(folder, (token, master), port, self._profiles, sandbox.settings)
            process = start_server(environment_of(settings), folder / "server.log")
            resources.callback(stop_server, process)
            wait_ready(process, f"http://127.0.0.1:{port}/ready", folder / "server.log")
            worker = start_server(environment_of(settings), folder / "worker.log", "worker")
            resources.callback(stop_server, worker)
            self._resources = resources.pop_all()
        return Target(f"http://127.0.0.1:{port}/fhir", token, sandbox.control_url, master)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._resources.__exit__(kind, error, trace)


def _settings(
    folder: Path, bearers: tuple[str, str], port: int, profiles: Sequence[str], sandbox: Mapping[str, str]
) -> dict[str, str]:
    tokens = folder / "tokens"
    tokens.touch(mode=0o600)
    named = zip(bearers, ("conformite", MASTER), strict=True)
    tokens.write_text("".join(f"{token} 1 {name}\n" for token, name in named), encoding="ascii")
    return {
        "data_dir": str(folder / "data"),
        "port": str(port),
        "profiles": ",".join(profiles),
        "auth": "token",
        "token_file": str(tokens),
        "log_level": "warning",
        "identity_migrator": "conformite",
        "vitale_app_reader": "conformite",
        **({"identity_master": MASTER} if SLAVE in profiles else {}),
        **sandbox,
    }
