"""From a proposal to an open activity: time, venue, places; and every change of these."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries, roster, rules
from services.intake.activities.actions.applying import apply
from services.intake.activities.actions.signing import move_up
from services.intake.activities.lives import life_of
from services.intake.activities.office import Office
from services.intake.activities.roster import AgeRule, checked_places
from services.intake.activities.rules import TAKING, Life, Plan, State
from services.intake.activities.tables import Activity, ActivityLane
from services.intake.actor import Actor
from services.intake.venues import actions as venues
from services.intake.venues import queries as venue_queries
from services.intake.venues.rules import Purpose, Slot
from shared.contracts.intake.activities import ActivityOpened, ActivityRescheduled
from shared.database import scope_of
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Setting:
    """Where it takes place, for how many, of what age, with what."""

    places: Mapping[str, int]
    """By lane."""
    venue: UUID | None = None
    meeting_point: str | None = None
    ages: AgeRule = field(default_factory=AgeRule)
    line: int | None = None
    equipment: Sequence[tuple[UUID, int]] = ()
    """Each kind with the number of pieces."""

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "venue": self.venue,
            "meeting_point": self.meeting_point,
            "lowest_age": self.ages.lowest,
            "highest_age": self.ages.highest,
            "guardian_below": self.ages.guardian_below,
            "line": self.line,
        }


@dataclass(frozen=True, slots=True)
class Change:
    """What a head changes; None leaves it. Times are those of the one activity: others of a series move as far."""

    starts: datetime | None = None
    ends: datetime | None = None
    sign_up_from: datetime | None = None
    sign_up_until: datetime | None = None
    venue: UUID | None = None
    no_venue: bool = False
    meeting_point: str | None = None
    places: Mapping[str, int] = field(default_factory=dict)
    line: int | None = None
    title: str | None = None
    description: str | None = None


async def schedule(
    session: AsyncSession,
    office: Office,
    row: Activity,
    plan: Plan,
    setting: Setting,
    *,
    now: datetime,
    by: Actor,
) -> Life:
    """Give a proposal its time and place. `row` is locked.

    Raises IllegalActivityMove, NotCheckedYet, WrongTimes, and what booking a venue and equipment raises.
    """
    terms = office.terms(scope_of(session))
    life = rules.schedule(life_of(row), plan, now=now, leave_until=roster.leave_limit(plan.starts, terms))
    await furnish(session, row.id, plan, setting, now=now)
    await apply(session, row, life, "schedule", at=now, by=by, **setting.columns)
    return life


async def furnish(
    session: AsyncSession, activity: UUID, plan: Plan, setting: Setting, *, now: datetime
) -> None:
    """Its lanes, its venue and its equipment."""
    await session.execute(
        insert(ActivityLane).values(
            [
                {"activity": activity, "lane": lane, "places": places}
                for lane, places in setting.places.items()
            ]
        )
    )
    people = sum(setting.places.values())
    await _book(session, activity, plan, setting.venue, setting.equipment, people=people, now=now)


async def open_(session: AsyncSession, rows: Sequence[Activity], *, now: datetime, by: Actor) -> Life:
    """Let people sign up. Of several, those that are scheduled; the life of the first. All are locked."""
    first, *others = rows
    lives = [(first, rules.open_(life_of(first), now))]
    lives += [
        (row, rules.open_(life_of(row), now)) for row in others if life_of(row).state is State.SCHEDULED
    ]
    lanes = await queries.lanes_of(session, [row.id for row, _ in lives])
    for row, life in lives:
        places = lanes.get(row.id, {})
        quota = places[roster.PARTICIPANT].places if roster.PARTICIPANT in places else 0
        plan = life.fixed
        await apply(session, row, life, "open", at=now, by=by)
        opened = ActivityOpened(
            activity=row.id,
            kind=row.kind,
            number=row.number,
            starts=plan.starts,
            ends=plan.ends,
            quota=quota,
            volunteers=sum(lane.places for lane in places.values()) - quota,
            sign_up_from=plan.sign_up_from,
            sign_up_until=plan.sign_up_until,
            venue=row.venue,
            series=row.series,
        )
        await record(session, opened, at=now)
    return lives[0][1]


async def change(
    session: AsyncSession,
    office: Office,
    rows: Sequence[Activity],
    asked: Change,
    *,
    now: datetime,
    by: Actor,
) -> Life:
    """Change one activity, or all following of its series: each moves as far as the first. All are locked.

    Who has a place or waits is told when time or venue change. Raises IllegalActivityMove, HasBegun, WrongTimes,
    PlacesBelowTaken, and what booking raises.
    """
    first = life_of(rows[0])
    shift = timedelta(0)
    if asked.starts is not None and first.plan is not None:
        shift = asked.starts - first.plan.starts
    # Of a series that moves, the last one goes first: it makes room for the one before it at the same venue.
    lives = {}
    for row in sorted(rows, key=lambda row: row.starts or now, reverse=shift > timedelta(0)):
        lives[row.id] = await _change_one(
            session, office, row, asked, first=rows[0], shift=shift, now=now, by=by
        )
    return lives[rows[0].id]


async def _change_one(
    session: AsyncSession,
    office: Office,
    row: Activity,
    asked: Change,
    *,
    first: Activity,
    shift: timedelta,
    now: datetime,
    by: Actor,
) -> Life:
    before, terms = life_of(row), office.terms(scope_of(session))
    plan = _planned(before, asked, row is first, life_of(first), shift) if before.plan else None
    moved = (
        plan is not None
        and before.plan is not None
        and (plan.starts, plan.ends)
        != (
            before.plan.starts,
            before.plan.ends,
        )
    )
    venue = None if asked.no_venue else asked.venue or row.venue
    elsewhere = moved or venue != row.venue
    leave_until = roster.after_change(now, plan.starts, terms) if elsewhere and plan else before.leave_until
    life = rules.change(
        before,
        plan or Plan(now, now, now, now),  # without a plan the table refuses the move
        now=now,
        leave_until=leave_until or now,
    )
    lanes = await queries.lanes(session, row.id)
    for lane, places in asked.places.items():
        await session.execute(
            upsert(ActivityLane)
            .values(
                activity=row.id,
                lane=lane,
                places=checked_places(places, lanes[lane].taken if lane in lanes else 0),
            )
            .on_conflict_do_update(index_elements=["activity", "lane"], set_={"places": places})
        )
    if elsewhere:
        equipment = await venue_queries.equipment_of_activity(session, row.id)
        await venues.release(session, row.id, now=now)
        people = sum(({name: lane.places for name, lane in lanes.items()} | dict(asked.places)).values())
        await _book(session, row.id, life.fixed, venue, equipment, people=people, now=now)
    before_starts = before.fixed.starts
    await apply(
        session,
        row,
        life,
        "change",
        at=now,
        by=by,
        details={"moved": moved, "venue": venue != row.venue, "places": dict(asked.places)},
        venue=venue,
        reminded=None if moved else row.reminded,
        **_others(asked),
    )
    if elsewhere and life.state in TAKING:
        event = ActivityRescheduled(
            activity=row.id,
            kind=row.kind,
            number=row.number,
            starts=life.fixed.starts,
            ends=life.fixed.ends,
            starts_before=before_starts,
            venue=venue,
            leave_until=leave_until or now,
            contacts=await queries.contacts(session, row.id),
        )
        await record(session, event, at=now)
    if life.state in TAKING:
        await move_up(session, office, row, now=now)
    return life_of(row)


def _planned(before: Life, asked: Change, is_first: bool, first: Life, shift: timedelta) -> Plan:
    old = before.fixed
    starts = old.starts + shift
    length = old.ends - old.starts
    if asked.ends is not None:
        length = asked.ends - (asked.starts or first.fixed.starts)
    plan = old.moved(starts, starts + length)
    if is_first:
        plan = replace(
            plan,
            sign_up_from=asked.sign_up_from or plan.sign_up_from,
            sign_up_until=asked.sign_up_until or plan.sign_up_until,
        )
    return plan


def _others(asked: Change) -> dict[str, Any]:
    given = {
        "meeting_point": asked.meeting_point,
        "line": asked.line,
        "title": asked.title,
        "description": asked.description,
    }
    return {name: value for name, value in given.items() if value is not None}


async def _book(
    session: AsyncSession,
    activity: UUID,
    plan: Plan,
    venue: UUID | None,
    equipment: Sequence[tuple[UUID, int]],
    *,
    people: int,
    now: datetime,
) -> None:
    slot = Slot(plan.starts, plan.ends)
    if venue is not None:
        await venues.book(session, venue, slot, Purpose.ACTIVITY, now=now, activity=activity, people=people)
    for kind, pieces in sorted(equipment):
        await venues.take_equipment(session, kind, pieces, slot, activity=activity)
