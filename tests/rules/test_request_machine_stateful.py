"""Whatever happens to a request in whatever order: limits, counts, marks and versions stay what the rules say.

`test_request_machine.py` tries the moves of the table; this tries whole decisions with their events and entries, while
time passes, limits are marked, the calendar changes and heads put requests under supervision.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.intake.actor import Actor
from services.intake.duplicates import deciding as duplicates
from services.intake.duplicates.rules import joining
from services.intake.requests import deciding, dues
from services.intake.requests.deciding import Decision, Entry, Situation
from services.intake.requests.limits import LimitKind, Limits, Terms
from services.intake.requests.parts import rules as parts
from services.intake.requests.reclassifying import Classification, reclassify
from services.intake.requests.rules import OPEN_TO_HANDLE, Life, Move, Rating, State, allowed_moves, moved
from services.intake.requests.supervising.deciding import supervise
from shared.calendar import WorkCalendar
from shared.contracts.intake import Outcome, RequestDueChanged, RequestSupervised, Urgency
from shared.refusals import Refusal

START = datetime(2026, 2, 10, 1, 0, tzinfo=UTC)
BY, CASEWORK = Actor("head", "head-1"), Actor("service", "casework")
WORKERS = (uuid4(), uuid4())
TERMS = Terms()
# A correction of the urgency may lengthen the limit; the head may even of one that has passed.
# And what leaves another's case begins anew.
MAY_LENGTHEN = {Move.REOPEN, Move.RECLASSIFY, Move.SEPARATE, Move.PROMOTE}


class RequestLives(RuleBasedStateMachine):
    @initialize(urgency=st.sampled_from(Urgency))
    def file(self, urgency: Urgency) -> None:
        self.now, self.limits = START, Limits(TERMS, WorkCalendar.china())
        handle = self.limits.start(LimitKind.HANDLE, START, urgency)
        accept = self.limits.start(LimitKind.ACCEPT, START, urgency)
        life = Life(state=State.FILED, handle=handle, step=accept)
        self.it = Situation(uuid4(), uuid4(), urgency, life, "0105")
        self.supervisions = self.returns = self.reworks = self.reopenings = 0
        self.handled_once = False
        self.by_old_calendar = False
        """A notice came while no limit for handling ran: it counts from when one runs again."""

    @rule(minutes=st.one_of(st.integers(1, 240), st.integers(241, 60 * 24 * 16)))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def the_clock_marks(self) -> None:
        before = self.it.life
        decision = dues.overdue(self.it, dues.passed(self.it, self.now), self.now)
        self.it = decision.after
        assert len(decision.entries) == sum(
            getattr(before, mark) is None and getattr(self.it.life, mark) is not None
            for mark in ("handle_overdue", "step_overdue")
        ), "each mark has its entry, once"
        assert dues.passed(self.it, self.now) == []

    @rule(days=st.integers(0, 30))
    def the_calendar_changes(self, days: int) -> None:
        calendar = self.limits.calendar
        day = calendar.day_of(self.now) + timedelta(days=days)
        working = calendar.is_working_day(day).working
        self.limits = Limits(
            TERMS, calendar.with_notice(day.year, [day] if working else [], [] if working else [day])
        )
        before = self.it
        decision = dues.recomputed(self.it, self.limits, self.now, "holiday_notice")
        self.by_old_calendar = before.life.state not in OPEN_TO_HANDLE
        if decision is None:
            return
        self.it = decision.after
        assert self.it.life.version == before.life.version + 1
        told = [event for event in decision.events if isinstance(event, RequestDueChanged)]
        assert len(told) == len(decision.events) <= 1, "at most one event, for whatever limits moved"
        assert bool(told) == (not dues.same(before.life.handle, self.it.life.handle))
        assert dues.recomputed(self.it, self.limits, self.now, "holiday_notice") is None

    @rule(data=st.data())
    def try_an_allowed_move(self, data: st.DataObject) -> None:
        allowed = allowed_moves(self.it.life)
        if allowed:
            self.try_move(data.draw(st.sampled_from(allowed)), data)

    @rule(move=st.sampled_from(Move), data=st.data())
    def try_any_move(self, move: Move, data: st.DataObject) -> None:
        self.try_move(move, data)

    def try_move(self, move: Move, data: st.DataObject) -> None:
        before = self.it
        if move not in _DECIDE:
            return
        try:
            decision = _DECIDE[move](self, data)
        except Refusal:
            assert self.it is before
            return
        after = decision.after
        # An assignment of what nobody accepted is two moves.
        assert after.life.version == before.life.version + len(decision.entries)
        if not (self.by_old_calendar and move is Move.REWORK):
            if move not in MAY_LENGTHEN:
                assert after.life.handle.due <= before.life.handle.due, "no move wins time"
            if after.life.handle.due != before.life.handle.due:
                assert move in MAY_LENGTHEN | {Move.SUPERVISE}
        self.count(move, before, decision)
        self.it = replace(after, urgency=self.it.urgency)

    def count(self, move: Move, before: Situation, decision: Decision) -> None:
        life = before.life
        if move is Move.SUPERVISE:
            self.supervisions += 1
            assert [type(event) for event in decision.events] == [RequestSupervised]
            hour = self.limits.calendar.add_working(self.now, timedelta(hours=1)).at
            assert decision.life.handle.due >= min(hour, life.handle.due), "there is time to act in"
        if move is Move.RETURN:
            self.returns += 1
        if move is Move.REWORK:
            self.reworks += 1
            self.by_old_calendar = False
        if move is Move.SUBMIT:
            self.handled_once = True
        if move is Move.WITHDRAW:
            assert not self.handled_once, "withdrawn only before it was handled"
        if move is Move.REOPEN:
            assert life.closed is not None
            assert self.now - life.closed <= timedelta(days=TERMS.reopen_days)
            self.reopenings += 1
            self.supervisions = self.returns = 0
            self.handled_once = self.by_old_calendar = False
        if move in {Move.SEPARATE, Move.PROMOTE}:
            self.supervisions = self.returns = self.reworks = 0
            self.handled_once = self.by_old_calendar = False
        if move in {Move.REJECT, Move.MARK_DUPLICATE, Move.REDISPATCH} and life.state is State.RETURNED:
            assert life.head_decides
            assert self.returns >= TERMS.returns_until_head

    @invariant()
    def counts_are_what_happened(self) -> None:
        life = self.it.life
        assert self.supervisions <= 1
        assert (life.supervised is not None) == (self.supervisions == 1)
        assert (life.supervised is None) == (life.supervision_reason is None)
        assert (life.returns, life.reworks, life.reopenings) == (self.returns, self.reworks, self.reopenings)

    @invariant()
    def the_limit_is_what_it_would_have_been_from_the_start(self) -> None:
        life = self.it.life
        if life.state not in OPEN_TO_HANDLE:
            return
        counted = self.limits.handling(life.handle.started, self.it.urgency, supervised=life.supervised)
        assert dues.same(counted, life.handle)
        assert counted.due <= self.limits.start(LimitKind.HANDLE, life.handle.started, self.it.urgency).due

    @invariant()
    def marks_are_of_limits_that_have_passed(self) -> None:
        life = self.it.life
        for limit, mark in ((life.handle, life.handle_overdue), (life.step, life.step_overdue)):
            assert mark is None or (limit is not None and limit.due < mark <= self.now)

    @invariant()
    def nobody_but_the_head_has_it_after_enough_returns(self) -> None:
        life = self.it.life
        assert not life.head_decides or (life.state is State.RETURNED and life.returns >= 2)


_Decider = Callable[[RequestLives, st.DataObject], Decision]


def _reclassified(m: RequestLives, data: st.DataObject) -> Decision:
    urgency = data.draw(st.sampled_from(Urgency))
    to = Classification(data.draw(st.sampled_from(("0105", "0201"))), urgency)
    decision, after = reclassify(m.it, m.now, BY, m.limits, to=to, reason="new_facts", may_relax=True)
    m.it = replace(m.it, category=after.category, urgency=after.urgency or urgency)
    return replace(decision, it=m.it)


def _noted(m: RequestLives, life: Life, move: Move) -> Decision:
    state = m.it.life.state
    return Decision(m.it, life, (Entry(move.value, m.now, BY, state, state),))


def _split(m: RequestLives, data: st.DataObject) -> Decision:
    there = data.draw(st.integers(0, parts.MOST_PARTS))
    life = parts.split(m.it.life, parent=m.it.parent, there=there, more=1)
    assert there < parts.MOST_PARTS
    part = parts.under(
        life, Life(state=State.FILED, handle=m.limits.start(LimitKind.HANDLE, m.now, m.it.urgency), step=None)
    )
    assert (part.handle, part.supervised) == (life.handle, life.supervised), "splitting wins no time"
    return _noted(m, life, Move.SPLIT)


def _promoted(m: RequestLives) -> Decision:
    """Whatever it was joined to is taken back."""
    main = Situation(uuid4(), uuid4(), Urgency.NORMAL, replace(m.it.life, state=State.FILED))
    if m.it.life.state is not State.DUPLICATE:
        return _noted(m, moved(m.it.life, Move.PROMOTE), Move.PROMOTE)
    _, promoted = duplicates.withdraw(main, [m.it], at=m.now, by=BY, limits=m.limits)
    return promoted


_RATING = Rating(responded=True, resolved=False, satisfied=False)
# Joining and parting of duplicates has a test of its own.
_DECIDE: dict[Move, _Decider] = {
    Move.ACCEPT: lambda m, _: deciding.accept(m.it, m.now, BY, m.limits),
    Move.REJECT: lambda m, _: deciding.reject(m.it, m.now, BY, m.limits, reason="out_of_area"),
    Move.MARK_DUPLICATE: lambda m, _: deciding.mark_duplicate(
        m.it, m.now, BY, m.limits, of=uuid4(), chain=()
    ),
    Move.SEPARATE: lambda m, _: duplicates.separate(m.it, at=m.now, by=BY, limits=m.limits),
    Move.PROMOTE: lambda m, _: _promoted(m),
    Move.MOVE_ALONG: lambda m, _: _noted(m, joining.move_along(m.it.life, of=uuid4()), Move.MOVE_ALONG),
    Move.RATE_JOINED: lambda m, _: duplicates.rate_joined(
        m.it,
        replace(m.it.life, state=State.CLOSED, closed=m.now),
        at=m.now,
        by=BY,
        rating=_RATING,
        rated=None,
        own_work=False,
    ),
    Move.WITHDRAW: lambda m, _: deciding.withdraw(m.it, m.now, BY),
    Move.DISPATCH: lambda m, data: deciding.assigned(
        m.it, m.now, CASEWORK, m.limits, worker=data.draw(st.sampled_from(WORKERS))
    ),
    Move.REASSIGN: lambda m, data: deciding.reassigned(
        m.it, m.now, CASEWORK, m.limits, worker=data.draw(st.sampled_from(WORKERS))
    ),
    Move.TAKE_OVER: lambda m, _: deciding.transferred(m.it, m.now, CASEWORK, worker=WORKERS[1]),
    Move.START: lambda m, _: deciding.started(m.it, m.now, CASEWORK, worker=WORKERS[0], within_limit=True),
    Move.RETURN: lambda m, _: deciding.returned(
        m.it, m.now, CASEWORK, m.limits, reason="other", returns=m.it.life.returns + 1
    ),
    Move.REDISPATCH: lambda m, _: deciding.redispatch(m.it, m.now, BY, m.limits, worker=None),
    Move.SUBMIT: lambda m, _: deciding.submitted(
        m.it, m.now, CASEWORK, m.limits, worker=WORKERS[0], result="resolved", effort=30
    ),
    Move.VERIFY: lambda m, _: deciding.verify(m.it, m.now, BY),
    Move.REWORK: lambda m, _: dues.rework(m.it, m.now, BY, m.limits, reason="no_evidence"),
    Move.CLOSE: lambda m, _: deciding.close(m.it, m.now, BY, m.limits, outcome=Outcome.RESOLVED),
    Move.RATE: lambda m, _: deciding.rate(m.it, m.now, BY, _RATING),
    Move.REOPEN: lambda m, _: deciding.reopen(m.it, m.now, BY, m.limits, reason="came_back"),
    Move.RECLASSIFY: _reclassified,
    Move.SUPERVISE: lambda m, _: supervise(m.it, m.now, BY, m.limits, reason="slow_progress"),
    Move.SPLIT: _split,
    Move.ANSWER: lambda m, _: _noted(m, moved(m.it.life, Move.ANSWER), Move.ANSWER),
}

TestRequestLives = RequestLives.TestCase
TestRequestLives.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
