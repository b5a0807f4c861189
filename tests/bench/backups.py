"""`python -m tests.bench.backups [--persons N]`: what a backup and a restoration cost, and what writers feel of it.

The real server on a durable database, with a population of the other benchmarks (six resources a person). Memory is the
peak of each program's own; creates are one client's, one after the other.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

import asyncpg
import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.bulk import database_url, load
from tests.live import LiveServer

LOOK_EVERY_SECONDS = 0.02
PATIENT = json.dumps({"resourceType": "Patient", "name": [{"family": "Durand"}]}).encode()


@dataclass(slots=True)
class Cost:
    """What a command took. Unit: seconds on the clock, CPU seconds of all its processes, MB by program."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peaks_mb: dict[str, float] = field(default_factory=dict)


def command_cost(server: LiveServer, settings: Mapping[str, str], *words: str) -> Cost:
    """Type a command, and return what it took."""
    cost, before, began = Cost(), os.times(), time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("USAGER_")}
    own = {"USAGER_DATA_DIR": str(server.data_dir), **settings}
    command = [str(Path(sys.executable).with_name("usager")), *words]
    with subprocess.Popen(command, env=environment | own, stdout=subprocess.DEVNULL) as process:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            _look(root, cost.peaks_mb)
            time.sleep(LOOK_EVERY_SECONDS)
    after = os.times()
    if process.returncode:
        raise RuntimeError(f"{words} ended with {process.returncode}")
    cost.seconds = time.monotonic() - began
    cost.cpu_seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return cost


def _look(root: psutil.Process, peaks_mb: dict[str, float]) -> None:
    try:
        for each in [root, *root.children(recursive=True)]:
            name = each.name()
            if not name.startswith("postgres"):
                peaks_mb[name] = max(peaks_mb.get(name, 0.0), each.memory_info().rss / 1e6)
    except psutil.NoSuchProcess:
        return


def create_ms(server: LiveServer, while_true: Callable[[], bool]) -> list[float]:
    """Create Patients one after the other, and return how long each took."""
    taken = []
    while while_true():
        began = time.perf_counter()
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{server.base}/Patient", PATIENT, {"Content-Type": "application/fhir+json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
            answer.read()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def creates_during(server: LiveServer, act: Callable[[], Cost]) -> tuple[Cost, list[float]]:
    """Do something while Patients are created, and return what it took and how long each create did."""
    ended, taken = Event(), []
    writer = Thread(target=lambda: taken.extend(create_ms(server, lambda: not ended.is_set())))
    writer.start()
    cost = act()
    ended.set()
    writer.join()
    return cost, taken


async def database_mb(server: LiveServer) -> float:
    """Return how much the database takes on disk."""
    connection = await asyncpg.connect(database_url(server, "postgres"))
    size: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    await connection.close()
    return size / 1e6


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backups", description=__doc__)
    parser.add_argument("--persons", type=int, default=17_000)
    persons = parser.parse_args().persons
    said = Console()
    with tempfile.TemporaryDirectory(prefix="usager-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        settings = {"USAGER_BACKUP_FOLDER": str(folder / "backups"), "USAGER_BACKUP_KEY_FILE": str(folder / "key")}
        server = LiveServer(folder / "data", log_level="warning", audit="on").start()
        command_cost(server, settings, "backup", "key", str(folder / "key"))
        load(server, 1, persons)
        end = time.monotonic() + 10
        quiet = create_ms(server, lambda: time.monotonic() < end)
        stored_mb = asyncio.run(database_mb(server))
        made, busy = creates_during(server, lambda: command_cost(server, settings, "backup"))
        (backup,) = (folder / "backups").glob("usager-*")
        copied_mb = sum(each.stat().st_size for each in backup.iterdir()) / 1e6
        server.stop()
        costs = {
            "backup, creates beside": made,
            "backup": command_cost(server, settings, "backup"),
            "backup verify": command_cost(server, settings, "backup", "verify", str(backup)),
            "restore --replace": command_cost(server, settings, "restore", "--replace", str(backup)),
        }
    said.print(f"{persons * 6:,} resources, {stored_mb:,.0f} MB in the database, {copied_mb:,.0f} MB in the backup")
    table = Table("what", "seconds", "MB of the database/s", "CPU s", "peak MB")
    for what, cost in costs.items():
        peaks = ", ".join(f"{program} {peak:.0f}" for program, peak in cost.peaks_mb.items())
        table.add_row(what, f"{cost.seconds:.1f}", f"{stored_mb / cost.seconds:.1f}", f"{cost.cpu_seconds:.1f}", peaks)
    said.print(table)
    for what, taken in (("before", quiet), ("during the backup", busy)):
        cuts = statistics.quantiles(taken, n=100)
        said.print(f"create {what}: median {cuts[49]:.1f} ms, p95 {cuts[94]:.1f}, worst {max(taken):.0f}, {len(taken)}")


if __name__ == "__main__":
    main()
