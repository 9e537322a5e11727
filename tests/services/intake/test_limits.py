"""Limits run by the calendar, are marked when they pass, and follow a notice of the State Council."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from services.intake.holidays.actions import keep
from services.intake.holidays.jobs import settling
from services.intake.requests.actions.deadlines import CHUNK
from services.intake.requests.queries import lock
from shared.calendar import ContradictoryNotice
from shared.contracts.district import HolidayChanged
from shared.database import new_id
from shared.security import Role
from tests.services.intake.conftest import Intake, assigned
from tests.services.intake.many import copied
from tests.support.numbers import count
from tests.support.web import TENANTS


def notice(*holidays: str, workdays: tuple[str, ...] = (), year: int = 2026) -> HolidayChanged:
    return HolidayChanged(
        notice=new_id(),
        year=year,
        holidays=tuple(date.fromisoformat(day) for day in holidays),
        workdays=tuple(date.fromisoformat(day) for day in workdays),
    )


async def due(intake: Intake) -> dict[str, int]:
    """How many requests are to be handled by which day."""
    rows = await intake.rows(
        "SELECT handle_due::date::text AS day, count(*) AS number FROM request GROUP BY 1"
    )
    return {row.day: row.number for row in rows}


async def unsettled(intake: Intake) -> int:
    return len(await intake.rows("SELECT notice FROM holiday_notice WHERE settled IS NULL"))


async def test_a_notice_moves_the_limits_that_run_and_the_story_says_why(intake: Intake) -> None:
    resident = await intake.resident()
    receipt = await intake.file(resident)
    assert receipt["due"] == "2026-11-25T09:30:00Z"
    await intake.receive(notice("2026-11-25", "2026-11-26"))
    record = await intake.read(receipt["id"])
    assert record["due"] == "2026-11-27T09:30:00Z"
    last = (await intake.story(receipt["id"]))[-1]
    assert (last["entry"], last["reason_name"]) == ("due_changed", "国务院放假安排调整了工作日")
    assert last["details"] == {
        "limit": "handle",
        "before": "2026-11-25T09:30:00+00:00",
        "due": "2026-11-27T09:30:00+00:00",
        "provisional": False,
    }


async def test_a_notice_leaves_alone_what_is_over_and_what_it_does_not_touch(intake: Intake) -> None:
    resident = await intake.resident()
    handled, other = [(await intake.file(resident))["id"] for _ in range(2)]
    await intake.handled(handled, resident)
    await intake.move(handled, "verify")
    before = await intake.read(handled), await intake.read(other)
    await intake.receive(notice("2026-12-24"))
    assert (await intake.read(handled), await intake.read(other)) == before
    await intake.receive(notice("2026-11-25"))
    assert await intake.read(handled) == before[0]


async def test_filings_after_a_notice_follow_it(intake: Intake) -> None:
    await intake.receive(notice("2026-11-25"))
    assert (await intake.file())["due"] == "2026-11-26T09:30:00Z"


async def test_what_was_filed_by_the_old_calendar_in_the_minute_after_is_made_good(intake: Intake) -> None:
    """The other processes learn of a notice within a minute; the settling job computes once more after that."""
    other = intake.another_process()
    await other.file()  # now it knows the calendar, for a minute
    await intake.receive(notice("2026-11-25"))
    await intake.run("holiday-settling")
    receipt = await other.file()
    assert receipt["due"] == "2026-11-25T09:30:00Z"
    intake.clock.advance(timedelta(minutes=3))
    await intake.run("holiday-settling")
    assert (await intake.read(receipt["id"]))["due"] == "2026-11-26T09:30:00Z"
    assert await unsettled(intake) == 0
    entries = len(await intake.story(receipt["id"]))
    await intake.run("holiday-settling")
    assert len(await intake.story(receipt["id"])) == entries


async def test_of_very_many_the_first_move_with_the_notice_and_the_others_with_the_job(
    intake: Intake,
) -> None:
    await copied(intake, "request", (await intake.file())["id"], CHUNK + 20)
    await intake.receive(notice("2026-11-25"))
    assert await due(intake) == {"2026-11-25": 21, "2026-11-26": CHUNK}
    await intake.run("holiday-settling")
    assert await due(intake) == {"2026-11-26": CHUNK + 21}
    assert await unsettled(intake) == 1, "not every process knows it yet"
    (told,) = await intake.rows("SELECT count(*) AS entries FROM request_story WHERE entry = 'due_changed'")
    assert told.entries == CHUNK + 21


async def test_a_notice_that_goes_down_in_the_middle_is_gone_on_with(intake: Intake) -> None:
    ids = [(await intake.file())["id"] for _ in range(5)]
    async with intake.database.transaction("longxi") as session:
        await keep(session, notice("2026-11-25"), received=intake.clock())
    intake.clock.advance(timedelta(minutes=3))
    job = settling(intake.database, TENANTS, intake.desk, intake.clock, count=2)
    async with intake.database.transaction("longxi") as session:
        await lock(session, UUID(ids[3]))  # the job waits there, and is killed
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.5):
                await job.run()
    assert await due(intake) == {"2026-11-25": 3, "2026-11-26": 2}
    assert await unsettled(intake) == 1
    await job.run()
    assert await due(intake) == {"2026-11-26": 5}
    assert await unsettled(intake) == 0
    assert len(await intake.published("request.due_changed")) == 5


async def test_a_notice_that_contradicts_itself_is_not_kept(intake: Intake) -> None:
    with pytest.raises(ContradictoryNotice):
        await intake.receive(notice("2026-11-25", workdays=("2026-11-25",)))
    assert await intake.rows("SELECT notice FROM holiday_notice") == []


async def test_a_due_time_beyond_the_published_calendar_says_so(intake: Intake) -> None:
    intake.clock.set(datetime(2026, 12, 28, 2, 0, tzinfo=UTC))
    receipt = await intake.file(urgency="long")
    assert receipt["due_provisional"] is True
    (event,) = await intake.published("request.filed")
    assert event["due_provisional"] is True


async def test_a_limit_that_passed_is_marked_once_and_stands_in_the_story(intake: Intake) -> None:
    before = count("limits_passed_total", limit="accept"), count("limits_passed_total", limit="handle")
    receipt = await intake.file()
    await intake.run("overdue-marks")
    assert len(await intake.story(receipt["id"])) == 1
    intake.clock.advance(timedelta(hours=2, seconds=1))  # accepting: two working hours, at noon
    for _ in range(2):
        await intake.run("overdue-marks")
    entries = await intake.story(receipt["id"])
    assert [(entry["entry"], (entry["details"] or {}).get("limit")) for entry in entries] == [
        ("filed", None),
        ("overdue", "accept"),
    ]
    assert count("limits_passed_total", limit="accept") == before[0] + 1
    assert count("limits_passed_total", limit="handle") == before[1]
    record = await intake.read(receipt["id"])
    assert (record["overdue"], record["version"]) == (False, 1)  # handling still has days
    late = await intake.move(receipt["id"], "accept")
    assert late.status_code == 200
    (event,) = await intake.published("request.accepted")
    assert event["within_limit"] is False


async def test_overdue_requests_can_be_listed(intake: Intake) -> None:
    resident = await intake.resident()
    late = await intake.file(resident, urgency="emergency")
    intake.clock.advance(timedelta(hours=3))
    await intake.run("overdue-marks")
    fresh = await intake.file(resident)
    client = intake.as_(Role.HEAD, "head-1")
    for wanted, expected in (("true", late["id"]), ("false", fresh["id"])):
        items = (await client.get("/v1/requests", params={"overdue": wanted})).json()["items"]
        assert [item["id"] for item in items] == [expected]
    assert (await intake.read(late["id"]))["overdue"] is True


async def test_each_state_has_its_limit(intake: Intake) -> None:
    resident = await intake.resident()
    id = (await intake.file(resident))["id"]
    seen = {"filed": (await intake.read(id))["step"]}
    await intake.move(id, "accept")
    seen["accepted"] = (await intake.read(id))["step"]
    await intake.receive(assigned(id, resident, new_id()))
    record = await intake.read(id)
    seen["dispatched"] = record["step"]
    assert record["return_until"] == "2026-11-19T09:30:00Z"
    second = (await intake.file(resident))["id"]
    await intake.handled(second, resident)
    seen["handled"] = (await intake.read(second))["step"]
    await intake.move(second, "verify")
    await intake.move(second, "close", {"outcome": "resolved"})
    seen["closed"] = (await intake.read(second))["step"]
    assert {state: (step["limit"], step["due"]) for state, step in seen.items()} == {
        "filed": ("accept", "2026-11-18T04:00:00Z"),
        "accepted": ("dispatch", "2026-11-18T09:30:00Z"),
        "dispatched": ("sign", "2026-11-18T04:00:00Z"),
        "handled": ("verify", "2026-11-19T09:30:00Z"),
        "closed": ("call_back", "2026-11-19T09:30:00Z"),
    }
