"""A message moves as DOMAIN says; a final state stays."""

from datetime import timedelta

import pytest

from services.notifications.messages.rules import FINAL, MOVES, Move, State, moved, retry_after, starts
from shared.refusals import IllegalMove

LEGAL = [
    (State.CREATED, Move.BEGIN, State.SENDING, "the first attempt"),
    (State.TEMPORARY_FAILURE, Move.BEGIN, State.SENDING, "a retry"),
    (State.SENDING, Move.BEGIN, State.SENDING, "its sender died, the lease ran out"),
    (State.SENDING, Move.DELIVER, State.DELIVERED, "the channel took it, or a receipt came"),
    (State.TEMPORARY_FAILURE, Move.DELIVER, State.DELIVERED, "a receipt of an attempt that seemed lost"),
    (State.SENDING, Move.FAIL_TEMPORARILY, State.TEMPORARY_FAILURE, "the channel said not now"),
    (State.SENDING, Move.FAIL_PERMANENTLY, State.PERMANENT_FAILURE, "no such number"),
    (State.CREATED, Move.FAIL_PERMANENTLY, State.PERMANENT_FAILURE, "the recipient was erased"),
    (
        State.TEMPORARY_FAILURE,
        Move.FAIL_PERMANENTLY,
        State.PERMANENT_FAILURE,
        "erased while waiting for a retry",
    ),
    (State.SENDING, Move.FAIL_TECHNICALLY, State.TECHNICAL_FAILURE, "the account is empty"),
    (State.CREATED, Move.FAIL_TECHNICALLY, State.TECHNICAL_FAILURE, "it cannot be written"),
    (State.TEMPORARY_FAILURE, Move.FAIL_TECHNICALLY, State.TECHNICAL_FAILURE, "no retry is left"),
    (State.CREATED, Move.EXPIRE, State.EXPIRED, "quiet hours and an absence of contacts for three days"),
    (State.SENDING, Move.EXPIRE, State.EXPIRED, "no receipt within three days"),
    (State.TEMPORARY_FAILURE, Move.EXPIRE, State.EXPIRED, "three days passed between two attempts"),
]


@pytest.mark.parametrize(("state", "move", "after", "why"), LEGAL, ids=str)
def test_a_legal_move(state: State, move: Move, after: State, why: str) -> None:
    assert moved(state, move) is after, why


@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("state", State)
def test_every_other_move_is_refused(state: State, move: Move) -> None:
    if (state, move) in {(state, move) for state, move, _, _ in LEGAL}:
        return
    with pytest.raises(IllegalMove):
        moved(state, move)


def test_no_move_leads_out_of_a_final_state() -> None:
    assert {"delivered", "permanent_failure", "technical_failure", "expired"} == FINAL
    assert not [move for move in Move if FINAL.intersection(starts(move))]


def test_each_move_leads_to_one_state() -> None:
    # The set-based UPDATE writes one state for a move, wherever it starts.
    assert all(len(set(after.values())) == 1 for after in MOVES.values())


@pytest.mark.parametrize(
    ("attempts", "pause"),
    [
        (1, timedelta(0)),  # the first retry at once
        (2, timedelta(minutes=5)),
        (48, timedelta(minutes=5)),  # the 48th retry
        (49, None),  # 48 retries were used up
    ],
)
def test_retries(attempts: int, pause: timedelta | None) -> None:
    assert retry_after(attempts) == pause
