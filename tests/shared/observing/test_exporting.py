"""Spans reach a collector as OTLP over HTTP: a real receiver on a real port, which reads the protobuf that it gets."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status
from opentelemetry.trace import SpanKind
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from shared.observing import trace
from shared.observing.exporting import start_tracing
from shared.observing.spans import span
from shared.observing.trace import Traceparent
from shared.testing.serving import serving


@dataclass
class Collector:
    """The receiving end of https://opentelemetry.io/docs/specs/otlp/#otlphttp."""

    url: str = ""
    away: bool = False
    received: list[ResourceSpans] = field(default_factory=list)
    refused: int = 0

    @property
    def spans(self) -> dict[str, Span]:
        return {
            one.name: one
            for resource in self.received
            for scope in resource.scope_spans
            for one in scope.spans
        }

    async def take(self, request: Request) -> Response:
        if self.away:
            self.refused += 1
            return Response(status_code=503)
        assert request.headers["content-type"] == "application/x-protobuf"
        body = await request.body()
        if request.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.received += ExportTraceServiceRequest.FromString(body).resource_spans
        answer = ExportTraceServiceResponse().SerializeToString()
        return Response(answer, media_type="application/x-protobuf")


@pytest.fixture
async def collector() -> AsyncIterator[Collector]:
    collector = Collector()
    app = Starlette(routes=[Route("/v1/traces", collector.take, methods=["POST"])])
    async with serving(app) as collector.url:
        yield collector


async def test_spans_arrive_at_the_collector_as_what_they_are(collector: Collector) -> None:
    caller = Traceparent.new()
    stop = start_tracing("casework", "worker", f"{collector.url}/")
    with trace.use(trace.begin(str(caller))):
        with span("handle request.filed", kind=SpanKind.CONSUMER, attempt=2):
            inner = trace.current().traceparent
        with pytest.raises(ValueError, match="19900001234"), span("job retention"):
            raise ValueError("cannot reach 19900001234")
    await asyncio.to_thread(stop)  # the end of a process sends what is left
    (resource,) = collector.received
    said = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert said["service.name"] == "longxi-casework"
    assert said["longxi.role"] == "worker"
    handled = collector.spans["handle request.filed"]
    here = Traceparent.parse(inner)
    assert here is not None
    assert (handled.trace_id.hex(), handled.span_id.hex()) == (caller.trace_id, here.span_id)
    assert handled.parent_span_id.hex() == caller.span_id
    assert handled.kind == Span.SPAN_KIND_CONSUMER
    assert {one.key: one.value.int_value for one in handled.attributes} == {"attempt": 2}
    assert handled.end_time_unix_nano >= handled.start_time_unix_nano > 0
    failed = collector.spans["job retention"]
    assert failed.status.code == Status.STATUS_CODE_ERROR
    assert "19900001234" not in str(resource)


async def test_a_collector_that_is_away_stops_nobody(collector: Collector) -> None:
    collector.away = True
    stop = start_tracing("intake", "api", collector.url)
    with span("POST /v1/requests"):
        pass
    # What cannot be sent is given up when the process ends; nobody waits for it for long.
    async with asyncio.timeout(40):
        await asyncio.to_thread(stop)
    assert collector.refused >= 1
    assert collector.received == []
