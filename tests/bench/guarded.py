"""What security costs: the same work asked of three servers in turn.

One lets everyone in and traces nothing; one takes static tokens, and traces; one gives tokens itself (SMART), holds
callers to their scopes, and traces.

    python -m tests.bench.guarded [--quick] [--only WORK ...] [--persons N] [--seconds S] [--rounds R]

Figures are CPU per request of server and database together, and requests per second: the median of the rounds. A ratio
is taken in each round, of two slices that stand next to each other, since the speed of a machine changes from minute to
minute: its median is told, with the quartiles. A table of them ends the run. --quick leaves out the static tokens and
takes less than 75 seconds on a machine with two free cores, in which each work gets two rounds or three: with --only,
some get more, and their ratios are worth more. What waiting for the disk makes of it shows beside a run with
TMPDIR=/dev/shm.
"""

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from statistics import median, quantiles

import httpx

from tests.authorization.applications import ec_key, proof, service
from tests.bench import workloads
from tests.bench.bulk import load
from tests.bench.population import dumps, seeds
from tests.bench.shapes import SELECTIVE, urls
from tests.live import LiveServer
from tests.private_files import private_file
from tests.smart_live import register
from usager_server.repository.embedded import EmbeddedPostgres
from usager_server.repository.opening import DATABASE, SERVER_ROLE

WORKLOADS = {
    "read, 1 client": ("read", 1),
    "read, 8 clients": ("read", 8),
    "read, 8 clients that think for 10 ms": ("calm", 8),
    "read, 32 clients": ("read", 32),
    "search page, 8 clients": ("search", 8),
    "search page with _include, 8 clients": ("include", 8),
    "history, 8 clients": ("history", 8),
    "create, 8 clients": ("create", 8),
    "CRUD mix, 8 clients": ("crud", 8),
}
"""Which work is asked for, and by how many at once."""

