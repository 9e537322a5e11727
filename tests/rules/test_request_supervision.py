"""Supervision (督办): half of the limit in its own kind of time, an hour to act in, never more than there was; once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.actor import Actor
from services.intake.requests import dues, rules
from services.intake.requests.deciding import Situation
from services.intake.requests.limits import LimitKind, Limits, Terms
from services.intake.requests.rules import OPEN_TO_HANDLE, IllegalRequestMove, Life, State
from services.intake.requests.supervising.deciding import supervise
from services.intake.requests.supervising.rules import AlreadySupervised
from shared.calendar import SHANGHAI, WorkCalendar
from shared.contracts.intake import RequestDueChanged, RequestSupervised, Urgency

CALENDAR = WorkCalendar.china()
LIMITS = Limits(Terms(), CALENDAR)
HEAD = Actor("head", "head-1")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def request(
    started: datetime, urgency: Urgency = Urgency.NORMAL, state: State = State.IN_PROGRESS
) -> Situation:
    handle = LIMITS.start(LimitKind.HANDLE, started, urgency)
    return Situation(uuid4(), uuid4(), urgency, Life(state=state, handle=handle, step=None))


@pytest.mark.parametrize(
    ("urgency", "started", "marked", "ends", "reason"),
    [
        (
            Urgency.EMERGENCY,
            "2026-03-02 09:00",
            "2026-03-02 09:00",
            "03-02 10:00",
            "one of two working hours",
        ),
        (Urgency.EMERGENCY, "2026-03-02 09:00", "2026-03-02 09:30", "03-02 10:30", "an hour to act in"),
        (Urgency.EMERGENCY, "2026-03-02 09:00", "2026-03-02 10:30", "03-02 11:00", "never later than before"),
        (Urgency.EMERGENCY, "2026-03-02 11:30", "2026-03-02 11:30", "03-02 14:00", "lunch does not count"),
        (Urgency.URGENT, "2026-03-02 10:00", "2026-03-02 10:00", "03-02 15:15", "half a working day: 3 h 45"),
        (Urgency.URGENT, "2026-03-02 10:00", "2026-03-02 16:00", "03-02 17:00", "half is over: an hour"),
        (Urgency.URGENT, "2026-03-02 10:00", "2026-03-02 17:00", "03-03 09:00", "an hour over the night"),
        (
            Urgency.NORMAL,
            "2026-03-02 10:00",
            "2026-03-02 10:00",
            "03-06 17:30",
            "4 of 7 days: a half day is none",
        ),
        (Urgency.NORMAL, "2026-03-03 10:00", "2026-03-03 10:00", "03-09 17:30", "the 4th day is a Saturday"),
        (Urgency.NORMAL, "2026-03-02 10:00", "2026-03-09 16:00", "03-09 17:00", "the last day: an hour"),
        (Urgency.NORMAL, "2026-03-02 10:00", "2026-03-09 17:00", "03-09 17:30", "never later than before"),
        (Urgency.NORMAL, "2026-03-02 10:00", "2026-03-12 10:00", "03-09 17:30", "what is late stays late"),
        (Urgency.LONG, "2026-03-02 10:00", "2026-03-02 10:00", "03-10 17:30", "8 of 15 days"),
        (Urgency.LONG, "2026-03-02 10:00", "2026-03-10 09:00", "03-10 17:30", "half is still to come"),
    ],
)
def test_the_limit_is_halved(urgency: Urgency, started: str, marked: str, ends: str, reason: str) -> None:
    before = request(local(started), urgency)
    decision = supervise(before, local(marked), HEAD, LIMITS, reason="slow_progress")
    assert decision.life.handle.due.astimezone(SHANGHAI).strftime("%m-%d %H:%M") == ends, reason
    assert (decision.life.supervised, decision.life.supervision_reason) == (local(marked), "slow_progress")


@given(
    st.sampled_from(Urgency),
    st.integers(0, 60 * 24 * 200).map(lambda minutes: local("2026-01-05 00:00") + timedelta(minutes=minutes)),
    st.integers(0, 60 * 24 * 20),
)
def test_supervision_never_gives_time_and_leaves_an_hour_where_there_was_one(
    urgency: Urgency, started: datetime, minutes: int
) -> None:
    at = started + timedelta(minutes=minutes)
    whole = LIMITS.start(LimitKind.HANDLE, started, urgency)
    halved = LIMITS.handling(started, urgency, supervised=at)
    hour = CALENDAR.add_working(at, timedelta(hours=1)).at
    assert min(whole.due, hour) <= halved.due <= whole.due
    assert halved.started == whole.started


def test_the_story_and_the_event_say_what_it_was_and_what_it_is() -> None:
    it = request(local("2026-03-02 10:00"))
    decision = supervise(it, local("2026-03-02 11:00"), HEAD, LIMITS, reason="safety_hazard")
    (entry,), (event,) = decision.entries, decision.events
    assert (entry.entry, entry.reason, entry.by) == ("supervise", "safety_hazard", HEAD)
    assert entry.details == {
        "limit": "handle",
        "before": "2026-03-09T09:30:00+00:00",
        "due": "2026-03-06T09:30:00+00:00",
        "provisional": False,
    }
    assert isinstance(event, RequestSupervised)
    assert (event.due_before, event.due) == (it.life.handle.due, decision.life.handle.due)
    assert decision.life.version == it.life.version + 1


def test_once_in_each_handling() -> None:
    it = request(local("2026-03-02 10:00"))
    marked = supervise(it, local("2026-03-02 11:00"), HEAD, LIMITS, reason="slow_progress").after
    with pytest.raises(AlreadySupervised):
        supervise(marked, local("2026-03-03 11:00"), HEAD, LIMITS, reason="slow_progress")
    assert rules.Move.SUPERVISE not in rules.allowed_moves(marked.life)
    now = local("2026-04-01 10:00")
    closed = replace(marked.life, state=State.CLOSED, closed=now)
    handle = LIMITS.start(LimitKind.HANDLE, now, Urgency.NORMAL)
    opened = rules.reopen(closed, now, reason="came_back", days=15, handle=handle, dispatch=handle)
    assert (opened.supervised, opened.handle) == (None, handle), "a new handling has its whole limit"
    again = supervise(replace(marked, life=opened), now, HEAD, LIMITS, reason="repeated_complaint")
    assert again.life.handle.due < handle.due


@pytest.mark.parametrize("state", sorted(set(State) - OPEN_TO_HANDLE))
def test_only_while_it_is_open_to_handle(state: State) -> None:
    with pytest.raises(IllegalRequestMove):
        supervise(
            request(local("2026-03-02 10:00"), state=state),
            local("2026-03-02 11:00"),
            HEAD,
            LIMITS,
            reason="x",
        )


def test_a_notice_keeps_the_halving() -> None:
    it = request(local("2026-03-02 10:00"), Urgency.LONG)
    marked = supervise(it, local("2026-03-02 11:00"), HEAD, LIMITS, reason="slow_progress").after
    tuesday = local("2026-03-10 00:00").astimezone(SHANGHAI).date()
    noticed = Limits(Terms(), CALENDAR.with_notice(2026, [tuesday], []))
    decision = dues.recomputed(marked, noticed, local("2026-03-03 10:00"), "holiday_notice")
    assert decision is not None
    (event,) = decision.events
    assert isinstance(event, RequestDueChanged)
    assert event.due == local("2026-03-11 17:30"), "the eighth day is free now: the next that is worked"
    assert (event.due_before, event.due_changed) == (marked.life.handle.due, True)
    assert decision.life.handle.due < noticed.start(LimitKind.HANDLE, it.life.handle.started, it.urgency).due
    again = dues.recomputed(decision.after, noticed, local("2026-03-03 11:00"), "holiday_notice")
    assert again is None, "what is right stays, and nobody is told twice"


def test_a_correction_of_urgency_keeps_the_halving() -> None:
    started = local("2026-03-02 10:00")
    whole = LIMITS.handling(started, Urgency.LONG, supervised=None)
    assert LIMITS.handling(started, Urgency.LONG, supervised=local("2026-03-02 11:00")).due < whole.due


def test_a_limit_that_only_became_certain_is_an_event_and_no_news_for_the_resident() -> None:
    it = request(local("2026-03-02 10:00"))
    doubtful = replace(it, life=replace(it.life, handle=replace(it.life.handle, provisional=True)))
    decision = dues.recomputed(doubtful, LIMITS, local("2026-03-02 12:00"), "holiday_notice")
    assert decision is not None
    (event,) = decision.events
    assert isinstance(event, RequestDueChanged)
    assert (event.due_changed, event.due_provisional) == (False, False)
