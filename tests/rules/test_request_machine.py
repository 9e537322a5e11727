"""No sequence of moves reaches a state or a number that the rules forbid."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.intake.duplicates.rules import joining
from services.intake.requests import rules
from services.intake.requests.limits import Limit, LimitKind, Limits, Terms
from services.intake.requests.rules import Life, Move, Rating, State
from shared.calendar import WorkCalendar
from shared.contracts.intake import Outcome, Urgency
from shared.refusals import Refusal

CALENDAR, TERMS = WorkCalendar.china(), Terms()
LIMITS = Limits(TERMS, CALENDAR)
START = datetime(2026, 2, 10, 1, 0, tzinfo=UTC)
WORKER, REQUEST, OTHER = uuid4(), uuid4(), uuid4()
FINAL = {State.REJECTED, State.WITHDRAWN}
HANDLED_BEFORE = {State.HANDLED, State.VERIFIED, State.REWORK, State.CLOSED, State.RATED}


class RequestMachine(RuleBasedStateMachine):
    """Any move at any time, allowed or not, with time passing in between."""

    @initialize(urgency=st.sampled_from(Urgency))
    def file(self, urgency: Urgency) -> None:
        self.urgency = urgency
        self.now = START
        self.submitted = self.returned = 0
        self.life = Life(
            state=State.FILED, handle=self.limit(LimitKind.HANDLE), step=self.limit(LimitKind.ACCEPT)
        )

    def limit(self, kind: LimitKind) -> Limit:
        return LIMITS.start(kind, self.now, self.urgency)

    @rule(hours=st.integers(1, 24 * 20))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(data=st.data())
    def try_an_allowed_move(self, data: st.DataObject) -> None:
        allowed = rules.allowed_moves(self.life)
        if allowed:
            self.try_move(data.draw(st.sampled_from(allowed)))

    @rule(move=st.sampled_from(Move))
    def try_any_move(self, move: Move) -> None:
        self.try_move(move)

    def try_move(self, move: Move) -> None:
        before = self.life
        try:
            after = self.perform(move)
        except Refusal:
            assert self.life is before
            return
        assert before.state not in FINAL
        assert after.version == before.version + 1
        if move is Move.SUBMIT:
            self.submitted += 1
        if move is Move.REOPEN:
            assert before.closed is not None
            assert self.now - before.closed <= timedelta(days=15)
            self.submitted = 0
        if move is Move.WITHDRAW:
            assert before.state not in HANDLED_BEFORE
        if move in {Move.SEPARATE, Move.PROMOTE}:
            self.submitted = 0
        if move in {Move.REJECT, Move.MARK_DUPLICATE} and before.state is State.RETURNED:
            assert before.head_decides
            assert before.returns >= TERMS.returns_until_head
        self.life = after

    def perform(self, move: Move) -> Life:  # noqa: C901, PLR0911, PLR0912  # one line a move
        it, needed = self.life, TERMS.returns_until_head
        dispatch, sign = self.limit(LimitKind.DISPATCH), self.limit(LimitKind.SIGN)
        match move:
            case Move.ACCEPT:
                return rules.accept(it, self.now, dispatch=dispatch)
            case Move.REJECT:
                return rules.reject(it, reason="out_of_area", needed=needed)
            case Move.MARK_DUPLICATE:
                return rules.mark_duplicate(it, REQUEST, of=OTHER, chain=(), needed=needed)
            case Move.SEPARATE | Move.PROMOTE:
                handle, accept = self.limit(LimitKind.HANDLE), self.limit(LimitKind.ACCEPT)
                return joining.alone(it, move, handle=handle, accept=accept)
            case Move.MOVE_ALONG:
                return joining.move_along(it, of=OTHER)
            case Move.RATE_JOINED:
                rating = Rating(responded=True, resolved=False, satisfied=False)
                ended = replace(it, state=State.CLOSED)
                return joining.rate_joined(it, rating, main=ended, rated=None)
            case Move.WITHDRAW:
                return rules.withdraw(it)
            case Move.DISPATCH:
                return rules.dispatch(it, self.now, worker=WORKER, sign=sign)
            case Move.REASSIGN:
                return rules.reassign(it, self.now, worker=WORKER, sign=sign)
            case Move.TAKE_OVER:
                return rules.take_over(it, worker=WORKER)
            case Move.START:
                return rules.start(it, worker=WORKER)
            case Move.RETURN:
                returns = it.returns + 1
                return rules.give_back(it, reason="other", returns=returns, needed=needed, dispatch=dispatch)
            case Move.REDISPATCH:
                return rules.redispatch(it, needed=needed, dispatch=dispatch)
            case Move.SUBMIT:
                minutes = CALENDAR.working_minutes_between(it.handle.started, self.now)
                verify = self.limit(LimitKind.VERIFY)
                return rules.submit(it, self.now, worker=WORKER, working_minutes=minutes, verify=verify)
            case Move.VERIFY:
                return rules.verify(it)
            case Move.REWORK:
                return rules.rework(it, reason="no_evidence")
            case Move.CLOSE:
                call_back = self.limit(LimitKind.CALL_BACK)
                return rules.close(it, self.now, outcome=Outcome.RESOLVED, call_back=call_back)
            case Move.RATE:
                return rules.rate(it, Rating(responded=True, resolved=False, satisfied=False))
            case Move.RECLASSIFY | Move.SUPERVISE | Move.SPLIT | Move.ANSWER:
                # The table's part of them; the rest is in test_request_machine_stateful.py.
                return rules.moved(it, move)
            case Move.REOPEN:
                handle = self.limit(LimitKind.HANDLE)
                return rules.reopen(
                    it, self.now, reason="came_back", days=15, handle=handle, dispatch=dispatch
                )

    @invariant()
    def only_handled_work_is_closed(self) -> None:
        if self.life.state in {State.VERIFIED, State.CLOSED, State.RATED}:
            assert self.submitted > 0
            assert self.life.handled is not None
            assert self.life.within_limit is (self.life.handled <= self.life.handle.due)

    @invariant()
    def an_outcome_and_a_rating_belong_to_an_ending(self) -> None:
        ended = self.life.state in {State.CLOSED, State.RATED}
        assert (self.life.outcome is not None) == ended
        if self.life.state is not State.DUPLICATE:
            # Who is joined rates what came of the other one, and stays joined.
            assert (self.life.rating is not None) == (self.life.state is State.RATED)

    @invariant()
    def work_that_is_going_on_has_a_worker(self) -> None:
        if self.life.state in {State.DISPATCHED, State.IN_PROGRESS, State.HANDLED, State.REWORK}:
            assert self.life.worker is not None

    @invariant()
    def a_limit_never_ends_before_it_starts(self) -> None:
        for each in (self.life.handle, self.life.step):
            assert each is None or each.due > each.started


TestRequestMachine = RequestMachine.TestCase
TestRequestMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
