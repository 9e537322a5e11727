"""Joining and separating in any order: every resident is followed by exactly one request, and nobody is lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.intake.actor import Actor
from services.intake.duplicates import deciding
from services.intake.duplicates.deciding import Joined
from services.intake.duplicates.rules import joining
from services.intake.duplicates.rules.joining import (
    MainEnded,
    NotEndedYet,
    RatedAlready,
    SeparationWindowClosed,
)
from services.intake.requests import deciding as requests
from services.intake.requests.deciding import Decision, Situation
from services.intake.requests.limits import LimitKind, Limits, Terms
from services.intake.requests.rules import DuplicateOfItself, Life, Rating, ReopenWindowClosed, State
from shared.calendar import WorkCalendar
from shared.contracts.intake import Outcome, RequestDuplicated, RequestFollowed, RequestSeparated, Urgency
from shared.refusals import IllegalMove, Refusal

LIMITS = Limits(Terms(), WorkCalendar.china())
START = datetime(2026, 2, 10, 1, 0, tzinfo=UTC)
BY = Actor("worker", "w1")
YES = Rating(responded=True, resolved=True, satisfied=True)
PEOPLE = 6


def filed(number: int, at: datetime = START) -> Situation:
    life = Life(
        state=State.FILED,
        handle=LIMITS.start(LimitKind.HANDLE, at, Urgency.NORMAL),
        step=LIMITS.start(LimitKind.ACCEPT, at, Urgency.NORMAL),
    )
    return Situation(UUID(int=number), UUID(int=1000 + number), Urgency.NORMAL, life)


def in_state(it: Situation, state: State, **changes: object) -> Situation:
    return replace(it, life=replace(it.life, state=state, **changes))  # type: ignore[arg-type]


class Community(RuleBasedStateMachine):
    """A few residents' requests, joined, separated, withdrawn, closed and reopened as anybody likes."""

    @initialize()
    def everybody_files(self) -> None:
        self.now = START
        self.requests = {number: filed(number) for number in range(1, PEOPLE + 1)}
        self.events: list[object] = []

    numbers = st.integers(1, PEOPLE)

    def joined(self, number: int) -> list[Situation]:
        of = UUID(int=number)
        return [
            one
            for one in self.requests.values()
            if one.life.state is State.DUPLICATE and one.life.duplicate_of == of
        ]

    def apply(self, decisions: list[Decision]) -> None:
        for decision in decisions:
            self.requests[decision.it.request.int] = decision.after
            self.events += decision.events
            followers = [
                Joined(one.request, one.resident, decision.it.request)
                for one in self.joined(decision.it.request.int)
            ]
            self.events += deciding.followed(decision, followers)

    @rule(number=numbers, other=numbers)
    def join(self, number: int, other: int) -> None:
        it, main = self.requests[number], self.requests[other]
        if main.life.duplicate_of is not None:
            main = self.requests[main.life.duplicate_of.int]
        try:
            decisions = deciding.join(it, main, self.joined(number), at=self.now, by=BY, limits=LIMITS)
        except Refusal:
            return
        self.apply(decisions)

    @rule(number=numbers)
    def separate(self, number: int) -> None:
        try:
            decision = deciding.separate(self.requests[number], at=self.now, by=BY, limits=LIMITS)
        except Refusal:
            return
        self.apply([decision])

    @rule(number=numbers)
    def withdraw(self, number: int) -> None:
        it = self.requests[number]
        try:
            decisions = deciding.withdraw(it, self.joined(number), at=self.now, by=BY, limits=LIMITS)
        except Refusal:
            return
        self.apply(decisions)

    @rule(data=st.data())
    def withdraw_one_that_others_are_joined_to(self, data: st.DataObject) -> None:
        mains = [number for number in self.requests if self.joined(number)]
        if mains:
            self.withdraw(data.draw(st.sampled_from(mains)))

    @rule(number=numbers)
    def close(self, number: int) -> None:
        it = self.requests[number]
        if it.life.state not in {State.DUPLICATE, State.WITHDRAWN, State.CLOSED}:
            verified = in_state(it, State.VERIFIED, within_limit=True, working_minutes=1)
            self.apply([requests.close(verified, self.now, BY, LIMITS, outcome=Outcome.RESOLVED)])

    @rule(number=numbers)
    def reopen(self, number: int) -> None:
        it = self.requests[number]
        if it.life.state is not State.CLOSED or it.life.closed is None:
            return
        if self.now - it.life.closed <= timedelta(days=LIMITS.terms.reopen_days):
            self.apply([requests.reopen(it, self.now, BY, LIMITS, reason="came_back")])
        else:
            with pytest.raises(ReopenWindowClosed):
                requests.reopen(it, self.now, BY, LIMITS, reason="came_back")

    @rule(hours=st.integers(1, 100))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def every_resident_is_followed_by_exactly_one_request(self) -> None:
        for one in self.requests.values():
            if one.life.state is State.DUPLICATE:
                assert one.life.duplicate_of is not None
                main = self.requests[one.life.duplicate_of.int]
                assert main.life.state not in {State.DUPLICATE, State.WITHDRAWN}, "chains are flat"
                assert main.request != one.request
            else:
                assert one.life.duplicate_of is None

    @invariant()
    def only_who_took_it_back_is_out(self) -> None:
        out = [one for one in self.requests.values() if one.life.state is State.WITHDRAWN]
        for one in out:
            assert not self.joined(one.request.int)

    @invariant()
    def what_stands_alone_has_limits_that_run(self) -> None:
        for one in self.requests.values():
            if one.life.state is State.FILED:
                assert one.life.step is not None
                assert one.life.handle.due > one.life.handle.started


