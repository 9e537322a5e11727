"""Moves of an activity, who gets a place, what is late, which age: tables of cases."""

from datetime import UTC, datetime, timedelta

import pytest

from services.intake.activities import roster, rules
from services.intake.activities.roster import AgeRule, Lane, Place
from services.intake.activities.rules import MOVES, Life, Move, Plan, State
from services.intake.activities.terms import Terms
from shared.contracts.vocabulary import codes
from shared.refusals import Refusal

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
STARTS = NOW + timedelta(days=7)
PLAN = Plan(STARTS, STARTS + timedelta(hours=2), NOW, STARTS - timedelta(days=1))
TERMS = Terms()


def life(state: State) -> Life:
    return Life(state, checked=NOW, plan=PLAN, leave_until=STARTS)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_what_the_table_does_not_allow_is_refused_with_what_it_does(state: State, move: Move) -> None:
    if state in MOVES[move][0]:
        assert rules.moved(life(state), move).version == 2
        return
    with pytest.raises(rules.IllegalActivityMove) as refused:
        rules.moved(life(state), move)
    assert refused.value.params["state"] == state.value
    allowed = str(refused.value.params["allowed"])
    assert allowed == ",".join(rules.allowed_moves(life(state)))


def test_states_moves_and_places_have_names() -> None:
    assert set(codes("activity_state")) == set(State)
    assert set(codes("activity_move")) >= set(Move)
    assert set(codes("sign_up_state")) == set(Place)


def test_a_proposal_that_nobody_checked_is_not_scheduled() -> None:
    with pytest.raises(rules.NotCheckedYet):
        rules.schedule(Life(State.PROPOSED), PLAN, now=NOW, leave_until=STARTS)
    with pytest.raises(rules.AlreadyChecked):
        rules.check(rules.check(Life(State.PROPOSED), NOW), NOW)


@pytest.mark.parametrize(
    ("starts", "ends", "from_", "until", "field"),
    [
        (-1, 2, 0, -1, "starts"),  # in the past
        (5, 5, 0, 4, "ends"),  # no time at all
        (5, 7, 0, 6, "sign_up_until"),  # signing up for what has begun
        (5, 7, 4, 3, "sign_up_from"),  # a window that ends before it begins
    ],
)
def test_times_have_an_order(starts: int, ends: int, from_: int, until: int, field: str) -> None:
    hours = [NOW + timedelta(hours=hour) for hour in (starts, ends, from_, until)]
    with pytest.raises(rules.WrongTimes) as refused:
        rules.checked_plan(Plan(*hours), NOW)
    assert refused.value.field == field


def test_what_has_begun_is_neither_changed_nor_opened_and_what_has_not_is_not_held() -> None:
    with pytest.raises(rules.HasBegun):
        rules.change(life(State.OPEN), PLAN, now=STARTS, leave_until=STARTS)
    with pytest.raises(rules.HasBegun):
        rules.open_(life(State.SCHEDULED), STARTS)
    with pytest.raises(rules.NotBegunYet):
        rules.hold(life(State.FULL), STARTS - timedelta(seconds=1))
    assert rules.hold(life(State.FULL), STARTS).state is State.HELD


def test_a_plan_that_moves_keeps_how_long_before_it_sign_up_ends() -> None:
    later = PLAN.moved(STARTS + timedelta(days=3), STARTS + timedelta(days=3, hours=1))
    assert later.starts - later.sign_up_until == PLAN.starts - PLAN.sign_up_until
    assert later.sign_up_from == PLAN.sign_up_from
    earlier = PLAN.moved(NOW + timedelta(hours=1), NOW + timedelta(hours=2))
    assert earlier.sign_up_from <= earlier.sign_up_until


@pytest.mark.parametrize(
    ("places", "taken", "waiting", "line", "place"),
    [
        (30, 0, 0, None, Place.IN),
        (30, 29, 0, None, Place.IN),  # the last one
        (30, 30, 0, None, Place.WAITING),
        (30, 30, 5, 6, Place.WAITING),
        (30, 30, 6, 6, None),  # the line is full
        (30, 30, 0, 0, None),  # no line at all
        (0, 0, 0, None, Place.WAITING),
    ],
)
def test_where_the_next_one_goes(
    places: int, taken: int, waiting: int, line: int | None, place: Place | None
) -> None:
    if place is None:
        with pytest.raises(roster.LineFull):
            roster.seat(Lane(places, taken, waiting), line=line)
    else:
        assert roster.seat(Lane(places, taken, waiting), line=line) is place


