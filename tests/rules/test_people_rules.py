"""Guardians, sentences of reads, limits of answers, periods of keeping: tables of cases."""

from datetime import UTC, date, datetime

import pytest

from services.intake.guardians.rules import (
    BirthDateUnknown,
    GuardianTooYoung,
    NotAMinor,
    check,
    is_minor,
    needs_guardian_consent,
)
from services.intake.reads.rules import Read, due, overdue, sentence
from services.intake.retention.rules import Periods, months_before
from shared.calendar import WorkCalendar
from shared.contracts.vocabulary import codes
from shared.refusals import Refusal

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("guardian", "ward", "refusal"),
    [
        (date(1985, 1, 1), date(2015, 1, 1), None),
        (None, date(2015, 1, 1), None),
        (date(1985, 1, 1), None, BirthDateUnknown),
        (date(1985, 1, 1), date(2008, 11, 28), NotAMinor),
        (date(1985, 1, 1), date(2008, 11, 29), None),
        (date(2009, 1, 1), date(2015, 1, 1), GuardianTooYoung),
    ],
)
def test_who_may_be_guardian(guardian: date | None, ward: date | None, refusal: type[Refusal] | None) -> None:
    if refusal is None:
        check(guardian_born=guardian, ward_born=ward, same=False, today=TODAY)
        return
    with pytest.raises(refusal):
        check(guardian_born=guardian, ward_born=ward, same=False, today=TODAY)


def test_nobody_is_their_own_guardian() -> None:
    with pytest.raises(GuardianTooYoung):
        check(guardian_born=None, ward_born=date(2015, 1, 1), same=True, today=TODAY)


def test_ages_of_the_law() -> None:
    assert is_minor(date(2008, 11, 29), TODAY)
    assert not is_minor(date(2008, 11, 28), TODAY)
    assert needs_guardian_consent(date(2012, 11, 29), TODAY), "PIPL 31: below fourteen"
    assert not needs_guardian_consent(date(2012, 11, 28), TODAY)
    assert not needs_guardian_consent(None, TODAY)


def test_a_read_is_a_sentence() -> None:
    read = Read(
        datetime(2026, 11, 18, 2, 0, tzinfo=UTC), "worker", "worker-1", "visit", ["name", "phone"], None
    )
    assert (
        sentence(read, "zh")
        == "2026年11月18日10:00，社区工作者（worker-1）为“上门探访”查看了您的姓名、电话。"
    )
    assert sentence(read, "en") == (
        "2026-11-18 10:00: worker (worker-1) saw your name, telephone. Purpose: A visit."
    )
    own = Read(
        datetime(2026, 11, 18, 2, 0, tzinfo=UTC),
        "resident",
        "x",
        "own_access",
        ["request.body"],
        "261118-000001-4",
    )
    assert (
        sentence(own, "zh")
        == "2026年11月18日10:00，您本人为“本人查看”查看了您的诉求内容（诉求 261118-000001-4）。"
    )


def test_every_field_that_is_recorded_has_words() -> None:
    known = codes("personal_field")
    for field in ("request.answers", "request.answer", "request.subject", "everything", "register"):
        assert field in known, field


def test_an_answer_is_due_after_three_working_days() -> None:
    """Asked on Wednesday 18 November 2026: Thursday, Friday, and Monday until work ends."""
    asked = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
    found = due(asked, WorkCalendar.china())
    assert found.at == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert not overdue(found.at, None, found.at)
    assert overdue(found.at, None, datetime(2026, 11, 23, 9, 31, tzinfo=UTC))
    assert not overdue(found.at, asked, datetime(2027, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "months", "before"),
    [
        (datetime(2026, 11, 28, 2, 0, tzinfo=UTC), 60, datetime(2021, 11, 28, 2, 0, tzinfo=UTC)),
        (datetime(2024, 2, 29, 2, 0, tzinfo=UTC), 12, datetime(2023, 2, 28, 2, 0, tzinfo=UTC)),
        (datetime(2026, 3, 31, 2, 0, tzinfo=UTC), 1, datetime(2026, 2, 28, 2, 0, tzinfo=UTC)),
        (datetime(2026, 1, 15, 2, 0, tzinfo=UTC), 1, datetime(2025, 12, 15, 2, 0, tzinfo=UTC)),
    ],
)
def test_months_are_of_the_calendar(now: datetime, months: int, before: datetime) -> None:
    assert months_before(now, months) == before


def test_periods_are_a_community_s_own() -> None:
    assert Periods.of({}) == Periods(60, 36, 60, dry=False)
    assert Periods.of({"reads": 12, "dry": True}).months() == {"words": 60, "reads": 12, "residents": 60}
    for wrong in ({"read": 12}, {"reads": 0}, {"reads": True}, {"dry": 1}, {"words": "60"}):
        with pytest.raises(ValueError, match=r"intake\.retention"):
            Periods.of(wrong)
