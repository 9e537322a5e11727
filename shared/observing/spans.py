"""OpenTelemetry: spans that follow a request through HTTP, the outbox and every consumer.

The place in the trace is kept in one variable only, `shared.observing.trace`: a span begins under its `traceparent` and
puts its own there, `record` writes it with the event, and the consumer's span begins under that. Without an endpoint to
send to there is no SDK and nothing is made but the ids.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from opentelemetry import trace as telemetry
from opentelemetry.context import Context
from opentelemetry.trace import (
    INVALID_SPAN,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
)

from shared.observing import trace
from shared.observing.trace import TraceContext, Traceparent

_tracer: Tracer | None = None


def use_tracer(tracer: Tracer | None) -> None:
    """Make spans with `tracer` from now on, in the whole process; None: make none."""
    global _tracer  # noqa: PLW0603 - one a process, like its log
    _tracer = tracer


@contextmanager
def span(
    name: str, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: str | int | float | bool
) -> Iterator[Span]:
    """One step of the work, e.g. `span("handle request.filed", kind=SpanKind.CONSUMER)`.

    Goes on from the current context and is the current one inside the block; starts one where there is none. The name
    and the attributes are codes and counts, never personal data. An exception marks the span and goes on its way.
    """
    here = trace.known() or trace.begin()
    if _tracer is None:
        with trace.use(here):
            yield INVALID_SPAN
        return
    parent = None if here.fresh else Traceparent.parse(here.traceparent)
    with (
        _tracer.start_as_current_span(
            name,
            context=_remote(parent),
            kind=kind,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as started,
        trace.use(_within(here, started)),
    ):
        try:
            yield started
        except Exception as error:
            # Only its kind: its words may quote what somebody wrote.
            started.set_status(StatusCode.ERROR, type(error).__name__)
            raise


def _remote(parent: Traceparent | None) -> Context:
    if parent is None:
        return Context()
    flags = TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT)
    there = SpanContext(int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags)
    return telemetry.set_span_in_context(NonRecordingSpan(there), Context())


def _within(here: TraceContext, started: Span) -> TraceContext:
    context = started.get_span_context()
    position = Traceparent(f"{context.trace_id:032x}", f"{context.span_id:016x}", context.trace_flags.sampled)
    return replace(here, traceparent=str(position), fresh=False)
