"""A vacancy is checked before it is published, and nobody applies for one that is gone."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from services.employment.rules import MoveRefused
from services.employment.vacancies.rules import (
    MOVES,
    TooManyTaken,
    VacancyMove,
    VacancyState,
    after,
    is_open,
    taken_after,
)
from shared.contracts.vocabulary import codes

DRAFT, CHECKED, PUBLISHED = VacancyState.DRAFT, VacancyState.CHECKED, VacancyState.PUBLISHED
FILLED, EXPIRED, CLOSED = VacancyState.FILLED, VacancyState.EXPIRED, VacancyState.CLOSED
NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

LEGAL = [
    (DRAFT, VacancyMove.CHANGE, DRAFT, "still being written"),
    (CHECKED, VacancyMove.CHANGE, DRAFT, "what changed has to be checked again"),
    (DRAFT, VacancyMove.CHECK, CHECKED, "the employer was spoken with"),
    (CHECKED, VacancyMove.PUBLISH, PUBLISHED, "only what was checked"),
    (PUBLISHED, VacancyMove.FILL, FILLED, "the last post is taken"),
    (PUBLISHED, VacancyMove.EXPIRE, EXPIRED, "its time is over"),
    (DRAFT, VacancyMove.CLOSE, CLOSED, "found not to be genuine"),
    (CHECKED, VacancyMove.CLOSE, CLOSED, "the employer withdrew"),
    (PUBLISHED, VacancyMove.CLOSE, CLOSED, "the employer withdrew"),
]


@pytest.mark.parametrize(("state", "move", "target", "reason"), LEGAL)
def test_what_the_domain_allows(
    state: VacancyState, move: VacancyMove, target: VacancyState, reason: str
) -> None:
    assert after(state, move) is target, reason


@pytest.mark.parametrize(
    ("state", "move"),
    sorted(set(itertools.product(VacancyState, VacancyMove)) - {(s, m) for s, m, _, _ in LEGAL}),
)
def test_everything_else_is_refused(state: VacancyState, move: VacancyMove) -> None:
    with pytest.raises(MoveRefused) as refused:
        after(state, move)
    assert refused.value.status == 409
    assert codes("vacancy_state")[state][0] in refused.value.message("zh")


@pytest.mark.parametrize(
    ("state", "expires", "expected", "reason"),
    [
        (PUBLISHED, NOW + HOUR, True, "published and in time"),
        (PUBLISHED, NOW, False, "the moment of expiry is past"),
        (PUBLISHED, NOW - HOUR, False, "past, although the job has not run yet"),
        (CHECKED, NOW + HOUR, False, "not published"),
        (FILLED, NOW + HOUR, False, "no post left"),
        (CLOSED, NOW + HOUR, False, "withdrawn"),
    ],
)
def test_open_means_published_and_not_past_its_expiry(
    state: VacancyState, expires: datetime, expected: bool, reason: str
) -> None:
    assert is_open(state, expires, NOW) is expected, reason


@pytest.mark.parametrize(
    ("posts", "taken", "more", "expected", "reason"),
    [
        (3, 0, 1, 1, "one of three"),
        (3, 1, 2, 3, "the last two"),
        (3, 1, None, 3, "all that are left"),
        (1, 0, None, 1, "the only one"),
    ],
)
def test_posts_taken_add_up(posts: int, taken: int, more: int | None, expected: int, reason: str) -> None:
    assert taken_after(posts, taken, more) == expected, reason


def test_more_posts_than_are_left_are_refused() -> None:
    with pytest.raises(TooManyTaken) as refused:
        taken_after(3, 2, 2)
    assert refused.value.field == "posts"
    assert refused.value.message("zh") == "只剩1个名额。"


def test_people_have_words_for_every_state_and_move() -> None:
    assert set(codes("vacancy_state")) == {str(state) for state in VacancyState}
    assert set(codes("vacancy_move")) == {str(move) for move in MOVES} == {str(move) for move in VacancyMove}
