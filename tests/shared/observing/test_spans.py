"""A trace goes through the outbox: the consumer's span hangs under the span that recorded the event."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from shared.observing import trace
from shared.observing.exporting import start_tracing
from shared.observing.spans import span
from shared.observing.trace import TraceContext, Traceparent


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    stop = start_tracing("intake", "api", None, exporter=exporter)
    yield exporter
    stop()


def position() -> Traceparent:
    here = Traceparent.parse(trace.current().traceparent)
    assert here is not None
    return here


def test_a_consumers_span_has_the_producers_as_parent(exported: InMemorySpanExporter) -> None:
    with trace.use(trace.begin()), span("POST /v1/requests", kind=SpanKind.SERVER):
        recorded = trace.current()
    received = TraceContext(recorded.correlation, causation=uuid4(), traceparent=recorded.traceparent)
    with trace.use(received), span("handle request.filed", kind=SpanKind.CONSUMER, attempt=1):
        assert trace.current().correlation == recorded.correlation
        assert trace.current().causation == received.causation
    produced, consumed = exported.get_finished_spans()
    assert produced.context is not None
    assert consumed.context is not None
    assert consumed.parent is not None
    assert consumed.context.trace_id == produced.context.trace_id
    assert consumed.parent.span_id == produced.context.span_id
    assert consumed.attributes == {"attempt": 1}
    assert consumed.resource.attributes["service.name"] == "longxi-intake"


def test_spans_nest_and_the_outer_one_is_restored(exported: InMemorySpanExporter) -> None:
    with span("outer"):
        outer = position()
        with span("inner"):
            assert position().trace_id == outer.trace_id
            assert position().span_id != outer.span_id
        assert position() == outer
    inner_span, outer_span = exported.get_finished_spans()
    assert inner_span.parent is not None
    assert outer_span.parent is None, "a made-up traceparent is no parent that anybody could look up"
    assert trace.known() is None


def test_the_callers_choice_not_to_sample_is_respected(exported: InMemorySpanExporter) -> None:
    caller = Traceparent.new()
    unsampled = str(Traceparent(caller.trace_id, caller.span_id, sampled=False))
    with trace.use(trace.begin(unsampled)), span("POST /v1/requests"):
        assert position().trace_id == caller.trace_id
        assert not position().sampled
    assert exported.get_finished_spans() == ()


def test_a_failure_marks_the_span_without_its_words(exported: InMemorySpanExporter) -> None:
    with pytest.raises(ValueError, match="19900001234"), span("handle"):
        raise ValueError("cannot reach 19900001234")
    (failed,) = exported.get_finished_spans()
    assert failed.status.status_code is StatusCode.ERROR
    assert "19900001234" not in failed.to_json()


def test_without_a_collector_the_ids_still_go_on() -> None:
    start_tracing("intake", "api", None)()
    incoming = str(Traceparent.new())
    with trace.use(trace.begin(incoming)), span("POST /v1/requests") as made:
        assert not made.is_recording()
        assert trace.current().traceparent == incoming
    with span("alone"):
        assert trace.current().correlation == trace.current().correlation
