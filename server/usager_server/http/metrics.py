"""What is counted: requests and their time. Plain additions in flight; `exposition.py` makes text of them."""

import json
import os
from bisect import bisect_left
from collections import Counter
from pathlib import Path

from usager_server.settings import Settings
from usager_server.tls_failures import FAILED

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds, upper bounds
LABELS = [*(str(bound) for bound in BUCKETS), "+Inf"]


def counts_folder(settings: Settings) -> Path | None:
    """Return where workers share their counts, or None when there is one worker."""
    return settings.data_dir / "metrics" if settings.workers > 1 else None


class Tally:
    """The counts of one process.

    Shape   requests by (interaction, type, status); times by interaction, a count a bucket; failures of TLS by service.
    """

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], int] = {}
        self.times: dict[str, list[int]] = {}
        self.seconds: dict[str, float] = {}
        self.tls_failures: Counter[str] = Counter()

    def add(self, interaction: str, resource_type: str, status: int, seconds: float) -> None:
        """Count one answered request. Time: under 1 µs."""
        key = (interaction, resource_type, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        times = self.times.get(interaction)
        if times is None:
            times = self.times[interaction] = [0] * len(LABELS)
        times[bisect_left(BUCKETS, seconds)] += 1
        self.seconds[interaction] = self.seconds.get(interaction, 0.0) + seconds

    def include(self, other: "Tally") -> None:
        """Add the counts of another process."""
        for key, count in other.requests.items():
            self.requests[key] = self.requests.get(key, 0) + count
        for interaction, times in other.times.items():
            ours = self.times.get(interaction, [0] * len(LABELS))
            self.times[interaction] = [a + b for a, b in zip(ours, times, strict=True)]
            self.seconds[interaction] = self.seconds.get(interaction, 0.0) + other.seconds[interaction]
        self.tls_failures.update(other.tls_failures)

    def as_text(self) -> str:
        """Return the counts as `parse` reads them back."""
        requests = [[*key, count] for key, count in self.requests.items()]
        counted = {"requests": requests, "times": self.times, "seconds": self.seconds}
        return json.dumps({**counted, "tls_failures": self.tls_failures})

    @classmethod
    def parse(cls, text: str) -> "Tally":
        """Return the counts that `as_text` wrote."""
        read, tally = json.loads(text), cls()
        tally.requests = {(interaction, kind, status): count for interaction, kind, status, count in read["requests"]}
        tally.times, tally.seconds = read["times"], read["seconds"]
        tally.tls_failures = Counter(read["tls_failures"])
        return tally


class SharedTally:
    """The counts of this process and, through files in a folder, of its fellow workers: any can answer for all."""

    def __init__(self, folder: Path | None = None) -> None:
        self.own = Tally()
        self.own.tls_failures = FAILED
        self._folder = folder
        self._file = folder / f"{os.getpid()}.json" if folder else None

    def share(self) -> None:
        """Leave the counts where the other workers find them."""
        if self._file is not None:
            aside = self._file.with_suffix(".new")
            aside.write_text(self.own.as_text())
            aside.replace(self._file)

    def total(self) -> Tally:
        """Return the counts of all workers, those that have ended included."""
        total = Tally()
        total.include(self.own)
        for file in self._folder.glob("*.json") if self._folder else ():
            if file != self._file:
                total.include(Tally.parse(file.read_text()))
        return total
