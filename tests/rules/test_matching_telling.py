"""Few, fair and not twice: who is told of which vacancy."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.employment.matching.telling import Candidate, choose, worth_telling

START = datetime(2026, 11, 1, tzinfo=UTC)


def seeker(number: int) -> UUID:
    return UUID(int=number)


def vacancy(number: int) -> UUID:
    return UUID(int=1000 + number)


def candidate(s: int, v: int, score: float, *, told: int = 0, day: int = 0, again: bool = False) -> Candidate:
    return Candidate(seeker(s), vacancy(v), score, told, START + timedelta(days=day), again)


def pairs(chosen: tuple[Candidate, ...]) -> list[tuple[int, int]]:
    return [(c.seeker.int, c.vacancy.int - 1000) for c in chosen]


@pytest.mark.parametrize(
    ("score", "told", "expected", "reason"),
    [
        (0.59, None, False, "not good enough"),
        (0.6, None, True, "good and new"),
        (0.8, 0.8, False, "told before, and no better"),
        (0.89, 0.8, False, "a little better is no news"),
        (0.9, 0.8, True, "clearly better"),
        (0.7, 0.6, True, "the difference of two decimals is not exact in binary"),
        (0.5, 0.3, False, "better, but still not good"),
        (0.6, 0.9, False, "worse"),
    ],
)
def test_a_seeker_is_told_when_it_is_good_and_new_or_clearly_better(
    score: float, told: float | None, expected: bool, reason: str
) -> None:
    assert worth_telling(score, told, good_from=0.6, clearly_better=0.1) is expected, reason


ROOM = {vacancy(v): 2 for v in range(10)}


@pytest.mark.parametrize(
    ("candidates", "room", "expected", "reason"),
    [
        (
            [candidate(1, 1, 0.7), candidate(1, 2, 0.9), candidate(1, 3, 0.8)],
            ROOM,
            [(1, 2), (1, 3)],
            "the two best of three, best first",
        ),
        (
            [candidate(1, 1, 0.7), candidate(2, 1, 0.9), candidate(3, 1, 0.8)],
            ROOM,
            [(2, 1), (3, 1)],
            "a vacancy with room for two goes to the two who fit best",
        ),
        (
            [candidate(1, 1, 0.92, told=4), candidate(2, 1, 0.91, told=0)],
            {vacancy(1): 1},
            [(2, 1)],
            "equally good: who was told least",
        ),
        (
            [candidate(1, 1, 0.92, day=5), candidate(2, 1, 0.91, day=1)],
            {vacancy(1): 1},
            [(2, 1)],
            "equally good and told as often: who waits longest",
        ),
        (
            [candidate(1, 1, 0.99, told=9), candidate(2, 1, 0.80)],
            {vacancy(1): 1},
            [(1, 1)],
            "clearly better fitting goes before fairness",
        ),
        ([candidate(1, 1, 0.9)], {vacancy(1): 0}, [], "no room is left"),
        ([candidate(1, 1, 0.9)], {}, [], "a vacancy without a number has no room"),
        (
            [candidate(1, 1, 0.9, again=True)],
            {vacancy(1): 0},
            [(1, 1)],
            "who was told before takes no further room",
        ),
    ],
)
def test_who_is_told(
    candidates: list[Candidate], room: dict[UUID, int], expected: list[tuple[int, int]], reason: str
) -> None:
    assert pairs(choose(candidates, room, at_most=2)) == expected, reason


@given(
    st.lists(
        st.builds(candidate, st.integers(0, 5), st.integers(0, 5), st.floats(0.6, 1), told=st.integers(0, 9)),
        unique_by=lambda c: (c.seeker, c.vacancy),
    ),
    st.dictionaries(st.integers(0, 5).map(vacancy), st.integers(0, 3)),
    st.integers(1, 4),
    st.randoms(),
)
def test_nobody_is_flooded_no_vacancy_is_overrun_and_order_does_not_matter(
    candidates: list[Candidate], room: dict[UUID, int], at_most: int, chance: Random
) -> None:
    chosen = choose(candidates, room, at_most=at_most)
    assert max(Counter(c.seeker for c in chosen).values(), default=0) <= at_most
    told = Counter(c.vacancy for c in chosen)
    assert all(count <= room.get(v, 0) for v, count in told.items())
    shuffled = list(candidates)
    chance.shuffle(shuffled)
    assert choose(shuffled, room, at_most=at_most) == chosen