@pytest.mark.parametrize(
    ("left", "decline", "late"),
    [
        (-25, None, False),  # more than a day before
        (-24, None, False),  # to the second
        (-23, None, True),
        (-23, -20, False),  # moved up late: has a day, or until it begins, to say no
        (-19, -20, True),
    ],
)
def test_a_place_given_back_after_the_limit_is_late(left: int, decline: int | None, late: bool) -> None:
    limit = None if decline is None else STARTS + timedelta(hours=decline)
    at = STARTS + timedelta(hours=left)
    assert roster.is_late(at, leave_until=roster.leave_limit(STARTS, TERMS), decline=limit) is late


def test_who_moves_up_has_a_day_to_decline_and_never_past_the_beginning() -> None:
    assert roster.decline_until(NOW, STARTS, TERMS) == NOW + timedelta(days=1)
    assert roster.decline_until(STARTS - timedelta(hours=1), STARTS, TERMS) == STARTS


def test_after_a_change_everybody_has_time_to_leave() -> None:
    soon = STARTS - timedelta(hours=10)
    assert roster.after_change(soon, STARTS, TERMS) == STARTS
    assert roster.after_change(NOW, STARTS, TERMS) == roster.leave_limit(STARTS, TERMS)


@pytest.mark.parametrize(
    ("rule", "age", "guardian", "worker", "refused"),
    [
        (AgeRule(), None, False, False, None),  # nothing is asked
        (AgeRule(lowest=60), 60, False, False, None),
        (AgeRule(lowest=60), 59, False, False, roster.WrongAge),
        (AgeRule(highest=12), 13, True, False, roster.WrongAge),
        (AgeRule(lowest=60), None, False, False, roster.AgeUnknown),
        (AgeRule(lowest=60), None, False, True, None),  # the worker sees the person
        (AgeRule(lowest=60), 59, False, True, roster.WrongAge),
        (AgeRule(guardian_below=18), 17, False, False, roster.GuardianNeeded),
        (AgeRule(guardian_below=18), 17, True, False, None),
        (AgeRule(guardian_below=18), 17, False, True, None),
        (AgeRule(guardian_below=18), 18, False, False, None),
    ],
)
def test_ages(
    rule: AgeRule, age: int | None, guardian: bool, worker: bool, refused: type[Refusal] | None
) -> None:
    if refused is None:
        roster.check_age(rule, age=age, by_guardian=guardian, by_worker=worker)
    else:
        with pytest.raises(refused):
            roster.check_age(rule, age=age, by_guardian=guardian, by_worker=worker)


@pytest.mark.parametrize(
    ("hours", "worker", "allowed"),
    [
        (-1, False, False),
        (0, False, True),
        (24 * 6, False, True),
        (24 * 6 + 1, False, False),  # sign-up ends a day before
        (24 * 7 + 1, True, True),  # at the door
        (24 * 7 + 3, True, False),  # it is over
    ],
)
def test_the_window_of_sign_up(hours: int, worker: bool, allowed: bool) -> None:
    def check() -> None:
        roster.check_window(
            NOW + timedelta(hours=hours),
            from_=PLAN.sign_up_from,
            until=PLAN.sign_up_until,
            ends=PLAN.ends,
            by_worker=worker,
        )

    if allowed:
        check()
    else:
        with pytest.raises(roster.SignUpClosed):
            check()


def test_who_stayed_away_three_times_asks_a_worker() -> None:
    roster.check_absences(2, TERMS)
    with pytest.raises(roster.TooOften):
        roster.check_absences(3, TERMS)
    roster.check_absences(100, Terms(absences=0))


@pytest.mark.parametrize(
    "settings", [{"leave": 3}, {"leave_hours": -1}, {"absences": "3"}, {"absences": True}]
)
def test_a_wrong_setting_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(settings))):
        Terms.of(settings)
