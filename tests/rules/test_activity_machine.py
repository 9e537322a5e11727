"""No sequence of calls puts more people in than there are places, loses anybody, or leaves a place idle while one waits."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.intake.activities import roster, rules
from services.intake.activities.roster import Lane, Place, PlacesBelowTaken, Waiting
from services.intake.activities.rules import Life, Move, Plan, State
from shared.refusals import Refusal

START = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
OVER = {State.HELD, State.SETTLED, State.CANCELLED}


class ActivityMachine(RuleBasedStateMachine):
    """Moves of the activity, and sign-ups as `actions.signing` makes them: by `roster`, one at a time."""

    @initialize(
        places=st.integers(0, 3),
        line=st.none() | st.integers(1, 3),
        opened=st.sampled_from([True, True, False]),
    )
    def propose(self, places: int, line: int | None, opened: bool) -> None:
        """Mostly one that is open: from a proposal on, few sequences get so far that anybody waits."""
        self.now = START
        self.life = Life(State.PROPOSED)
        self.places, self.limit = places, line
        self.people: dict[UUID, tuple[int, Place]] = {}
        self.last = 0
        self.left = 0
        if opened:
            for move in (Move.CHECK, Move.SCHEDULE, Move.OPEN):
                self.life = self.perform(move, self.now + timedelta(days=30))

    def of(self, place: Place) -> list[tuple[int, UUID]]:
        return sorted((sequence, person) for person, (sequence, at) in self.people.items() if at is place)

    @property
    def lane(self) -> Lane:
        taken = self.of(Place.IN) if self.life.state not in OVER else []
        return Lane(self.places, len(taken), len(self.of(Place.WAITING)))

    @rule(hours=st.integers(1, 12))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(move=st.sampled_from(rules.OF_PEOPLE), days=st.integers(-1, 9))
    def try_a_move(self, move: Move, days: int) -> None:
        before = self.life
        try:
            after = self.perform(move, self.now + timedelta(days=days))
        except Refusal:
            assert self.life is before
            return
        assert before.state not in {State.SETTLED, State.CANCELLED}
        assert after.version == before.version + 1
        self.life = after
        if move is Move.CANCEL:
            self.end({Place.IN: Place.CALLED_OFF, Place.WAITING: Place.CALLED_OFF})
        if move is Move.HOLD:
            self.end({Place.IN: Place.ATTENDED, Place.WAITING: Place.UNPLACED})

    def end(self, ends: dict[Place, Place]) -> None:
        self.people = {person: (at[0], ends[at[1]]) for person, at in self.people.items()}

    def perform(self, move: Move, starts: datetime) -> Life:  # noqa: PLR0911  # one line a move
        plan = Plan(starts, starts + timedelta(hours=2), self.now, starts)
        match move:
            case Move.CHECK:
                return rules.check(self.life, self.now)
            case Move.SCHEDULE:
                return rules.schedule(self.life, plan, now=self.now, leave_until=starts)
            case Move.CHANGE:
                return rules.change(self.life, plan, now=self.now, leave_until=starts)
            case Move.OPEN:
                return self.follow(rules.open_(self.life, self.now))
            case Move.HOLD:
                return rules.hold(self.life, self.now)
            case Move.SETTLE:
                return rules.settle(self.life, self.now)
            case _:
                return rules.cancel(self.life, self.now, reason="weather")

    def follow(self, life: Life) -> Life:
        return rules.follow(life, full=self.lane.full)

    @precondition(lambda self: self.life.state in rules.TAKING)
    @rule(people=st.integers(1, 3))
    def sign_up(self, people: int) -> None:
        for _ in range(people):
            before = self.lane
            try:
                place = roster.seat(before, line=self.limit)
            except Refusal:
                assert before.full or before.waiting
                return
            self.last += 1
            self.people[uuid4()] = (self.last, place)
            self.life = self.follow(self.life)

    @precondition(lambda self: self.life.state in rules.TAKING and self.people)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(sorted(self.people, key=lambda who: self.people[who][0])))
        del self.people[person]
        self.left += 1
        self.move_up()

    @precondition(lambda self: self.life.state in rules.TAKING)
    @rule(places=st.integers(0, 6))
    def change_places(self, places: int) -> None:
        try:
            self.places = roster.checked_places(places, self.lane.taken)
        except PlacesBelowTaken:
            assert places < self.lane.taken
            return
        self.move_up()

    def move_up(self) -> None:
        waiting = self.of(Place.WAITING)
        line = [Waiting(person, sequence) for sequence, person in reversed(waiting)]
        up = roster.promoted(self.lane, line)
        assert [it.id for it in up] == [person for _, person in waiting[: len(up)]], "the first in line first"
        for it in up:
            self.people[it.id] = (it.sequence, Place.IN)
        self.life = self.follow(self.life)

    @invariant()
    def never_more_in_than_places(self) -> None:
        assert self.life.state in OVER or len(self.of(Place.IN)) <= self.places

    @invariant()
    def no_place_is_idle_while_somebody_waits(self) -> None:
        if self.life.state in rules.TAKING and self.of(Place.WAITING):
            assert len(self.of(Place.IN)) == self.places

    @invariant()
    def nobody_is_lost(self) -> None:
        assert len(self.people) + self.left == self.last
        if self.life.state in OVER:
            assert not self.of(Place.WAITING)
            assert not self.of(Place.IN)

    @invariant()
    def whoever_waits_came_after_all_who_never_waited(self) -> None:
        sequences = [sequence for sequence, _ in self.people.values()]
        assert len(set(sequences)) == len(sequences)

    @invariant()
    def full_says_what_the_places_say(self) -> None:
        if self.life.state in rules.TAKING:
            assert (self.life.state is State.FULL) == self.lane.full

    @invariant()
    def what_is_seen_was_checked_and_what_is_open_has_a_plan(self) -> None:
        if self.life.state not in {State.PROPOSED, State.CANCELLED}:
            assert self.life.checked is not None
            assert self.life.plan is not None
        if self.life.state in {State.HELD, State.SETTLED}:
            assert self.life.held is not None
            assert self.life.held >= self.life.fixed.starts


TestActivityMachine = ActivityMachine.TestCase
TestActivityMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
