"""What security costs: the same work asked of three servers in turn.

One lets everyone in and traces nothing; one takes static tokens, and traces; one gives tokens itself (SMART), holds
callers to their scopes, and traces.

    python -m tests.bench.guarded [--persons N] [--seconds S] [--rounds R]

Figures are CPU per request of server and database together, the least of the rounds, and requests per second, the most
of them; the ratios are those of one run. What waiting for the disk makes of it shows beside a run with TMPDIR=/dev/shm.
"""

import argparse
import asyncio
import json
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx

from tests.authorization.applications import ec_key, proof, service
from tests.bench import workloads
from tests.bench.bulk import load
from tests.bench.population import dumps, seeds
from tests.bench.shapes import SELECTIVE, urls
from tests.live import LiveServer
from tests.smart_live import register
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.opening import DATABASE, SERVER_ROLE

WORKLOADS = {
    "read, 1 client": ("read", 1),
    "read, 8 clients": ("read", 8),
    "read, 32 clients": ("read", 32),
    "search, 8 clients": ("search", 8),
    "create, 8 clients": ("create", 8),
    "CRUD mix, 8 clients": ("crud", 8),
}
"""Which work is asked for, and by how many at once."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.guarded", description=__doc__)
    parser.add_argument("--persons", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=3, help="of each workload, on each server, in a round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="usager-guarded-") as folder:
        measure(Path(folder), arguments.persons, arguments.seconds, arguments.rounds)


def measure(folder: Path, persons: int, seconds: float, rounds: int) -> None:
    """Run the rounds on three servers with the same persons."""
    token = secrets.token_urlsafe(32)
    tokens = folder / "tokens"
    tokens.write_text(f"{token} 1 bench\n", encoding="ascii")
    servers = {
        "off": LiveServer(folder / "off", log_level="warning"),
        "token": LiveServer(
            folder / "on", log_level="warning", requests_per_minute="1000000", auth="token", token_file=str(tokens)
        ),
        "smart": LiveServer(folder / "smart", log_level="warning", requests_per_minute="1000000", auth="smart"),
    }
    asked = _workloads(folder, persons)
    runs: dict[tuple[str, str], list[workloads.Run]] = {}
    try:
        for server in servers.values():
            server.start()
            load(server, 1, persons)
        service = _Service(servers["smart"])
        for _ in range(rounds):
            for name, (work, clients) in WORKLOADS.items():
                script, environment = asked[work]
                for guard, server in servers.items():
                    bearer = service.token() if guard == "smart" else token
                    run = workloads.run(script, server, seconds=seconds, clients=clients, TOKEN=bearer, **environment)
                    assert not run.failed, f"{name}, {guard}: {run.failed} of {run.requests} failed"
                    runs.setdefault((name, guard), []).append(run)
    finally:
        for server in servers.values():
            server.stop()
    for name in WORKLOADS:
        print(name)
        for guard in servers:
            print(f"    {guard:6} {_told(runs[name, guard], runs[name, 'off'])}")


def _told(runs: Sequence[workloads.Run], off: Sequence[workloads.Run]) -> str:
    """Return what the rounds of a server gave, beside those of the one that guards nothing."""
    least, pace = min(runs, key=_cpu_ms), max(run.requests_per_second for run in runs)
    cost, speed = least.cpu_ms / min(map(_cpu_ms, off)), pace / max(run.requests_per_second for run in off)
    parts = f"server {least.server_ms:.3f} + database {least.database_ms:.3f} ms"
    return f"{least.cpu_ms:.3f} ms ({cost:.2f}): {parts}; {pace:.0f}/s ({speed:.2f})"


def _cpu_ms(run: workloads.Run) -> float:
    return run.cpu_ms


class _Service:
    """A service of the server that gives tokens: it may read, search and create everything."""

    def __init__(self, server: LiveServer) -> None:
        self._endpoint = f"{server.root}/oauth/token"
        self._key = ec_key()
        self._client = service(self._key, scope="system/*.cruds")
        database = EmbeddedPostgres(server.data_dir / "postgres").url(SERVER_ROLE, DATABASE)
        asyncio.run(register(database, self._client))

    def token(self) -> str:
        """Return a token, good for five minutes."""
        form = {"grant_type": "client_credentials", "scope": "system/*.cruds"}
        answer = httpx.post(self._endpoint, data=form | proof(self._client, self._key, aud=self._endpoint))
        return str(answer.raise_for_status().json()["access_token"])


def _workloads(folder: Path, persons: int) -> Mapping[str, tuple[str, dict[str, str]]]:
    def file(name: str, text: str) -> str:
        (folder / name).write_text(text, encoding="utf-8")
        return str(folder / name)

    read = file("read.json", json.dumps(urls({"read": "Patient/p{number}"}, persons=persons)))
    search = file("search.json", json.dumps(urls(SELECTIVE, persons=persons)))
    made = file("seeds.jsonl", "".join(f"{dumps(seed)}\n" for seed in seeds()))
    return {
        "read": ("get", {"URLS": read}),
        "search": ("get", {"URLS": search}),
        "create": ("create", {"SEEDS": made}),
        "crud": ("crud", {"SEEDS": made}),
    }


if __name__ == "__main__":
    main()
