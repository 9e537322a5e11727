"""What to put on next: each point has its number, and nobody is found in a sum."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.intake.activities.suggesting import (
    SHOWN_FROM,
    Figures,
    band_of,
    by_kind,
    interests,
    kinds_of,
    shown,
    suggestions,
)
from shared.contracts.vocabulary import codes

TODAY = date(2026, 12, 1)


def test_the_table_of_interests_speaks_of_real_categories_and_kinds() -> None:
    assert set(interests()) <= set(codes("category"))
    assert kinds_of("140801") == kinds_of("1408") == {"sport"}
    assert kinds_of("010214") == {"environment"}
    assert kinds_of("0102") == frozenset()


def test_requests_are_counted_for_each_kind_that_may_help() -> None:
    assert by_kind({"010212": 4, "0903": 3, "010701": 9}) == {"neighbours": 7, "environment": 4}


def test_the_strongest_comes_first_with_its_reasons() -> None:
    figures = {
        "sport": Figures(requests=10, votes=3),
        "handicraft": Figures(held=2, places=40, attended=38, unplaced=6, last=TODAY - timedelta(days=10)),
        "lecture": Figures(requests=4, held=1, places=40, attended=5, last=TODAY - timedelta(days=90)),
        "festival": Figures(),
        "reading": Figures(proposals=1, last=TODAY - timedelta(days=100)),
    }
    found = suggestions(figures, TODAY)
    assert [it.kind for it in found] == ["handicraft", "sport", "reading"]
    best = found[0]
    assert [(reason.code, reason.number, reason.points) for reason in best.reasons] == [
        ("unplaced", 6, 18.0),
        ("well_attended", 95, 10.0),
    ]
    assert {reason.code for reason in found[2].reasons} == {"proposals", "not_held_lately"}


@given(
    st.dictionaries(
        st.sampled_from(sorted(codes("activity_kind"))),
        st.builds(
            Figures,
            requests=st.integers(0, 500),
            proposals=st.integers(0, 9),
            votes=st.integers(0, 99),
            held=st.integers(0, 9),
            places=st.integers(0, 300),
            attended=st.integers(0, 300),
            unplaced=st.integers(0, 50),
            last=st.none() | st.dates(date(2025, 1, 1), TODAY),
        ),
    )
)
def test_points_are_the_sum_of_the_reasons(figures: dict[str, Figures]) -> None:
    found = suggestions(figures, TODAY)
    assert [it.points for it in found] == sorted((it.points for it in found), reverse=True)
    for it in found:
        assert it.points == sum(reason.points for reason in it.reasons) > 0
        assert all(reason.code in codes("suggestion_reason") for reason in it.reasons)


def test_bands_of_age() -> None:
    ages = {17: "under_18", 18: "18_34", 59: "35_59", 60: "60_74", 75: "75_up", None: "unknown"}
    assert {age: band_of(age) for age in ages} == ages
    assert set(ages.values()) == set(codes("age_band"))


@given(st.dictionaries(st.sampled_from(sorted(codes("age_band"))), st.integers(0, 20)))
def test_small_numbers_are_not_shown_and_no_sum_gives_one_away(bands: dict[str, int]) -> None:
    found = shown(bands)
    hidden = [band for band, people in found.items() if people is None]
    assert all(found[band] is None for band, people in bands.items() if 0 < people < SHOWN_FROM)
    others = [band for band, people in bands.items() if people]
    assert len(hidden) != 1 or len(others) == 1
