"""Sending spans to a collector: the only place that knows OpenTelemetry's SDK."""

from collections.abc import Callable

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter

from shared.observing.spans import use_tracer


def start_tracing(
    service: str, role: str, endpoint: str | None, *, exporter: SpanExporter | None = None
) -> Callable[[], None]:
    """Send this process's spans by OTLP over HTTP to `endpoint`, e.g. `http://collector:4318`.

    With neither an endpoint nor an `exporter` (a test gives its own) nothing is set up and spans cost nothing. Returns
    what to call at the end: it sends what is left.
    """
    if endpoint:
        url = f"{endpoint.rstrip('/')}/v1/traces"
        processor: SpanProcessor = BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint=url))
    elif exporter:
        processor = SimpleSpanProcessor(exporter)
    else:
        return lambda: None
    provider = TracerProvider(
        resource=Resource.create({"service.name": f"longxi-{service}", "longxi.role": role})
    )
    provider.add_span_processor(processor)
    use_tracer(provider.get_tracer("longxi"))

    def stop() -> None:
        use_tracer(None)
        provider.shutdown()

    return stop
