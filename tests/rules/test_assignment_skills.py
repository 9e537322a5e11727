"""Skills, absences and deactivation of workers."""

from datetime import date

import pytest

from services.casework.workers.rules import (
    Absence,
    HasOpenCases,
    OwnsGrids,
    check_deactivation,
    checked_absence,
    checked_skills,
)
from shared.contracts.vocabulary import codes
from shared.refusals import InvalidValue

CATEGORIES, NAMED = codes("category"), codes("worker_skill")


def test_skills_are_kept_sorted_and_once() -> None:
    skills = checked_skills(["mediation", "01", "0102", "01"], categories=CATEGORIES, named=NAMED)
    assert skills == ("01", "0102", "mediation")


@pytest.mark.parametrize(
    ("skill", "why"),
    [
        ("010205", "level 3 is too fine for a skill"),
        ("1", "no category has one digit"),
        ("99", "no such category"),
        ("Mediation", "codes are lower case"),
        ("", "nothing"),
    ],
)
def test_other_skills_are_refused(skill: str, why: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        checked_skills([skill], categories=CATEGORIES, named=NAMED)
    assert refusal.value.field == "skills", why


@pytest.mark.parametrize(
    ("day", "away", "why"),
    [
        (date(2026, 11, 17), False, "the day before"),
        (date(2026, 11, 18), True, "the first day"),
        (date(2026, 11, 20), True, "the last day"),
        (date(2026, 11, 21), False, "back again"),
    ],
)
def test_both_ends_of_an_absence_belong_to_it(day: date, away: bool, why: str) -> None:
    assert Absence(date(2026, 11, 18), date(2026, 11, 20)).covers(day) is away, why


def test_an_absence_goes_forward() -> None:
    assert checked_absence(date(2026, 11, 18), date(2026, 11, 18)) == Absence(
        date(2026, 11, 18), date(2026, 11, 18)
    )
    with pytest.raises(InvalidValue):
        checked_absence(date(2026, 11, 18), date(2026, 11, 17))


def test_who_owns_a_grid_or_has_open_cases_stays() -> None:
    check_deactivation(owned_grids=[], open_cases=0)
    with pytest.raises(OwnsGrids) as grids:
        check_deactivation(owned_grids=["b-2", "a-1"], open_cases=3)
    assert "a-1、b-2" in grids.value.message("zh")
    with pytest.raises(HasOpenCases) as cases:
        check_deactivation(owned_grids=[], open_cases=3)
    assert "3" in cases.value.message("en")