TestCommunity = Community.TestCase
TestCommunity.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)


def join(it: Situation, main: Situation, *joined: Situation) -> list[Decision]:
    return deciding.join(it, main, joined, at=START, by=BY, limits=LIMITS)


@pytest.mark.parametrize("state", [State.FILED, State.ACCEPTED, State.DISPATCHED, State.IN_PROGRESS], ids=str)
def test_up_to_handing_in_it_may_be_joined(state: State) -> None:
    (decision,) = join(in_state(filed(2), state), filed(1))
    assert decision.life.state is State.DUPLICATE
    assert decision.life.duplicate_of == UUID(int=1)
    assert decision.life.step is None


@pytest.mark.parametrize(
    "state", [State.HANDLED, State.REOPENED, State.CLOSED, State.REJECTED, State.WITHDRAWN], ids=str
)
def test_afterwards_it_may_not(state: State) -> None:
    with pytest.raises(IllegalMove):
        join(in_state(filed(2), state), filed(1))


@pytest.mark.parametrize("state", [State.CLOSED, State.RATED, State.REJECTED, State.WITHDRAWN], ids=str)
def test_what_has_ended_takes_nobody_in(state: State) -> None:
    with pytest.raises(MainEnded):
        join(filed(2), in_state(filed(1), state))


def test_nothing_is_joined_to_itself() -> None:
    with pytest.raises(DuplicateOfItself):
        join(filed(1), filed(1))


def test_those_that_were_joined_go_along_and_are_told() -> None:
    (second,) = join(filed(2), filed(1))
    decisions = join(filed(1), filed(3), second.after)
    assert [decision.life.duplicate_of for decision in decisions] == [UUID(int=3), UUID(int=3)]
    moved = decisions[1].events[0]
    assert isinstance(moved, RequestDuplicated)
    assert moved.moved
    assert moved.resident == UUID(int=1002)