READS = {"read": "Patient/p{number}"}
HISTORIES = {"history": "Patient/p{number}/_history"}
INCLUDES = {"include": "Observation?patient=Patient/p{number}&_include=Observation:patient&_count=20"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Unit    seconds of each workload, on each server, in a round; a round is begun only when it would end before
            most_seconds, counted from the first of them, which is always made.
    """

    persons: int = 2_000
    seconds: float = 3
    rounds: int = 5
    most_seconds: float = inf
    guards: Sequence[str] = ("off", "token", "smart")
    only: Sequence[str] = ()

    def workloads(self) -> Mapping[str, tuple[str, int]]:
        """Return what is to be measured."""
        return {name: one for name, one in WORKLOADS.items() if not self.only or one[0] in self.only}


QUICK = Plan(persons=500, seconds=1, rounds=9, most_seconds=60, guards=("off", "smart"))


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.guarded", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less than 75 seconds, off and SMART alone")
    parser.add_argument("--persons", type=int)
    parser.add_argument("--seconds", type=float, help="of each workload, on each server, in a round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", nargs="+", choices=sorted({work for work, _ in WORKLOADS.values()}))
    arguments = parser.parse_args()
    given = {name: value for name in ("persons", "seconds", "rounds", "only") if (value := getattr(arguments, name))}
    with tempfile.TemporaryDirectory(prefix="usager-guarded-") as folder:
        measure(Path(folder), replace(QUICK if arguments.quick else Plan(), **given))


def measure(folder: Path, plan: Plan) -> None:
    """Run the rounds on servers with the same persons."""
    token = secrets.token_urlsafe(32)
    servers = {guard: _server(folder, guard, token) for guard in plan.guards}
    asked = _workloads(folder, plan.persons)
    runs: dict[tuple[str, str], list[workloads.Run]] = {}
    try:
        for server in servers.values():
            server.start()
            load(server, 1, plan.persons)
        service = _Service(servers["smart"])
        began = time.monotonic()
        for made in range(plan.rounds):
            if made and (time.monotonic() - began) * (made + 1) > plan.most_seconds * made:
                break
            for name, (work, clients) in plan.workloads().items():
                script, environment = asked[work]
                for guard, server in list(servers.items())[:: -1 if made % 2 else 1]:
                    bearer = service.token() if guard == "smart" else token
                    run = workloads.run(
                        script, server, seconds=plan.seconds, clients=clients, TOKEN=bearer, **environment
                    )
                    assert not run.failed, f"{name}, {guard}: {run.failed} of {run.requests} failed"
                    runs.setdefault((name, guard), []).append(run)
    finally:
        for server in servers.values():
            server.stop()
    for name in plan.workloads():
        print(name)
        for guard in servers:
            print(f"    {guard:6} {_told(runs[name, guard], runs[name, 'off'])}")
    _print_ratios(runs, list(plan.workloads()), [guard for guard in servers if guard != "off"])


def _server(folder: Path, guard: str, token: str) -> LiveServer:
    """Return a server that guards what it has in one of three ways."""
    if guard == "off":
        return LiveServer(folder / guard, log_level="warning")
    given = {"auth": guard}
    if guard == "token":
        given["token_file"] = str(folder / "tokens")
        private_file(folder / "tokens", f"{token} 1 bench\n")
    return LiveServer(folder / guard, log_level="warning", requests_per_minute="1000000", **given)


def _print_ratios(
    runs: Mapping[tuple[str, str], Sequence[workloads.Run]], names: Sequence[str], guards: Sequence[str]
) -> None:
    """Print what each guard costs, as a table to be pasted."""
    print(f"\n| ratio to off, CPU (quartiles); requests/s | {' | '.join(guards)} |\n|---|{'---|' * len(guards)}")
    for name in names:
        told = [_ratios_told(runs[name, guard], runs[name, "off"]) for guard in guards]
        print(f"| {name} | {' | '.join(told)} |")


def _told(runs: Sequence[workloads.Run], off: Sequence[workloads.Run]) -> str:
    """Return what the rounds of a server gave, beside those of the one that guards nothing."""
    server, database = median(run.server_ms for run in runs), median(run.database_ms for run in runs)
    cpu, pace = median(run.cpu_ms for run in runs), median(run.requests_per_second for run in runs)
    parts = f"server {server:.3f} + database {database:.3f} ms"
    return f"{cpu:.3f} ms: {parts}; {pace:.0f}/s; ratios {_ratios_told(runs, off)} of {len(runs)} rounds"


def _ratios_told(runs: Sequence[workloads.Run], off: Sequence[workloads.Run]) -> str:
    """Return how much more CPU a request took in the middle of the rounds, and how many times as many were answered."""
    pairs = list(zip(runs, off, strict=True))
    costs = [guarded.cpu_ms / open_.cpu_ms for guarded, open_ in pairs]
    paces = [guarded.requests_per_second / open_.requests_per_second for guarded, open_ in pairs]
    low, middle, high = quantiles(costs, n=4, method="inclusive") if len(costs) > 1 else costs * 3
    return f"{middle:.2f} ({low:.2f} to {high:.2f}); {median(paces):.2f}"


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

    def addresses(name: str, shapes: dict[str, str]) -> tuple[str, dict[str, str]]:
        return "get", {"URLS": file(f"{name}.json", json.dumps(urls(shapes, persons=persons)))}

    get, reads = addresses("read", READS)
    made = {"SEEDS": file("seeds.jsonl", "".join(f"{dumps(seed)}\n" for seed in seeds()))}
    return {
        "read": (get, reads),
        "calm": (get, {**reads, "PAUSE": "0.01"}),
        "search": addresses("search", SELECTIVE),
        "include": addresses("include", INCLUDES),
        "history": addresses("history", HISTORIES),
        "create": ("create", made),
        "crud": ("crud", made),
    }


if __name__ == "__main__":
    main()
