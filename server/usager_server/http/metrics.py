"""What is counted: requests and their time. Plain additions in flight, made into Prometheus text on demand."""

import json
import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from usager_server import __version__
from usager_server.settings import Settings

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds, upper bounds
LABELS = [*(str(bound) for bound in BUCKETS), "+Inf"]

Gauges = Callable[[], Mapping[str, float]]


def counts_folder(settings: Settings) -> Path | None:
    """Return where workers share their counts, or None when there is one worker."""
    return settings.data_dir / "metrics" if settings.workers > 1 else None


class Tally:
    """The counts of one process: requests by (interaction, type, status); times by interaction, a count a bucket."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, int], int] = {}
        self.times: dict[str, list[int]] = {}
        self.seconds: dict[str, float] = {}

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

    def as_text(self) -> str:
        """Return the counts as `parse` reads them back."""
        requests = [[*key, count] for key, count in self.requests.items()]
        return json.dumps({"requests": requests, "times": self.times, "seconds": self.seconds})

    @classmethod
    def parse(cls, text: str) -> "Tally":
        """Return the counts that `as_text` wrote."""
        read, tally = json.loads(text), cls()
        tally.requests = {(interaction, kind, status): count for interaction, kind, status, count in read["requests"]}
        tally.times, tally.seconds = read["times"], read["seconds"]
        return tally


class SharedTally:
    """The counts of this process and, through files in a folder, of its fellow workers: any can answer for all."""

    def __init__(self, folder: Path | None = None) -> None:
        self.own = Tally()
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


class _Collected(Collector):
    def __init__(self, tally: Tally, gauges: Mapping[str, float]) -> None:
        self._tally, self._gauges = tally, gauges

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of this server."""
        yield self._requests()
        yield self._times()
        yield from self._measured()

    def _requests(self) -> Metric:
        family = CounterMetricFamily("usager_requests", "Requests answered", labels=["interaction", "type", "status"])
        for (interaction, resource_type, status), count in sorted(self._tally.requests.items()):
            family.add_metric([interaction, resource_type, str(status)], count)
        return family

    def _times(self) -> Metric:
        family = HistogramMetricFamily("usager_request_seconds", "Time to answer", labels=["interaction"])
        for interaction, times in sorted(self._tally.times.items()):
            summed = [sum(times[: place + 1]) for place in range(len(times))]
            buckets = [(label, float(count)) for label, count in zip(LABELS, summed, strict=True)]
            family.add_metric([interaction], buckets, self._tally.seconds[interaction])
        return family

    def _measured(self) -> Iterator[Metric]:
        for name, value in self._gauges.items():
            yield GaugeMetricFamily(f"usager_{name}", name.replace("_", " ").capitalize(), value=value)
        info = GaugeMetricFamily("usager_build_info", "Version of the server", labels=["version"])
        info.add_metric([__version__], 1)
        yield info


def metrics_text(tally: Tally, gauges: Mapping[str, float]) -> bytes:
    """Return the Prometheus exposition of the counts, of the gauges, and of this process."""
    registry = CollectorRegistry()
    registry.register(_Collected(tally, gauges))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
