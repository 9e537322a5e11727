"""The three rates from events: what counts, what is left out, what is flagged."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.rates.months import bounds, later
from services.intake.rates.openness import shown
from services.intake.rates.rules import Book, Flag, Kind, Mark, fold, month_of
from services.intake.rates.tallies import By, Tally, share, tally, unusual_exclusions
from shared.contracts.base import Event
from shared.contracts.casework import CaseSubmitted
from shared.contracts.intake import (
    Channel,
    Outcome,
    RequestClosed,
    RequestDuplicated,
    RequestFiled,
    RequestRated,
    RequestReclassified,
    RequestRejected,
    RequestReopened,
    RequestWithdrawn,
    Urgency,
)

FILED = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
DUE = FILED + timedelta(days=8)
REQUEST, RESIDENT, WORKER = uuid4(), uuid4(), uuid4()
IDS = {"request": REQUEST, "resident": RESIDENT}
Timed = tuple[datetime, Event]


def filed(urgency: Urgency = Urgency.NORMAL, **changes: Any) -> Timed:
    values: dict[str, Any] = {
        **IDS,
        "reference": "261102-000001-0",
        "category": "010503",
        "urgency": urgency,
        "channel": Channel.WEB,
        "filed": FILED,
        "due": DUE,
        **changes,
    }
    return FILED, RequestFiled(**values)


def submitted(at: datetime, effort: int = 30) -> Timed:
    return at, CaseSubmitted(**IDS, worker=WORKER, result="resolved", effort=effort)


def closed(at: datetime, minutes: int = 300) -> Timed:
    return at, RequestClosed(**IDS, outcome=Outcome.RESOLVED, within_limit=True, working_minutes=minutes)


def rated(at: datetime, *, resolved: bool = True, satisfied: bool = True, **changes: Any) -> Timed:
    values = {"request": REQUEST, "responded": True, "resolved": resolved, "satisfied": satisfied, **changes}
    return at, RequestRated(**values)


def reclassified(at: datetime, urgency: Urgency = Urgency.NORMAL, category: str | None = "0201") -> Timed:
    return at, RequestReclassified(
        **IDS, category=category, urgency=urgency, due=DUE, due_before=DUE, reason="new_facts"
    )


def hours(count: float) -> datetime:
    return FILED + timedelta(hours=count)


USUAL = [submitted(hours(20)), closed(hours(22))]


def only(events: Sequence[Timed]) -> Mark:
    (mark,) = fold(events).marks
    return mark


def test_a_call_back_counts_in_the_month_in_which_it_was_made() -> None:
    """In Shanghai: 16:00 UTC of the last day is the first day of the next month there."""
    before = only([filed(), *USUAL, rated(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC))])
    after = only([filed(), *USUAL, rated(datetime(2026, 11, 30, 16, 0, tzinfo=UTC))])
    assert (before.month, after.month) == (date(2026, 11, 1), date(2026, 12, 1))
    start, end = bounds(date(2026, 11, 1), date(2026, 11, 1))
    assert start <= before.at < end <= after.at


def test_a_reopened_request_counts_again_and_the_past_month_stays() -> None:
    """Or a month that was published would change afterwards."""
    first = [filed(), *USUAL, rated(hours(40), resolved=False, satisfied=False)]
    reopened = (hours(50), RequestReopened(**IDS, reason="not_solved", due=DUE, round=1))
    again = [*first, reopened, submitted(hours(70)), closed(hours(80)), rated(hours(90))]
    assert fold(again).marks[0] == only(first)
    line = tally(fold(again).marks)[""]
    assert (line.rated, line.resolved, line.satisfied) == (2, 1, 1)


def test_what_was_left_out_is_counted_by_its_reason() -> None:
    mark = only([filed(), *USUAL, rated(hours(40), excluded=True, reason="unreachable")])
    assert (mark.kind, mark.reason) == (Kind.EXCLUDED, "unreachable")
    line = tally([mark])[""]
    assert (line.rated, line.excluded, share(line.responded, line.rated)) == (0, {"unreachable": 1}, None)


@pytest.mark.parametrize(
    ("event", "kind", "reason"),
    [
        (RequestRejected(**IDS, reason="out_of_area"), Kind.REJECTED, "out_of_area"),
        (RequestDuplicated(**IDS, duplicate_of=uuid4()), Kind.DUPLICATE, None),
        (RequestWithdrawn(**IDS), Kind.WITHDRAWN, None),
    ],
)
def test_what_never_came_to_a_call_back_stands_beside(event: Event, kind: Kind, reason: str | None) -> None:
    mark = only([filed(), (hours(1), event)])
    assert (mark.kind, mark.reason) == (kind, reason)
    assert tally([mark])[""].rated == 0


def test_what_is_closed_waits_for_its_call_back() -> None:
    assert [course.request for course in fold([filed(), *USUAL]).waiting] == [REQUEST]
    assert fold([filed(), *USUAL, rated(hours(40))]).waiting == ()
    past = fold([filed(history=True)])
    assert (past.waiting, len(past.history)) == ((), 1)


LAST_PART = (DUE - FILED) * 0.25
FLAGS: list[tuple[str, list[Timed], set[Flag]]] = [
    ("as it should be", USUAL, set()),
    ("handled in nine minutes", [submitted(hours(1)), closed(hours(2), minutes=9)], {Flag.CLOSED_EARLY}),
    ("ten minutes are enough", [submitted(hours(1)), closed(hours(2), minutes=10)], set()),
    ("nobody says that it took any time", [submitted(hours(1), effort=0), closed(hours(2))], {Flag.NO_WORK}),
    ("closed without being handled", [closed(hours(2))], {Flag.NO_WORK, Flag.NO_CHECK}),
    (
        "closed in the second in which it was handled",
        [submitted(hours(1)), closed(hours(1) + timedelta(seconds=59))],
        {Flag.NO_CHECK},
    ),
    ("another category early on", [reclassified(hours(1)), *USUAL], set()),
    (
        "another category in the last quarter of the limit",
        [reclassified(DUE - LAST_PART), *USUAL],
        {Flag.RECLASSIFIED_LATE},
    ),
    ("just before the last quarter", [reclassified(DUE - LAST_PART - timedelta(seconds=1)), *USUAL], set()),
    (
        "after the limit",
        [reclassified(DUE + timedelta(days=1)), *USUAL],
        {Flag.RECLASSIFIED_LATE},
    ),
    ("a lower urgency", [reclassified(hours(1), Urgency.LONG), *USUAL], {Flag.URGENCY_LOWERED}),
    ("a higher urgency", [reclassified(hours(1), Urgency.URGENT), *USUAL], set()),
    (
        "up and down again",
        [reclassified(hours(1), Urgency.URGENT), reclassified(hours(2)), *USUAL],
        {Flag.URGENCY_LOWERED},
    ),
    (
        "what was noticed before a reopening belongs to the first round",
        [
            reclassified(hours(1), Urgency.LONG),
            *USUAL,
            (hours(30), RequestReopened(**IDS, reason="came_back", due=DUE, round=1)),
            submitted(hours(50)),
            closed(hours(60)),
        ],
        set(),
    ),
    (
        "work of the first round is none of the second",
        [
            *USUAL,
            (hours(30), RequestReopened(**IDS, reason="came_back", due=DUE, round=1)),
            closed(hours(60)),
        ],
        {Flag.NO_WORK, Flag.NO_CHECK},
    ),
]


@pytest.mark.parametrize(("why", "events", "flags"), FLAGS, ids=[case[0] for case in FLAGS])
def test_what_would_flatter_is_flagged(why: str, events: list[Timed], flags: set[Flag]) -> None:
    mark = only([filed(), *events, rated(hours(24 * 20))])
    assert mark.flags == flags, why


def test_a_part_of_a_request_is_flagged_for_ever() -> None:
    """Split into three, one concern would count three times."""
    reopened = (hours(50), RequestReopened(**IDS, reason="not_solved", due=DUE, round=1))
    part = filed(parent=uuid4())
    assert only([part, *USUAL, rated(hours(40))]).flags == {Flag.PART}
    again = [part, *USUAL, reopened, submitted(hours(70)), closed(hours(80)), rated(hours(90))]
    assert only(again).flags == {Flag.PART}


def test_answers_about_the_own_work_are_flagged() -> None:
    assert only([filed(), *USUAL, rated(hours(40), own_work=True)]).flags == {Flag.OWN_WORK}


def test_joining_shortly_before_the_limit_is_flagged() -> None:
    def merged(at: datetime) -> set[Flag]:
        event = RequestDuplicated(**IDS, duplicate_of=uuid4(), due=DUE)
        return set(only([filed(), (at, event)]).flags)

    assert merged(hours(1)) == set()
    assert merged(DUE - LAST_PART) == {Flag.MERGED_LATE}


def test_a_line_is_what_the_request_was_at_the_call_back() -> None:
    mark = only([filed(), reclassified(hours(1), category="020102"), *USUAL, rated(hours(40))])
    by = {key: next(iter(tally([mark], key))) for key in By}
    assert by == {
        By.COMMUNITY: "",
        By.GRID: None,
        By.LEVEL_1: "02",
        By.LEVEL_2: "0201",
        By.LEVEL_3: "020102",
        By.DEPARTMENT: "party_and_government_offices",
        By.CHANNEL: "web",
        By.MONTH: "2026-11",
    }


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()), max_size=30))
def test_no_rate_is_more_than_all_and_nothing_is_lost(answers: list[tuple[bool, bool, bool, bool]]) -> None:
    events: list[Timed] = []
    for responded, resolved, satisfied, excluded in answers:
        request = uuid4()
        events += [
            (FILED, filed(request=request)[1]),
            (
                hours(40),
                RequestRated(
                    request=request,
                    responded=responded,
                    resolved=resolved,
                    satisfied=satisfied,
                    excluded=excluded,
                    reason="unreachable" if excluded else None,
                ),
            ),
        ]
    book: Book = fold(events)
    line = tally(book.marks).get("", Tally())
    assert line.called_back == len(answers)
    for part in (line.responded, line.resolved, line.satisfied):
        rate = share(part, line.rated)
        assert rate is None or 0 <= rate <= 1
    # Cut in any place and counted on, month by month, it is the same.
    assert sum(each.rated for each in tally(book.marks, By.GRID).values()) == line.rated


def excluding(rated: int, excluded: int) -> Tally:
    line = Tally(rated=rated)
    line.excluded["unreachable"] = excluded
    return line


@pytest.mark.parametrize(
    ("why", "now", "past", "unusual"),
    [
        ("as always", excluding(95, 5), [excluding(95, 5)] * 6, False),
        ("three times as many", excluding(85, 15), [excluding(95, 5)] * 6, True),
        ("chance can do that", excluding(91, 9), [excluding(95, 5)] * 6, False),
        ("never any, now four of forty", excluding(36, 4), [excluding(50, 0)] * 6, True),
        ("two are too few to say anything", excluding(38, 2), [excluding(50, 0)] * 6, False),
        ("no past, nothing usual", excluding(10, 10), [excluding(5, 0)], False),
        ("nobody was called back", excluding(0, 0), [excluding(95, 5)] * 6, False),
    ],
)
def test_a_month_is_compared_with_the_community_s_own_past(
    why: str, now: Tally, past: list[Tally], unusual: bool
) -> None:
    assert unusual_exclusions(now, past) is unusual, why


@pytest.mark.parametrize(
    ("why", "rated", "open_"),
    [
        ("all large enough", {"01": 7, "02": 5}, {"01", "02"}),
        ("one small: the next smallest hides with it", {"01": 70, "02": 9, "03": 4}, {"01"}),
        ("two small ones that hide each other", {"01": 70, "02": 9, "03": 4, "04": 4}, {"01", "02"}),
        ("two that come to fewer than five together", {"01": 70, "02": 9, "03": 1, "04": 1}, {"01"}),
        ("alone and too small", {"01": 4}, set()),
    ],
)
def test_no_figure_of_fewer_than_five_is_open_or_can_be_worked_out(
    why: str, rated: dict[str, int], open_: set[str]
) -> None:
    lines: dict[str | None, Tally] = {key: Tally(rated=count) for key, count in rated.items()}
    assert set(shown(lines)) == open_, why


@given(st.dates(date(2020, 1, 1), date(2030, 12, 1)), st.integers(-60, 60))
def test_months_go_on_and_back(day: date, months: int) -> None:
    month = day.replace(day=1)
    assert later(later(month, months), -months) == month
    assert month_of(bounds(month, month)[0]) == month
