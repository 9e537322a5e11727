"""The heat of a concern, and when it is announced."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.hot_spots.rules import Heat, State, Terms, next_state
from tests.support.heat import Said, heat_of

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
TERMS = Terms()


def said(*days_ago: float, resident: int | None = None) -> list[Said]:
    """A request of another resident for each number of days, or all of the one."""
    return [
        Said(UUID(int=resident or number), NOW - timedelta(days=days))
        for number, days in enumerate(days_ago, 1)
    ]


def voters(count: int, days_ago: float = 0.0) -> list[Said]:
    return [Said(UUID(int=900 + number), NOW - timedelta(days=days_ago)) for number in range(count)]


@pytest.mark.parametrize(
    ("requests", "votes", "heat", "why"),
    [
        (said(0), [], 10, "one resident today"),
        (said(0, 0, 0), [], 30, "three neighbours today: 10 * 3 * 1.0"),
        (said(14, 14, 14), [], 15, "the same three two weeks ago count half"),
        (said(28, 28, 28), [], 8, "and a quarter after four: 7.5"),
        (
            said(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, resident=1),
            [],
            15,
            "one who writes ten times: 28 * 0.55 = 15.4",
        ),
        (said(0), voters(4), 30, "one request and four who say so too: 10 * (1 + 2)"),
        (said(0), voters(4, 14), 20, "votes grow old as well: 10 * (1 + 1)"),
        (said(0), [Said(UUID(int=1), NOW)], 10, "whoever filed is counted already"),
        (said(0, 7, 14), [], 22, "1 + 0.71 + 0.5 = 2.21"),
        ([], voters(2), 10, "what is left when the only request was taken back"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_heat_index(requests: list[Said], votes: list[Said], heat: int, why: str) -> None:
    assert heat_of(requests, votes, NOW, TERMS).index == heat, why


def of(index: int, residents: int = 5, voters: int = 0) -> Heat:
    return Heat(people=index / 10, requests=residents, residents=residents, voters=voters)


@pytest.mark.parametrize(
    ("state", "heat", "after", "why"),
    [
        (State.EMERGING, of(29), State.EMERGING, "below the threshold"),
        (State.EMERGING, of(30), State.ANNOUNCED, "reached"),
        (State.EMERGING, of(30, residents=2), State.EMERGING, "two people are no hot spot, however loud"),
        (State.EMERGING, of(30, residents=2, voters=1), State.ANNOUNCED, "a vote is a third"),
        (State.ANNOUNCED, of(12), State.ANNOUNCED, "between the thresholds it stays"),
        (State.ANNOUNCED, of(9), State.COOLED, "cooled"),
        (State.COOLED, of(12), State.COOLED, "and stays so"),
        (State.COOLED, of(31), State.ANNOUNCED, "until it comes back"),
    ],
)
def test_states(state: State, heat: Heat, after: State, why: str) -> None:
    assert next_state(state, heat, TERMS) is after, why


DAYS = st.floats(0, 400, allow_nan=False)


@given(st.lists(DAYS, min_size=1, max_size=20), DAYS)
def test_one_more_resident_never_makes_it_cooler(days: list[float], another: float) -> None:
    before = heat_of(said(*days), [], NOW, TERMS)
    more = [*said(*days), Said(UUID(int=999), NOW - timedelta(days=another))]
    assert heat_of(more, [], NOW, TERMS).index >= before.index


@given(st.lists(DAYS, min_size=1, max_size=20), st.floats(0, 100))
def test_what_nobody_says_again_only_cools(days: list[float], later: float) -> None:
    before = heat_of(said(*days), [], NOW, TERMS).index
    assert heat_of(said(*days), [], NOW + timedelta(days=later), TERMS).index <= before


@given(st.permutations(said(0, 3, 9, 27)))
def test_the_order_in_which_they_come_means_nothing(requests: list[Said]) -> None:
    assert heat_of(requests, [], NOW, TERMS).index == heat_of(sorted(requests, key=str), [], NOW, TERMS).index


@pytest.mark.parametrize(
    "settings",
    [
        {"half_life": 3},
        {"half_life_days": 0},
        {"half_life_days": "14"},
        {"cooled_below": 30},
        {"residents": True},
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(settings: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"intake\.hot_spots"):
        Terms.of(settings)
