"""The state machine of a case: what is allowed, and that everything else is refused."""

import pytest

from services.casework.cases.rules import (
    LOADED,
    MOVES,
    Actor,
    CaseMoveRefused,
    CaseState,
    Move,
    NobodyHasIt,
    NotYourCase,
    allowed_moves,
    check_owner,
    fits,
    moved,
)
from shared.contracts.vocabulary import codes
from shared.database import new_id

S, M = CaseState, Move

ALLOWED = [
    (S.OPEN, M.ASSIGN, S.OPEN, "out of the queue"),
    (S.OPEN, M.ACCEPT, S.ACCEPTED, "签收"),
    (S.OPEN, M.RETURN, S.RETURNED, "退单 without signing"),
    (S.OPEN, M.REASSIGN, S.OPEN, "the head decides"),
    (S.OPEN, M.END, S.CLOSED, "withdrawn, rejected, joined"),
    (S.ACCEPTED, M.START, S.WORKING, "处置"),
    (S.ACCEPTED, M.RETURN, S.RETURNED, "signed, looked at, given back within the working day"),
    (S.ACCEPTED, M.OFFER, S.ACCEPTED, "an offer changes nothing"),
    (S.ACCEPTED, M.TAKE_OVER, S.ACCEPTED, "the new owner signs by accepting"),
    (S.ACCEPTED, M.REASSIGN, S.OPEN, "the new worker has to sign"),
    (S.ACCEPTED, M.END, S.CLOSED, "withdrawn"),
    (S.WORKING, M.SUBMIT, S.SUBMITTED, "handled"),
    (S.WORKING, M.RETURN, S.RETURNED, "found out on site that it is not ours"),
    (S.WORKING, M.OFFER, S.WORKING, "an offer changes nothing"),
    (S.WORKING, M.TAKE_OVER, S.ACCEPTED, "the new owner has not begun"),
    (S.WORKING, M.REASSIGN, S.OPEN, "the new worker has to sign"),
    (S.WORKING, M.END, S.CLOSED, "withdrawn"),
    (S.SUBMITTED, M.REWORK, S.WORKING, "the check failed"),
    (S.SUBMITTED, M.END, S.CLOSED, "结案"),
    (S.RETURNED, M.ASSIGN, S.OPEN, "someone else"),
    (S.RETURNED, M.REASSIGN, S.OPEN, "the head names someone before the policy could"),
    (S.RETURNED, M.END, S.CLOSED, "the head does not take it on"),
    (S.CLOSED, M.REOPEN, S.OPEN, "not satisfied within 15 days"),
]


@pytest.mark.parametrize(("state", "move", "after", "why"), ALLOWED)
def test_allowed_moves(state: CaseState, move: Move, after: CaseState, why: str) -> None:
    assert moved(state, move) is after, why


REFUSED = [(state, move) for state in S for move in M if (state, move) not in MOVES]


@pytest.mark.parametrize(("state", "move"), REFUSED)
def test_everything_else_is_refused_and_says_what_is_possible(state: CaseState, move: Move) -> None:
    assert not fits(state, move)
    with pytest.raises(CaseMoveRefused) as refusal:
        moved(state, move)
    assert refusal.value.status == 409
    assert refusal.value.type == "illegal-move"
    for language in ("zh", "en"):
        assert refusal.value.message(language)
    assert "{" not in refusal.value.message("zh")


def test_the_table_of_this_test_is_the_whole_machine() -> None:
    assert {(state, move): after for state, move, after, _ in ALLOWED} == dict(MOVES)


def test_a_refusal_reads_well() -> None:
    with pytest.raises(CaseMoveRefused) as refusal:
        moved(S.CLOSED, M.SUBMIT)
    assert refusal.value.message("zh") == "案件当前为“已结束”，不能提交核查；此时可以：重新打开。"
    assert refusal.value.message("en") == "A case that is closed cannot be submitted; it can: be reopened."


def test_states_have_names() -> None:
    assert list(codes("case_state")) == [state.value for state in S]


def test_only_unfinished_work_is_load() -> None:
    assert {S.OPEN, S.ACCEPTED, S.WORKING} == LOADED


def test_nothing_leads_out_of_the_table() -> None:
    for state in S:
        assert allowed_moves(state), f"{state} would be a dead end"


def test_only_the_own_worker_or_the_head_moves_a_case() -> None:
    mine, other = new_id(), new_id()
    assert check_owner(Actor("a", mine), mine) == mine
    assert check_owner(Actor("head", None, decides=True), mine) == mine
    with pytest.raises(NotYourCase):
        check_owner(Actor("b", other), mine)
    with pytest.raises(NotYourCase):
        check_owner(Actor("c", None), mine)
    with pytest.raises(NobodyHasIt):
        check_owner(Actor("head", None, decides=True), None)
