"""The k6 workloads, run one at a time against a live server, the generator's own CPU left out."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.accounting import Meter
from tests.live import LiveServer

SCRIPTS = Path(__file__).with_name("k6")


@dataclass(frozen=True, slots=True)
class Run:
    """What one workload gave.

    Unit    server_ms and database_ms are CPU milliseconds per request; operations holds latencies in milliseconds.
    """

    name: str
    requests: int
    requests_per_second: float
    failed: int
    server_ms: float
    database_ms: float
    operations: dict[str, dict[str, float]]
    resources: int = 0

    @property
    def cpu_ms(self) -> float:
        """Return server and database together."""
        return self.server_ms + self.database_ms

    @property
    def requests_per_core(self) -> float:
        """Return the requests that one second of one core gives."""
        return 1e3 / self.cpu_ms if self.cpu_ms else 0.0

    @property
    def resources_per_core(self) -> float:
        """Return the resources imported by one second of one core."""
        return self.resources / (self.requests * self.cpu_ms / 1e3) if self.requests and self.cpu_ms else 0.0


def run(name: str, server: LiveServer, *, seconds: float, clients: int = 16, **environment: str) -> Run:
    """Run `k6/<name>.js` and account what it cost."""
    meter = Meter(server)
    answer = k6(name, server.base, seconds=seconds, clients=clients, **environment)
    spent = meter.spent()
    server_ms, database_ms = spent.per_request_ms(answer["requests"])
    return Run(
        name=name,
        requests=answer["requests"],
        requests_per_second=answer["requests_per_second"],
        failed=answer["failed"],
        server_ms=server_ms,
        database_ms=database_ms,
        operations=answer["operations"],
        resources=answer.get("resources", 0),
    )


def k6(name: str, base: str, *, seconds: float, clients: int, **environment: str) -> dict[str, Any]:
    """Return the summary of one k6 run."""
    own = {"BASE_URL": base, "DURATION": f"{seconds:g}s", "VUS": str(clients), "K6_NO_USAGE_REPORT": "true"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("k6")), "run", "--quiet", "--no-color", str(SCRIPTS / f"{name}.js")],
        env=os.environ | own | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise RuntimeError(f"k6 gave no summary:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    summary: dict[str, Any] = json.loads(lines[-1])
    return summary
