"""A registration moves only as the domain says, and what ended stays ended."""

import itertools

import pytest

from services.employment.rules import MoveRefused
from services.employment.seekers.rules import ACTIVE, MOVES, SeekerMove, SeekerState, after
from shared.contracts.vocabulary import codes

R, S, P, X = SeekerState.REGISTERED, SeekerState.SERVED, SeekerState.PLACED, SeekerState.EXITED

LEGAL = [
    (R, SeekerMove.CHANGE, R, "wishes change while somebody looks"),
    (S, SeekerMove.CHANGE, S, "a training taken adds a skill"),
    (R, SeekerMove.SERVE, S, "the first service of the bundle"),
    (S, SeekerMove.PLACE, P, "work found through the service"),
    (R, SeekerMove.EXIT, X, "found work alone before any service"),
    (S, SeekerMove.EXIT, X, "moved away"),
]


@pytest.mark.parametrize(("state", "move", "target", "reason"), LEGAL)
def test_what_the_domain_allows(
    state: SeekerState, move: SeekerMove, target: SeekerState, reason: str
) -> None:
    assert after(state, move) is target, reason


@pytest.mark.parametrize(
    ("state", "move"),
    sorted(set(itertools.product(SeekerState, SeekerMove)) - {(s, m) for s, m, _, _ in LEGAL}),
)
def test_everything_else_is_refused_and_says_what_is_possible(state: SeekerState, move: SeekerMove) -> None:
    with pytest.raises(MoveRefused) as refused:
        after(state, move)
    assert codes("seeker_state")[state][0] in refused.value.message("zh")
    for other, (states, _) in MOVES.items():
        possible = codes("seeker_move")[other][1] in refused.value.message("en").split("it can: ")[1]
        assert possible == (state in states)


def test_only_who_still_looks_is_active() -> None:
    assert {R, S} == ACTIVE


@pytest.mark.parametrize(("kind", "known"), [("seeker_state", SeekerState), ("seeker_move", SeekerMove)])
def test_people_have_words_for_every_state_and_move(kind: str, known: type[SeekerState]) -> None:
    assert set(codes(kind)) == {str(code) for code in known}
