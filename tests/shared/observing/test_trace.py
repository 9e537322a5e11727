"""One request can be followed through all services: ids are parsed, handed on and never mixed up."""

import asyncio
from uuid import uuid4

import pytest

from shared.observing import trace
from shared.observing.trace import TraceContext, Traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"

CASES = [
    (f"00-{TRACE}-{SPAN}-01", True, "the specification's own example"),
    (f"00-{TRACE}-{SPAN}-00", True, "not sampled is still a trace"),
    (f"cc-{TRACE}-{SPAN}-01", True, "a future version is read as version 00"),
    (f"cc-{TRACE}-{SPAN}-01-more", True, "a future version may add fields at the end"),
    (f"00-{TRACE}-{SPAN}-01-more", False, "version 00 has exactly four fields"),
    (f"ff-{TRACE}-{SPAN}-01", False, "version ff is forbidden"),
    (f"00-{TRACE.upper()}-{SPAN}-01", False, "upper case is not allowed"),
    (f"00-{'0' * 32}-{SPAN}-01", False, "an all-zero trace id means none"),
    (f"00-{TRACE}-{'0' * 16}-01", False, "an all-zero span id means none"),
    (f"00-{TRACE[:-1]}-{SPAN}-01", False, "too short"),
    ("", False, "empty header"),
    (None, False, "no header"),
    ("请", False, "not ASCII"),
]


@pytest.mark.parametrize(("text", "valid", "reason"), CASES, ids=[case[2] for case in CASES])
def test_a_traceparent_is_read_as_the_w3c_says(text: str | None, valid: bool, reason: str) -> None:
    parsed = Traceparent.parse(text)
    assert (parsed is not None) is valid, reason
    if parsed is not None:
        assert (parsed.trace_id, parsed.span_id) == (TRACE, SPAN)


def test_writing_and_reading_a_traceparent_changes_nothing() -> None:
    new = Traceparent.new()
    assert Traceparent.parse(str(new)) == new
    assert str(Traceparent(TRACE, SPAN, sampled=False)).endswith("-00")


def test_a_child_stays_in_the_trace_and_keeps_the_sampling() -> None:
    parent = Traceparent(TRACE, SPAN, sampled=False)
    child = parent.child()
    assert (child.trace_id, child.sampled) == (TRACE, False)
    assert child.span_id != SPAN


def test_work_goes_on_with_the_callers_trace_or_starts_one() -> None:
    going_on = trace.begin(f"00-{TRACE}-{SPAN}-01")
    assert going_on.traceparent == f"00-{TRACE}-{SPAN}-01"
    assert not going_on.fresh
    anew = trace.begin("nonsense")
    assert Traceparent.parse(anew.traceparent) is not None
    assert anew.fresh


def test_outside_of_a_context_nothing_shares_a_correlation_by_accident() -> None:
    assert trace.known() is None
    assert trace.current().correlation != trace.current().correlation


def test_a_context_holds_within_its_block_only() -> None:
    outer, inner = TraceContext(uuid4()), TraceContext(uuid4(), causation=uuid4())
    with trace.use(outer):
        with trace.use(inner):
            assert trace.current() == inner
        assert trace.current() == outer
    assert trace.known() is None


async def test_tasks_inherit_the_context_and_do_not_leak_theirs() -> None:
    outer = TraceContext(uuid4())

    async def work(own: TraceContext) -> tuple[TraceContext, TraceContext]:
        inherited = trace.current()
        with trace.use(own):
            await asyncio.sleep(0)
            return inherited, trace.current()

    one, two = TraceContext(uuid4()), TraceContext(uuid4())
    with trace.use(outer):
        results = await asyncio.gather(work(one), work(two))
        assert trace.current() == outer
    assert list(results) == [(outer, one), (outer, two)]
