"""OpenTelemetry, when the operator wants it (the extra `otel` and USAGER_OTEL_ENDPOINT): one span a request."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol


class Traced(Protocol):
    """What a span is named after, once the request has been answered."""

    request_id: str
    interaction: str
    type: str
    status: int


class Tracer:
    """Makes the spans. Errors: ImportError, with what to install, when the extra is missing."""

    def __init__(self, endpoint: str, version: str, exporter: Any = None) -> None:
        try:
            from opentelemetry import propagate, trace
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise ImportError("USAGER_OTEL_ENDPOINT needs the extra otel: pip install 'usager[otel]'") from error
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "usager", "service.version": version})
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter or _exporter(endpoint)))
        self._tracer = self._provider.get_tracer("usager")
        self._extract, self._server = propagate.extract, trace.SpanKind.SERVER

    @contextmanager
    def span(self, scope: Mapping[str, Any], exchange: Traced) -> Iterator[None]:
        """Hold a span open; it carries the interaction and the type, and never an id or a value of a query."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        with self._tracer.start_as_current_span(
            scope["method"], context=self._extract(headers), kind=self._server, record_exception=False
        ) as span:
            try:
                yield
            finally:
                span.update_name(f"{exchange.interaction} {exchange.type}".strip())
                span.set_attribute("http.request.method", scope["method"])
                span.set_attribute("http.response.status_code", exchange.status)
                span.set_attribute("usager.request_id", exchange.request_id)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _exporter(endpoint: str) -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint)
