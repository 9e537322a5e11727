"""The numbers of the assignment: defaults, what a community may set, and what stops the start."""

from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest

from services.casework.policies.limits import Length
from services.casework.policies.rules import (
    EFFORT,
    NAMED_SKILLS,
    UNKNOWN_CATEGORY,
    OverCap,
    average_effort,
    policy_from,
)
from shared.calendar import SHANGHAI, WorkCalendar
from shared.contracts.intake import Urgency
from shared.contracts.vocabulary import codes


@pytest.mark.parametrize(
    ("category", "urgency", "minutes", "why"),
    [
        ("01", Urgency.EMERGENCY, 120, "level 1 is enough"),
        ("010205", Urgency.EMERGENCY, 120, "level 3 has the effort of its level 1"),
        ("02", Urgency.NORMAL, 30, "to explain and pass on"),
        ("13", Urgency.LONG, 150, "mediation over weeks"),
        (None, Urgency.NORMAL, 45, "nobody has said yet what it is about"),
        ("99", Urgency.URGENT, 60, "a category that the table does not know"),
    ],
)
def test_effort_follows_category_and_urgency(
    category: str | None, urgency: Urgency, minutes: int, why: str
) -> None:
    assert policy_from({}).effort_of(category, urgency) == minutes, why


def test_every_first_level_has_an_effort_and_no_other_has() -> None:
    level_1 = {code for code in codes("category") if len(code) == 2}
    assert set(EFFORT) == level_1 | {UNKNOWN_CATEGORY}


def test_named_skills_are_words_of_the_vocabulary_for_categories_that_exist() -> None:
    assert set(NAMED_SKILLS) == set(codes("worker_skill"))
    assert {code for each in NAMED_SKILLS.values() for code in each} <= set(codes("category"))


def test_the_cap_is_a_week_of_work_by_default() -> None:
    policy = policy_from({})
    assert policy.over_cap is OverCap.ASSIGN
    assert (policy.cap(40 * 60), policy.cap(20 * 60)) == (2400, 1200)


def test_the_owner_is_preferred_within_one_average_effort() -> None:
    assert policy_from({}).tolerance == average_effort(EFFORT) == 52


def test_a_community_sets_its_own_numbers() -> None:
    policy = policy_from(
        {
            "over_cap": "queue",
            "cap_factor": 0.5,
            "owner_tolerance_minutes": 0,
            "effort": {"01": [10, 20, 30, 40]},
            "named_skills": {"mediation": ["0103"]},
        }
    )
    assert policy.over_cap is OverCap.QUEUE
    assert policy.cap(2400) == 1200
    assert policy.tolerance == 0
    assert policy.effort_of("0103", Urgency.NORMAL) == 30
    assert policy.effort_of("02", Urgency.NORMAL) == 30, "the rest keeps the default"
    assert policy.named_skills["mediation"] == ("0103",)


def test_the_version_names_the_numbers() -> None:
    default = policy_from({})
    assert policy_from({}).version == default.version
    assert policy_from({"over_cap": "assign"}).version == default.version, "the default, said aloud"
    others: list[dict[str, object]] = [
        {"cap_factor": 0.9},
        {"over_cap": "queue"},
        {"effort": {"01": [1, 2, 3, 4]}},
    ]
    versions = {policy_from(settings).version for settings in others}
    assert len(versions) == 3
    assert default.version not in versions


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"over_cap": "ignore"}, "over_cap"),
        ({"cap_factor": 0}, "cap_factor"),
        ({"cap_factor": True}, "cap_factor"),
        ({"cap_factor": "1"}, "cap_factor"),
        ({"owner_tolerance_minutes": -1}, "owner_tolerance_minutes"),
        ({"owner_tolerance_minutes": 1.5}, "owner_tolerance_minutes"),
        ({"effort": 3}, "effort"),
        ({"effort": {"01": [1, 2, 3]}}, "effort.01"),
        ({"effort": {"01": [1, 2, 3, 0]}}, "effort.01"),
        ({"effort": {"01": "1234"}}, "effort.01"),
        ({"named_skills": {"mediation": "13"}}, "named_skills.mediation"),
        ({"named_skills": {"mediation": ["1"]}}, "named_skills.mediation"),
        ({"caps": 3}, "caps"),
    ],
)
def test_a_wrong_setting_is_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"casework.{named}"):
        policy_from(MappingProxyType(settings))


@pytest.mark.parametrize(
    ("length", "start", "due", "why"),
    [
        ("2 working hours", (18, 10, 30), (18, 14, 0), "lunch does not count"),
        ("2 working hours", (20, 17, 0), (23, 10, 0), "nor does the weekend"),
        (
            "1 working day",
            (18, 10, 0),
            (19, 17, 30),
            "the day itself does not count, the next one does whole",
        ),
        ("1 working day", (20, 10, 0), (23, 17, 30), "Friday's ends on Monday"),
        ("24 hours", (18, 10, 0), (19, 10, 0), "a working day's time"),
        ("3 days", (18, 10, 0), (23, 17, 30), "the third is a Saturday and moves to Monday"),
        ("2 days", (18, 10, 0), (20, 17, 30), "Friday"),
    ],
)
def test_limits_are_counted_as_intake_counts_them(
    length: str, start: tuple[int, int, int], due: tuple[int, int, int], why: str
) -> None:
    """November 2026; the 18th is a Wednesday."""
    began, ends = (datetime(2026, 11, *moment, tzinfo=SHANGHAI) for moment in (start, due))
    assert Length.parse(length).after(began, WorkCalendar.china()).at == ends, why


def test_limits_come_from_intakes_table() -> None:
    limits = policy_from({}, {"sign": "4 working hours", "returns_until_head": 3, "accept": "1 day"}).limits
    assert (limits.sign, limits.returns_until_head) == (Length(4, "working hour"), 3)
    assert limits.return_within == Length(1, "working day")
    for name, value in (("sign", "soon"), ("return_within", "0 days"), ("returns_until_head", 0)):
        with pytest.raises(ValueError, match=f"intake.limits.{name}"):
            policy_from({}, {name: value})