def test_the_oldest_goes_on_for_a_withdrawn_one() -> None:
    main = filed(1)
    joined = [join(filed(number), main)[0].after for number in (4, 2, 3)]
    decisions = deciding.withdraw(main, joined, at=START, by=BY, limits=LIMITS)
    by_number = {decision.it.request.int: decision for decision in decisions}
    assert by_number[1].life.state is State.WITHDRAWN
    assert by_number[2].life.state is State.FILED
    event = by_number[2].events[0]
    assert isinstance(event, RequestSeparated)
    assert event.promoted
    assert {by_number[3].life.duplicate_of, by_number[4].life.duplicate_of} == {UUID(int=2)}


def test_a_separated_one_begins_anew() -> None:
    (joined,) = join(in_state(filed(2), State.IN_PROGRESS, worker=UUID(int=7), returns=1), filed(1))
    later = START + timedelta(days=3)
    decision = deciding.separate(joined.after, at=later, by=BY, limits=LIMITS)
    life = decision.life
    assert (life.state, life.worker, life.returns, life.duplicate_of) == (State.FILED, None, 0, None)
    assert life.handle.started == later
    assert life.step is not None
    assert life.step.kind is LimitKind.ACCEPT


@pytest.mark.parametrize(
    ("after_days", "main", "allowed", "why"),
    [
        (6, State.IN_PROGRESS, True, "within the window"),
        (8, State.IN_PROGRESS, False, "the window is over and nothing has come of it yet"),
        (8, State.CLOSED, True, "it is known what came of it"),
        (8, State.REJECTED, True, "what was rejected for one may be right for the other"),
        (40, State.CLOSED, False, "it could not be reopened any more either"),
    ],
)
def test_when_a_resident_may_leave(after_days: int, main: State, allowed: bool, why: str) -> None:
    at = START + timedelta(days=after_days)
    closed = START + timedelta(days=7) if main is State.CLOSED else None
    life = in_state(filed(1), main, closed=closed).life

    def check() -> None:
        joining.check_separation(life, joined=START, at=at, days=7, reopen_days=15)

    if allowed:
        check()
    else:
        with pytest.raises(SeparationWindowClosed):
            check()


def test_everyone_who_is_joined_hears_of_each_step() -> None:
    main = in_state(filed(1), State.VERIFIED, within_limit=True, working_minutes=1)
    decision = requests.close(main, START, BY, LIMITS, outcome=Outcome.RESOLVED)
    joined = [Joined(UUID(int=number), UUID(int=1000 + number), main.request) for number in (2, 3)]
    events = list(deciding.followed(decision, joined))
    assert [event.subject() for event in events] == [UUID(int=2), UUID(int=3)]
    assert all(
        isinstance(event, RequestFollowed) and (event.what, event.outcome) == ("close", Outcome.RESOLVED)
        for event in events
    )


def test_an_assignment_that_accepts_too_is_two_steps() -> None:
    decision = requests.assigned(filed(1), START, BY, LIMITS, worker=UUID(int=7))
    joined = [Joined(UUID(int=2), UUID(int=1002), UUID(int=1))]
    events = list(deciding.followed(decision, joined))
    assert [event.what for event in events if isinstance(event, RequestFollowed)] == ["accept", "dispatch"]


def test_a_rating_of_ones_own() -> None:
    (joined,) = join(filed(2), filed(1))
    going_on = in_state(filed(1), State.IN_PROGRESS).life
    with pytest.raises(NotEndedYet):
        joining.rate_joined(joined.life, YES, main=going_on, rated=None)
    closed = in_state(filed(1), State.CLOSED, closed=START + timedelta(days=1)).life
    rated = joining.rate_joined(joined.life, YES, main=closed, rated=None)
    assert rated.rating == YES
    assert rated.state is State.DUPLICATE
    with pytest.raises(RatedAlready):
        joining.rate_joined(rated, YES, main=closed, rated=START + timedelta(days=2))
    again = in_state(filed(1), State.CLOSED, closed=START + timedelta(days=9)).life
    assert joining.rate_joined(rated, YES, main=again, rated=START + timedelta(days=2)).rating == YES
