"""What security costs: the same work asked of two servers in turn, one that guards and traces, one that does not.

    python -m tests.bench.guarded [--persons N] [--seconds S] [--rounds R]

Figures are CPU per request of server and database together, the least of the rounds; the ratio is that of one run.
"""

import argparse
import json
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.bench import workloads
from tests.bench.bulk import load
from tests.bench.population import dumps, seeds
from tests.bench.shapes import SELECTIVE, urls
from tests.live import LiveServer

CLIENTS = {"read alone": 1, "read": 8, "search": 8, "create": 8}


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.guarded", description=__doc__)
    parser.add_argument("--persons", type=int, default=2_000)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="usager-guarded-") as folder:
        measure(Path(folder), arguments.persons, arguments.seconds, arguments.rounds)


def measure(folder: Path, persons: int, seconds: float, rounds: int) -> None:
    """Run the rounds on two servers with the same persons."""
    token = secrets.token_urlsafe(32)
    tokens = folder / "tokens"
    tokens.write_text(f"{token} 1 bench\n", encoding="ascii")
    servers = {
        "off": LiveServer(folder / "off", log_level="warning"),
        "on": LiveServer(folder / "on", log_level="warning", auth="token", token_file=str(tokens)),
    }
    asked = _workloads(folder, persons)
    least: dict[tuple[str, str], float] = {}
    try:
        for server in servers.values():
            server.start()
            load(server, 1, persons)
        for _ in range(rounds):
            for name, (script, environment) in asked.items():
                for guard, server in servers.items():
                    run = workloads.run(
                        script, server, seconds=seconds, clients=CLIENTS[name], TOKEN=token, **environment
                    )
                    print(f"{name}, {guard}: {run.cpu_ms:.3f} = {run.server_ms:.3f} + {run.database_ms:.3f} ms")
                    assert not run.failed, f"{run.failed} of {run.requests} failed"
                    least[name, guard] = min(run.cpu_ms, least.get((name, guard), run.cpu_ms))
    finally:
        for server in servers.values():
            server.stop()
    for name in asked:
        off, on = least[name, "off"], least[name, "on"]
        print(f"{name:12} off {off:.3f} ms   on {on:.3f} ms   ratio {on / off:.2f}")


def _workloads(folder: Path, persons: int) -> Mapping[str, tuple[str, dict[str, str]]]:
    def file(name: str, text: str) -> str:
        (folder / name).write_text(text, encoding="utf-8")
        return str(folder / name)

    read = file("read.json", json.dumps(urls({"read": "Patient/p{number}"}, persons=persons)))
    search = file("search.json", json.dumps(urls(SELECTIVE, persons=persons)))
    made = file("seeds.jsonl", "".join(f"{dumps(seed)}\n" for seed in seeds()))
    return {
        "read": ("get", {"URLS": read}),
        "read alone": ("get", {"URLS": read}),
        "search": ("get", {"URLS": search}),
        "create": ("create", {"SEEDS": made}),
    }


if __name__ == "__main__":
    main()
