"""CPU seconds by component: the server's processes, the database's, and nobody else's."""

import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.live import LiveServer


@dataclass(frozen=True, slots=True)
class Spent:
    """CPU seconds spent between two looks."""

    server: float
    database: float

    def per_request_ms(self, requests: int) -> tuple[float, float]:
        """Return milliseconds of server and of database per request."""
        return self.server / max(requests, 1) * 1e3, self.database / max(requests, 1) * 1e3


class Meter:
    """Reads the CPU clocks of one server and of its database."""

    def __init__(self, server: LiveServer) -> None:
        self._server = server
        self._server_began, self._database_began = self._look()

    def spent(self) -> Spent:
        """Return what was spent since the meter was made."""
        server, database = self._look()
        return Spent(server - self._server_began, database - self._database_began)

    def _look(self) -> tuple[float, float]:
        return cpu_seconds(self._server.server_pids()), cpu_seconds(database_tree(self._server))


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the seconds that some processes ran, those of the children they have buried included.

    Unit    exact to the nanosecond where the system has a clock for each process (Linux); elsewhere, and for those
            buried, in ticks of 10 ms, which is too coarse for a workload of a second.
    """
    total = 0.0
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            times = psutil.Process(pid).cpu_times()
            total += _ran_seconds(pid) or sum(times[:2])
            if _is_postmaster(pid):
                total += sum(times[2:4])
    return total


def _ran_seconds(pid: int) -> float | None:
    """Return what all threads of a process ran, those that have ended included; None where nothing tells."""
    try:
        # As clock_getcpuclockid(3) makes it, which Python offers for threads only: CPUCLOCK_SCHED of this process.
        return time.clock_gettime(~pid << 3 | 2)
    except OSError:
        return None


def database_tree(server: LiveServer) -> list[int]:
    """Return the postmaster and its backends."""
    pids = server.database_pids()
    return [*pids, *(child.pid for pid in pids for child in psutil.Process(pid).children(recursive=True))]


def memory_mb(pids: Iterable[int]) -> float:
    """Return the resident megabytes of the largest of some processes."""
    return max(psutil.Process(pid).memory_info().rss for pid in pids) / 2**20


def wait_idle(idle_percent: float = 80, patience_seconds: float = 60) -> float:
    """Wait until the machine is quiet, since others may share it; return how idle it was, in percent."""
    end = time.monotonic() + patience_seconds
    while True:
        idle = psutil.cpu_times_percent(interval=1).idle
        if idle >= idle_percent or time.monotonic() > end:
            return float(idle)


def revision() -> str:
    """Return the short commit that is measured."""
    root = Path(__file__).parents[2]
    answer = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=root, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or "unknown"


def _is_postmaster(pid: int) -> bool:
    parent = psutil.Process(pid).parent()
    return parent is None or not parent.name().startswith("postgres")


def machine() -> str:
    """Return what this machine is, in a few words."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown processor"
    )
    return f"{psutil.cpu_count()} cores ({model})"
