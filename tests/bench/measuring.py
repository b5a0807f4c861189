"""The course of a benchmark: start, import, change, load a population, read, search, compare with pgbench."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from tests.bench import accounting, pgbench, workloads
from tests.bench.bulk import load
from tests.bench.population import dumps, record, seeds
from tests.bench.report import Latencies, Row
from tests.bench.shapes import MIX, SELECTIVE, SHAPES, urls
from tests.live import LiveServer

said = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure. Unit: seconds of each workload; persons of each population; dossiers to import."""

    populations: tuple[int, ...] = (10_000,)
    seconds: float = 15
    dossiers: int = 100


@dataclass(slots=True)
class Measures:
    """What was measured: the rows of the table, and the latencies of the shapes by population."""

    rows: list[Row] = field(default_factory=list)
    shapes: dict[int, Latencies] = field(default_factory=dict)


def measure(plan: Plan, folder: Path) -> Measures:
    """Run the whole course on a server of its own."""
    measures = Measures()
    server = LiveServer(folder / "data", log_level="warning").start()
    try:
        bench = Bench(plan, folder, server, measures)
        for step in (bench.started, bench.imported, bench.changed):
            step()
        loaded = 0
        for persons in plan.populations:
            said.print(f"loading {persons:,} persons")
            load(server, loaded + 1, persons)
            loaded = persons
            bench.searched(persons)
        for step in (bench.read, bench.mixed, bench.compared, bench.weighed):
            step()
    finally:
        server.stop()
    return measures


class Bench:
    """The steps, each on what the ones before it left."""

    def __init__(self, plan: Plan, folder: Path, server: LiveServer, measures: Measures) -> None:
        self.plan, self.folder, self.server, self.measures = plan, folder, server, measures
        self._seeds = self._file("seeds.jsonl", (dumps(seed) for seed in seeds()))
        self._largest_mb = 0.0

    def started(self) -> None:
        """Stop and start: the time to the first answer, on data that is there."""
        first = self.server.first_answer_seconds
        self.server.stop()
        self.server.start()
        again = self.server.first_answer_seconds
        self._add("first answer after start", "s", again, 2, note=f"{first:.2f} s with a new database cluster")

    def imported(self) -> None:
        """Import whole dossiers as transactions."""
        bundles = self._file("bundles.jsonl", (dumps(record(number)) for number in range(self.plan.dossiers)))
        run = self._run("import", clients=4, BUNDLES=bundles)
        self._add("import", "resources/s/core", run.resources_per_core, 1500, True, self._cpu(run))

    def changed(self) -> None:
        """Create, read, update and delete in the public mix; then creates of a 3 kB Patient alone."""
        run = self._run("crud", clients=16, SEEDS=self._seeds)
        self._add("CRUD mix", "requests/s/core", run.requests_per_core, 1000, True, self._cpu(run))
        run = self._run("create", clients=8, SEEDS=self._seeds)
        self._create_ms = run.database_ms
        self._add("create of a 3 kB Patient", "CPU ms", run.cpu_ms, 1.2, note=self._cpu(run))

    def searched(self, persons: int) -> None:
        """Measure every shape at this population, two clients at a time so that no one queues."""
        run = self._get(SHAPES, persons, clients=2)
        self.measures.shapes[persons] = run.operations
        worst = max(run.operations, key=lambda name: run.operations[name]["p95"])
        note = f"{worst}; {len(SHAPES)} shapes, {run.failed} failed"
        self._add(f"slowest shape, p95, {persons:,} persons", "ms", run.operations[worst]["p95"], 20, note=note)

    def read(self) -> None:
        """Measure the read and the selective searches, each alone."""
        run = self._get({"read": "Patient/p{number}"}, self._persons, clients=8)
        self._read_ms = run.database_ms
        self._add("read", "CPU ms", run.cpu_ms, 0.25, note=self._cpu(run))
        run = self._get(SELECTIVE, self._persons, clients=8)
        self._add("selective search page", "CPU ms", run.cpu_ms, 0.8, note=self._cpu(run))

    def mixed(self) -> None:
        """Measure the search mix."""
        run = self._get({"read": "Patient/p{number}"} | MIX, self._persons, clients=16)
        self._add("search mix", "CPU ms", run.cpu_ms, note=self._cpu(run))

    def compared(self) -> None:
        """Run pgbench on the same rows: what the database alone takes."""
        for name, script, ours in (("read", pgbench.READ, self._read_ms), ("create", pgbench.CREATE, self._create_ms)):
            accounting.wait_idle()
            floor = pgbench.run(self.server, self._persons, script, self.folder, seconds=self.plan.seconds)
            note = (
                f"our database part is {ours / floor.database_ms:.2f} × this; {floor.per_second:,.0f}/s on this machine"
            )
            self._add(f"pgbench {name}, same rows", "database ms", floor.database_ms, note=note)

    def weighed(self) -> None:
        """Add the largest size the server process was seen at."""
        self._add("memory of the server process", "MB", self._largest_mb, 300)

    @property
    def _persons(self) -> int:
        return self.plan.populations[-1]

    def _get(self, shapes: dict[str, str], persons: int, *, clients: int) -> workloads.Run:
        addresses = self._file("urls.json", [json.dumps(urls(shapes, persons=persons))])
        return self._run("get", clients=clients, URLS=addresses)

    def _run(self, name: str, *, clients: int, **environment: str) -> workloads.Run:
        accounting.wait_idle()
        run = workloads.run(name, self.server, seconds=self.plan.seconds, clients=clients, **environment)
        self._largest_mb = max(self._largest_mb, accounting.memory_mb(self.server.server_pids()))
        said.print(f"{name}: {run.requests:,} requests, {run.failed} failed, {run.cpu_ms:.3f} ms CPU each")
        return run

    def _cpu(self, run: workloads.Run) -> str:
        failed = f"; {run.failed} FAILED" if run.failed else ""
        rate = f"; {run.requests_per_second:,.0f} requests/s with the load generator beside"
        return f"server {run.server_ms:.3f} + database {run.database_ms:.3f} ms{rate}{failed}"

    def _add(
        self, name: str, unit: str, measured: float, target: float | None = None, at_least: bool = False, note: str = ""
    ) -> None:
        self.measures.rows.append(Row(name, unit, measured, target, at_least, note))

    def _file(self, name: str, lines: Iterable[str]) -> str:
        path = self.folder / name
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return str(path)
