"""Another category or urgency: what may be changed when, and that a correction neither gives nor takes time."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.actor import Actor
from services.intake.requests.deciding import Situation
from services.intake.requests.limits import LimitKind, Limits, Terms
from services.intake.requests.reclassifying import (
    Classification,
    NothingToReclassify,
    RelaxingForTheHead,
    UrgencySettled,
    reclassify,
)
from services.intake.requests.rules import OPEN_TO_HANDLE, IllegalRequestMove, Life, State
from shared.calendar import WorkCalendar
from shared.contracts.intake import RequestReclassified, Urgency

LIMITS = Limits(Terms(), WorkCalendar.china())
FILED = datetime(2026, 2, 10, 1, 0, tzinfo=UTC)
WORKER = Actor("worker", "worker-1")


def request(
    state: State = State.FILED, urgency: Urgency = Urgency.NORMAL, category: str | None = "0105"
) -> Situation:
    life = Life(state=state, handle=LIMITS.start(LimitKind.HANDLE, FILED, urgency), step=None)
    return Situation(uuid4(), uuid4(), urgency, life, category)


def changed(
    it: Situation, to: Classification, at: datetime = FILED + timedelta(hours=1), *, may_relax: bool = False
) -> RequestReclassified:
    decision, _ = reclassify(it, at, WORKER, LIMITS, to=to, reason="new_facts", may_relax=may_relax)
    assert decision.life.version == it.life.version + 1
    (event,) = decision.events
    assert isinstance(event, RequestReclassified)
    assert event.due == decision.life.handle.due
    return event


def test_another_category_leaves_the_limit() -> None:
    it = request()
    event = changed(it, Classification("0201"))
    assert (event.category, event.urgency, event.due_changed) == ("0201", Urgency.NORMAL, False)
    assert event.due == it.life.handle.due


@given(st.sampled_from(Urgency), st.sampled_from(Urgency), st.integers(0, 60 * 24 * 20))
def test_the_limit_is_what_it_would_have_been_from_the_start(
    before: Urgency, after: Urgency, minutes: int
) -> None:
    """Whenever the correction is made, and whatever it was before."""
    it, at = request(urgency=before), FILED + timedelta(minutes=minutes)
    if before is after:
        with pytest.raises(NothingToReclassify):
            changed(it, Classification(urgency=after), at)
        return
    event = changed(it, Classification(urgency=after), at, may_relax=True)
    assert event.due == LIMITS.start(LimitKind.HANDLE, FILED, after).due
    assert event.due_changed


def test_after_handling_the_category_can_be_corrected_and_the_urgency_not() -> None:
    handled = request(State.HANDLED)
    assert changed(handled, Classification("0201")).category == "0201"
    with pytest.raises(UrgencySettled):
        changed(handled, Classification(urgency=Urgency.LONG))


@pytest.mark.parametrize("state", [State.CLOSED, State.RATED, State.REJECTED, State.WITHDRAWN])
def test_what_was_counted_stays_as_it_was_counted(state: State) -> None:
    with pytest.raises(IllegalRequestMove):
        changed(request(state), Classification("0201"))


def test_whoever_missed_the_limit_does_not_lengthen_it() -> None:
    it = request(urgency=Urgency.URGENT)
    late = it.life.handle.due + timedelta(minutes=1)
    with pytest.raises(RelaxingForTheHead):
        changed(it, Classification(urgency=Urgency.LONG), late)
    assert changed(it, Classification(urgency=Urgency.EMERGENCY), late).urgency is Urgency.EMERGENCY
    assert changed(it, Classification(urgency=Urgency.LONG), late, may_relax=True).due > late
    # To the second: at the limit itself it has not passed yet.
    assert changed(it, Classification(urgency=Urgency.LONG), it.life.handle.due).due_changed


def test_the_story_says_what_it_was_and_what_it_is() -> None:
    it = request()
    decision, after = reclassify(
        it,
        FILED,
        WORKER,
        LIMITS,
        to=Classification("0201", Urgency.URGENT),
        reason="more_urgent",
        may_relax=False,
    )
    (entry,) = decision.entries
    assert (entry.entry, entry.reason, entry.by) == ("reclassify", "more_urgent", WORKER)
    assert entry.details is not None
    assert (entry.details["category_before"], entry.details["category"]) == ("0105", "0201")
    assert (entry.details["urgency_before"], entry.details["urgency"]) == ("normal", "urgent")
    assert (after.category, after.urgency) == ("0201", Urgency.URGENT)


@pytest.mark.parametrize("state", sorted(OPEN_TO_HANDLE))
def test_while_the_limit_runs_both_can_be_changed(state: State) -> None:
    assert changed(request(state), Classification("0201", Urgency.LONG)).due_changed
