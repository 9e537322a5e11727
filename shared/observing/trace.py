"""Which request something belongs to: correlation, causation and the W3C `traceparent`, carried by the task.

Whoever starts work says so: `with use(begin(...))` in the HTTP middleware, the inbox, a job. Everything below reads
`current()`. The three ids are written with every event, so that a consumer goes on where the producer stopped.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID, uuid4

# https://www.w3.org/TR/trace-context/#traceparent-header: version, trace-id, parent-id, flags; lower case only.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_SAMPLED = 0x01


@dataclass(frozen=True, slots=True)
class Traceparent:
    """A position in a trace. `trace_id` is 32, `span_id` 16 lower-case hexadecimal digits, neither all zero."""

    trace_id: str
    span_id: str
    sampled: bool = True

    @classmethod
    def new(cls) -> "Traceparent":
        return cls(os.urandom(16).hex(), os.urandom(8).hex())

    @classmethod
    def parse(cls, text: str | None) -> "Traceparent | None":
        """None for anything malformed: the specification says to start a new trace then, not to refuse the call."""
        match = _TRACEPARENT.fullmatch(text) if text else None
        if match is None:
            return None
        version, trace_id, span_id, flags, rest = match.groups()
        if version == "ff" or (version == "00" and rest) or not trace_id.strip("0") or not span_id.strip("0"):
            return None
        return cls(trace_id, span_id, bool(int(flags, 16) & _SAMPLED))

    def child(self) -> "Traceparent":
        """The same trace, one step further."""
        return Traceparent(self.trace_id, os.urandom(8).hex(), self.sampled)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


@dataclass(frozen=True, slots=True)
class TraceContext:
    """What a task knows of its origin."""

    correlation: UUID
    """The same for everything that follows from one call of the outside world."""
    causation: UUID | None = None
    """Id of the event that is being handled; None at the origin."""
    traceparent: str | None = None
    fresh: bool = False
    """The traceparent was made up here: no span has it, so the first span of a tracer starts a trace of its own."""


_context: ContextVar[TraceContext | None] = ContextVar("longxi_trace", default=None)


def begin(
    traceparent: str | None = None, *, correlation: UUID | None = None, causation: UUID | None = None
) -> TraceContext:
    """A context for work that starts here; goes on with a valid `traceparent`, otherwise with a new trace."""
    given = Traceparent.parse(traceparent)
    return TraceContext(
        correlation=correlation or uuid4(),
        causation=causation,
        traceparent=str(given or Traceparent.new()),
        fresh=given is None,
    )


def current() -> TraceContext:
    """The context of this task.

    Outside of any `use` it is a new one at every call: two loops of a process must not share a correlation by accident.
    """
    return _context.get() or begin()


def known() -> TraceContext | None:
    """The context of this task, or None outside of any `use` (for log lines, which need no made-up ids)."""
    return _context.get()


@contextmanager
def use(context: TraceContext) -> Iterator[TraceContext]:
    """Make `context` the current one within the block, in this task and those started in it."""
    token = _context.set(context)
    try:
        yield context
    finally:
        _context.reset(token)
