"""Every move of a request: allowed from exactly the states of the table, refused plainly from all others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.intake.duplicates.rules import joining
from services.intake.requests import rules
from services.intake.requests.limits import Limit, LimitKind
from services.intake.requests.parts.rules import split
from services.intake.requests.rules import Life, Move, Rating, State
from services.intake.requests.supervising.rules import supervise
from shared.contracts.intake import Outcome

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
WORKER, REQUEST, OTHER = uuid4(), uuid4(), uuid4()


def running(kind: LimitKind) -> Limit:
    return Limit(kind, NOW, NOW + timedelta(days=1), provisional=False)


def life(state: State, **changes: object) -> Life:
    made = Life(state=state, handle=running(LimitKind.HANDLE), step=None, closed=NOW, head_decides=True)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name, as the cases give them


DISPATCH, SIGN, VERIFY = running(LimitKind.DISPATCH), running(LimitKind.SIGN), running(LimitKind.VERIFY)
CALL_BACK, HANDLE = running(LimitKind.CALL_BACK), running(LimitKind.HANDLE)
ACCEPT = running(LimitKind.ACCEPT)
PERFORM: dict[Move, Callable[[Life], Life]] = {
    Move.ACCEPT: lambda it: rules.accept(it, NOW, dispatch=DISPATCH),
    Move.REJECT: lambda it: rules.reject(it, reason="out_of_area", needed=2),
    Move.MARK_DUPLICATE: lambda it: rules.mark_duplicate(it, REQUEST, of=OTHER, chain=(), needed=2),
    # What else these ask is in test_duplicate_joining.py.
    Move.SEPARATE: lambda it: joining.alone(it, Move.SEPARATE, handle=HANDLE, accept=ACCEPT),
    Move.PROMOTE: lambda it: joining.alone(it, Move.PROMOTE, handle=HANDLE, accept=ACCEPT),
    Move.MOVE_ALONG: lambda it: joining.move_along(it, of=OTHER),
    Move.RATE_JOINED: lambda it: joining.rate_joined(
        it,
        Rating(responded=True, resolved=True, satisfied=True),
        main=life(State.CLOSED),
        rated=None,
    ),
    Move.WITHDRAW: rules.withdraw,
    Move.DISPATCH: lambda it: rules.dispatch(it, NOW, worker=WORKER, sign=SIGN),
    Move.REASSIGN: lambda it: rules.reassign(it, NOW, worker=WORKER, sign=SIGN),
    Move.TAKE_OVER: lambda it: rules.take_over(it, worker=WORKER),
    Move.START: lambda it: rules.start(it, worker=WORKER),
    Move.RETURN: lambda it: rules.give_back(it, reason="no_capacity", returns=1, needed=2, dispatch=DISPATCH),
    Move.REDISPATCH: lambda it: rules.redispatch(it, needed=2, dispatch=DISPATCH),
    Move.SUBMIT: lambda it: rules.submit(it, NOW, worker=WORKER, working_minutes=30, verify=VERIFY),
    Move.VERIFY: rules.verify,
    Move.REWORK: lambda it: rules.rework(it, reason="no_evidence"),
    Move.CLOSE: lambda it: rules.close(it, NOW, outcome=Outcome.RESOLVED, call_back=CALL_BACK),
    Move.RATE: lambda it: rules.rate(it, Rating(responded=True, resolved=True, satisfied=True)),
    Move.REOPEN: lambda it: rules.reopen(
        it, NOW, reason="came_back", days=15, handle=HANDLE, dispatch=DISPATCH
    ),
    # The table's part of it; the rest is in test_request_reclassifying.py.
    Move.RECLASSIFY: lambda it: rules.moved(it, Move.RECLASSIFY),
    Move.SUPERVISE: lambda it: supervise(it, NOW, reason="slow_progress", handle=HANDLE),
    Move.SPLIT: lambda it: split(it, parent=None, there=0, more=2),
    Move.ANSWER: lambda it: rules.moved(it, Move.ANSWER),
}

# DOMAIN, "Request": filed → accepted | rejected | duplicate → dispatched → in_progress | returned → handled →
# verified | rework → closed → rated | reopened; withdrawn at any time before handled. Joined to another up to being handed
# in, since most are seen to be the same only once somebody reads them; and out of it again.
EXPECTED: dict[State, dict[Move, State]] = {
    State.FILED: {
        Move.ACCEPT: State.ACCEPTED,
        Move.REJECT: State.REJECTED,
        Move.MARK_DUPLICATE: State.DUPLICATE,
        Move.WITHDRAW: State.WITHDRAWN,
    },
    State.ACCEPTED: {
        Move.DISPATCH: State.DISPATCHED,
        Move.MARK_DUPLICATE: State.DUPLICATE,
        Move.WITHDRAW: State.WITHDRAWN,
    },
    State.REJECTED: {},
    State.DUPLICATE: {
        Move.SEPARATE: State.FILED,
        Move.PROMOTE: State.FILED,
        Move.MOVE_ALONG: State.DUPLICATE,
        Move.RATE_JOINED: State.DUPLICATE,
    },
    State.DISPATCHED: {
        Move.MARK_DUPLICATE: State.DUPLICATE,
        Move.START: State.IN_PROGRESS,
        Move.RETURN: State.RETURNED,
        Move.REASSIGN: State.DISPATCHED,
        Move.TAKE_OVER: State.DISPATCHED,
        Move.WITHDRAW: State.WITHDRAWN,
    },
    State.IN_PROGRESS: {
        Move.MARK_DUPLICATE: State.DUPLICATE,
        Move.SUBMIT: State.HANDLED,
        Move.RETURN: State.RETURNED,
        Move.REASSIGN: State.DISPATCHED,
        Move.TAKE_OVER: State.IN_PROGRESS,
        Move.WITHDRAW: State.WITHDRAWN,
    },
    State.RETURNED: {
        Move.DISPATCH: State.DISPATCHED,
        Move.REASSIGN: State.DISPATCHED,
        Move.REDISPATCH: State.RETURNED,
        Move.REJECT: State.REJECTED,
        Move.MARK_DUPLICATE: State.DUPLICATE,
        Move.WITHDRAW: State.WITHDRAWN,
    },
    State.HANDLED: {Move.VERIFY: State.VERIFIED, Move.REWORK: State.REWORK},
    State.VERIFIED: {Move.CLOSE: State.CLOSED},
    State.REWORK: {
        Move.SUBMIT: State.HANDLED,
        Move.DISPATCH: State.DISPATCHED,
        Move.REASSIGN: State.DISPATCHED,
        Move.TAKE_OVER: State.REWORK,
    },
    State.CLOSED: {Move.RATE: State.RATED, Move.REOPEN: State.REOPENED},
    State.RATED: {Move.REOPEN: State.REOPENED},
    State.REOPENED: {
        Move.DISPATCH: State.DISPATCHED,
        Move.REASSIGN: State.DISPATCHED,
        Move.START: State.IN_PROGRESS,
        Move.RETURN: State.RETURNED,
        Move.WITHDRAW: State.WITHDRAWN,
    },
    State.WITHDRAWN: {},
}
# A wrong category is corrected as long as nothing was counted by it.
for _state in (
    State.FILED,
    State.ACCEPTED,
    State.DISPATCHED,
    State.IN_PROGRESS,
    State.RETURNED,
    State.REWORK,
    State.REOPENED,
    State.HANDLED,
    State.VERIFIED,
):
    EXPECTED[_state][Move.RECLASSIFY] = _state
for _state in rules.OPEN_TO_HANDLE:
    EXPECTED[_state] |= dict.fromkeys((Move.SUPERVISE, Move.SPLIT, Move.ANSWER), _state)


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_each_move_from_each_state(state: State, move: Move) -> None:
    before = life(state)
    target = EXPECTED[state].get(move)
    if target is None:
        with pytest.raises(rules.IllegalRequestMove) as refused:
            PERFORM[move](before)
        assert refused.value.params["state"] == state
        assert refused.value.params["allowed"] == ",".join(rules.allowed_moves(before))
    else:
        after = PERFORM[move](before)
        assert after.state is target
        assert after.version == before.version + 1


def test_a_refusal_says_the_state_and_what_is_allowed_in_both_languages() -> None:
    with pytest.raises(rules.IllegalRequestMove) as refused:
        rules.verify(life(State.CLOSED))
    assert refused.value.message("zh") == "诉求当前状态为“结案”，不能核查通过；现在可以：回访评价、重新办理。"
    assert (
        refused.value.message("en")
        == "A request that is closed cannot be verified; it can: be rated, be reopened."
    )
    with pytest.raises(rules.IllegalRequestMove) as final:
        rules.verify(life(State.WITHDRAWN))
    assert "nothing any more" in final.value.message("en")


@pytest.mark.parametrize("move", Move)
def test_a_record_of_the_past_never_moves(move: Move) -> None:
    with pytest.raises(rules.IllegalRequestMove):
        PERFORM[move](life(State.CLOSED, history=True))


@pytest.mark.parametrize("move", [Move.REDISPATCH, Move.REJECT, Move.MARK_DUPLICATE])
def test_the_head_decides_only_after_two_returns_and_once(move: Move) -> None:
    returned = PERFORM[Move.RETURN](life(State.DISPATCHED, head_decides=False))
    with pytest.raises(rules.HeadDecides) as refused:
        PERFORM[move](returned)
    assert refused.value.params == {"returns": 1, "needed": 2}

    again = rules.give_back(
        replace(returned, state=State.DISPATCHED), reason="other", returns=2, needed=2, dispatch=DISPATCH
    )
    decided = PERFORM[move](again)
    assert not decided.head_decides
    with pytest.raises((rules.HeadDecides, rules.IllegalRequestMove)):
        PERFORM[move](decided)


@pytest.mark.parametrize(
    ("passed", "allowed", "reason"),
    [
        (timedelta(days=14), True, "within 15 days"),
        (timedelta(days=15), True, "the very last moment"),
        (timedelta(days=15, seconds=1), False, "a second too late"),
    ],
)
@pytest.mark.parametrize("state", [State.CLOSED, State.RATED])
def test_reopening_has_a_window(state: State, passed: timedelta, allowed: bool, reason: str) -> None:
    closed = life(state, outcome=Outcome.EXPLAINED, handled=NOW, within_limit=True, working_minutes=10)
    at = NOW + passed
    if not allowed:
        with pytest.raises(rules.ReopenWindowClosed):
            rules.reopen(closed, at, reason="came_back", days=15, handle=HANDLE, dispatch=DISPATCH)
        return
    opened = rules.reopen(closed, at, reason="came_back", days=15, handle=HANDLE, dispatch=DISPATCH)
    assert opened.reopenings == 1, reason
    # Nothing of the first ending is left to be counted as this one's.
    assert (opened.outcome, opened.within_limit, opened.working_minutes, opened.handled) == (None,) * 4
    assert opened.rating is None


@pytest.mark.parametrize(
    ("of", "chain", "reason"),
    [
        (REQUEST, (), "itself"),
        (OTHER, (REQUEST,), "the other is a duplicate of this one"),
        (OTHER, (UUID(int=1), REQUEST), "the same by way of a third"),
    ],
)
def test_duplicates_do_not_go_in_circles(of: UUID, chain: tuple[UUID, ...], reason: str) -> None:
    with pytest.raises(rules.DuplicateOfItself):
        rules.mark_duplicate(life(State.FILED), REQUEST, of=of, chain=chain, needed=2)


@pytest.mark.parametrize("state", [State.DISPATCHED, State.IN_PROGRESS, State.RETURNED])
def test_what_was_handled_once_is_not_withdrawn_though_another_worker_has_it_now(state: State) -> None:
    """DOMAIN: withdrawn by the resident at any time before handled. Rework and reassignment lead back to these states."""
    with pytest.raises(rules.IllegalRequestMove):
        rules.withdraw(life(state, handled=NOW))
    assert rules.withdraw(life(state, handled=None)).state is State.WITHDRAWN


def test_handling_is_within_its_limit_to_the_last_moment() -> None:
    working = life(State.IN_PROGRESS)
    last = working.handle.due
    in_time = rules.submit(working, last, worker=WORKER, working_minutes=1, verify=VERIFY)
    late = rules.submit(
        working, last + timedelta(microseconds=1), worker=WORKER, working_minutes=1, verify=VERIFY
    )
    assert in_time.within_limit is True
    assert late.within_limit is False


def test_rework_wins_no_time() -> None:
    reworked = rules.rework(life(State.HANDLED), reason="partly_done")
    assert reworked.handle == life(State.HANDLED).handle
    assert reworked.reworks == 1


def test_a_new_step_is_not_overdue_yet() -> None:
    late = life(State.FILED, step_overdue=NOW)
    assert rules.accept(late, NOW, dispatch=DISPATCH).step_overdue is None
