"""A scheduled activity that repeats: each occurrence is an activity of its own, with places and a venue of its own."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries, roster
from services.intake.activities.actions.applying import tell, write
from services.intake.activities.actions.planning import Setting, furnish
from services.intake.activities.lives import columns_of, life_of
from services.intake.activities.office import Office
from services.intake.activities.recurrence import Cadence, DayOf, Occurrence, Skipped, occurrences
from services.intake.activities.roster import AgeRule
from services.intake.activities.rules import Plan, State, WrongTimes
from services.intake.activities.tables import Activity, ActivitySeries
from services.intake.actor import Actor
from services.intake.venues import queries as venues
from shared.calendar import SHANGHAI, WorkCalendar
from shared.database import new_id, scope_of
from shared.refusals import Conflict

_SATURDAY = 5


class RepeatsAlready(Conflict):
    type = "repeats-already"
    zh = "该活动已属于一个系列。"
    en = "The activity is one of a series already."


class NotScheduled(Conflict):
    type = "activity-not-scheduled"
    zh = "只有已排期、尚未开放报名的活动可以设为重复。"
    en = "Only an activity that is scheduled and not open yet can be made to repeat."


def by_calendar(calendar: WorkCalendar) -> DayOf:
    """Public holidays, and weekends that are worked: what the State Council's notice changes about a week."""

    def day_of(day: date) -> tuple[Skipped | None, bool]:
        provisional = calendar.is_working_day(day).provisional
        match calendar.is_changed(day):
            case True if day.weekday() >= _SATURDAY:
                return Skipped.SWAPPED, provisional
            case False:
                return Skipped.HOLIDAY, provisional
        return None, provisional

    return day_of


async def days(session: AsyncSession, office: Office, cadence: Cadence) -> Sequence[Occurrence]:
    """On which days it would fall, with those that are left out and why. Raises NoOccurrence, TooManyOccurrences."""
    calendar = await office.calendars.of(scope_of(session))
    return occurrences(cadence, by_calendar(calendar))


def first_day(row: Activity) -> date:
    """In Shanghai. Raises WrongTimes for what has no time yet."""
    if row.starts is None:
        raise WrongTimes(field="starts", reason_zh="请先排期。", reason_en="Schedule it first.")
    return row.starts.astimezone(SHANGHAI).date()


async def repeat(
    session: AsyncSession, office: Office, row: Activity, cadence: Cadence, *, now: datetime, by: Actor
) -> Sequence[tuple[UUID, date]]:
    """The following occurrences, scheduled, with the same places, venue and equipment. `row` is the first, locked.

    One venue that is taken refuses the whole series. Raises RepeatsAlready, NotScheduled, WrongTimes,
    NoOccurrence, TooManyOccurrences, and what booking raises.
    """
    if row.series is not None:
        raise RepeatsAlready
    life = life_of(row)
    if life.state is not State.SCHEDULED:
        raise NotScheduled
    found = await days(session, office, cadence)
    series = new_id()
    await session.execute(
        insert(ActivitySeries).values(
            id=series,
            every=cadence.every.value,
            every_n=cadence.interval,
            first_day=cadence.first,
            count=cadence.count,
            until=cadence.until,
            without=sorted(cadence.without),
            skip_holidays=cadence.skip_holidays,
            made=now,
        )
    )
    await write(session, row, series=series, series_day=cadence.first)
    setting = await _setting(session, row)
    made = []
    for occurrence in found:
        if occurrence.skipped is None and occurrence.day > cadence.first:
            id = await _occurrence(
                session, office, row, series=series, day=occurrence.day, setting=setting, now=now, by=by
            )
            made.append((id, occurrence.day))
    return made


async def _setting(session: AsyncSession, row: Activity) -> Setting:
    lanes = await queries.lanes(session, row.id)
    return Setting(
        places={name: lane.places for name, lane in lanes.items()},
        venue=row.venue,
        meeting_point=row.meeting_point,
        ages=AgeRule(row.lowest_age, row.highest_age, row.guardian_below),
        line=row.line,
        equipment=await venues.equipment_of_activity(session, row.id),
    )


async def _occurrence(
    session: AsyncSession,
    office: Office,
    first: Activity,
    *,
    series: UUID,
    day: date,
    setting: Setting,
    now: datetime,
    by: Actor,
) -> UUID:
    life, id = life_of(first), new_id()
    # China has had one zone and no summer time since 1991, so whole days keep the time of day.
    shift = timedelta(days=(day - first_day(first)).days)
    plan = life.fixed
    later = Plan(
        plan.starts + shift, plan.ends + shift, plan.sign_up_from + shift, plan.sign_up_until + shift
    )
    leave_until = roster.leave_limit(later.starts, office.terms(scope_of(session)))
    life = replace(life, version=1, plan=later, leave_until=leave_until)
    values = {
        "id": id,
        "number": await queries.next_number(session),
        "kind": first.kind,
        "title": first.title,
        "description": first.description,
        "proposer": first.proposer,
        "proposed": first.proposed,
        "last_sequence": 0,
        "series": series,
        "series_day": day,
    }
    await session.execute(insert(Activity).values(**values, **columns_of(life), **setting.columns))
    await furnish(session, id, later, setting, now=now)
    made = Activity(id=id)
    await tell(session, made, "repeat", None, life, at=now, by=by, details={"first": str(first.id)})
    return id
