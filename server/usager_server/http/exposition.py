"""The counts as Prometheus reads them: made, and the client library imported, when someone asks."""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE_LATEST
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from usager_server import __version__
from usager_server.http.metrics import LABELS, Tally


class _Collected(Collector):
    def __init__(self, tally: Tally, gauges: Mapping[str, float]) -> None:
        self._tally, self._gauges = tally, gauges

    def collect(self) -> Iterable[Metric]:
        """Yield the metrics of this server."""
        yield self._requests()
        yield self._times()
        yield self._tls_failures()
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

    def _tls_failures(self) -> Metric:
        family = CounterMetricFamily("usager_tls_failures", "Calls whose TLS failed", labels=["service"])
        for service, count in sorted(self._tally.tls_failures.items()):
            family.add_metric([service], count)
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
