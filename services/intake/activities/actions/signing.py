"""Signing up, leaving, moving up. All under the lock of the activity's row: places and the line change one at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries, roster
from services.intake.activities.actions.applying import write
from services.intake.activities.actions.reading import ages
from services.intake.activities.lives import life_of
from services.intake.activities.office import Office
from services.intake.activities.roster import AgeRule, Lane, Place
from services.intake.activities.rules import TAKING, HasBegun, State, follow
from services.intake.activities.tables import Activity, SignUp
from services.intake.residents import queries as residents
from services.intake.residents.actions import Reading
from shared.calendar import SHANGHAI
from shared.contracts.base import Event
from shared.contracts.intake.activities import (
    ActivityJoined,
    ActivityLeft,
    ActivityPromoted,
    ActivityWaitlisted,
)
from shared.database import among, new_id, scope_of
from shared.messaging.outbox import record

MOST_WAITING = 500
"""In one lane, where the activity sets no limit: an event tells all of them at once, and has room for so many."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants what. `signed_by` is the guardian or family member who asks for the resident."""

    resident: UUID
    lane: str
    signed_by: UUID | None = None
    by_worker: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody stands after it."""

    id: UUID
    place: Place
    position: int | None
    """Place in the line, from 1, while waiting."""


async def sign_up(
    session: AsyncSession, office: Office, activity: UUID, asked: Asked, *, now: datetime, age: int | None
) -> Standing:
    """A place, or a position at the end of the line. `age` as `known_age` found it, where the activity asks for one.

    Raises ActivityNotFound, NotTaking, SignUpClosed, NoSuchLane, AlreadySignedUp, LineFull, TooOften, AgeUnknown,
    WrongAge, GuardianNeeded, NotTheirGuardian, ResidentNotFound, ResidentErased.
    """
    await _check_person(session, office, asked)
    row = await queries.lock(session, activity)
    terms = office.terms(scope_of(session))
    plan = _plan_while_taking(row)
    roster.check_window(now, from_=plan[2], until=plan[3], ends=plan[1], by_worker=asked.by_worker)
    lanes = dict(await queries.lanes(session, activity))
    if asked.lane not in lanes:
        raise roster.NoSuchLane(
            field="lane",
            reason_zh="该活动没有这类名额。",
            reason_en="The activity has no places of this kind.",
        )
    if await queries.sign_up_of(session, activity, asked.resident) is not None:
        raise roster.AlreadySignedUp
    if not asked.by_worker:
        absent = await queries.absences(session, asked.resident, now=now, days=terms.absence_days)
        roster.check_absences(absent, terms)
    roster.check_age(
        _ages_of(row), age=age, by_guardian=asked.signed_by is not None, by_worker=asked.by_worker
    )
    lane = lanes[asked.lane]
    place = roster.seat(lane, line=min(row.line or MOST_WAITING, MOST_WAITING))
    sequence, id = row.last_sequence + 1, new_id()
    await session.execute(
        insert(SignUp).values(
            id=id,
            activity=activity,
            resident=asked.resident,
            lane=asked.lane,
            sequence=sequence,
            state=place.value,
            signed_by=asked.signed_by,
            at=now,
            late=False,
            by_hand=False,
        )
    )
    seated = place is Place.IN
    lanes[asked.lane] = Lane(lane.places, lane.taken + seated, lane.waiting + (not seated))
    await write(session, row, last_sequence=sequence)
    await _follow(session, row, lanes)
    facts = _facts(row, asked.resident, asked.signed_by, asked.lane)
    position = None if seated else lane.waiting + 1
    event: Event = (
        ActivityJoined(**facts) if position is None else ActivityWaitlisted(**facts, position=position)
    )
    await record(session, event, at=now)
    return Standing(id, place, position)


async def known_age(
    session: AsyncSession, office: Office, activity: UUID, resident: UUID, reading: Reading
) -> int | None:
    """Completed years on the day of the activity; None where it asks for no age, or nobody knows it.

    In a transaction of its own, before the sign-up: the record of the read stays, also where the answer is no.
    Raises ActivityNotFound.
    """
    row = await queries.one(session, activity)
    plan = life_of(row).plan
    if plan is None or not _ages_of(row).asks:
        return None
    day = plan.starts.astimezone(SHANGHAI).date()
    return (await ages(session, office, [resident], day, reading)).get(resident)


async def leave(
    session: AsyncSession,
    office: Office,
    activity: UUID,
    resident: UUID,
    *,
    reason: str,
    now: datetime,
) -> bool:
    """Give up a place or a position; the first in line moves up in the same transaction. Whether it was late.

    Raises ActivityNotFound, NotTaking, NotSignedUp, HasBegun.
    """
    row = await queries.lock(session, activity)
    plan = _plan_while_taking(row)
    if now >= plan[0]:
        raise HasBegun
    found = await queries.standing(session, activity, resident)
    had_place = found.state == Place.IN
    late = had_place and roster.is_late(
        now, leave_until=row.leave_until or plan[0], decline=found.decline_until
    )
    if reason == "withdrawn" and found.promoted is not None and had_place and not late:
        reason = "declined"
    await session.execute(
        update(SignUp)
        .where(SignUp.id == found.id)
        .values(state=Place.LEFT.value, left=now, leave_reason=reason, late=late)
    )
    left = ActivityLeft(
        **_facts(row, found.resident, found.signed_by, found.lane),
        reason=reason,
        had_place=had_place,
        late=late,
    )
    await record(session, left, at=now)
    await move_up(session, office, row, now=now)
    return late


async def move_up(session: AsyncSession, office: Office, row: Activity, *, now: datetime) -> Sequence[UUID]:
    """Give every free place to the first in line, and let the activity's state follow. The sign-ups that moved up.

    `row` is locked.
    """
    terms = office.terms(scope_of(session))
    starts = life_of(row).fixed.starts
    lanes = dict(await queries.lanes(session, row.id))
    up: list[UUID] = []
    for name, lane in lanes.items():
        if lane.free and lane.waiting:
            line = await queries.line(session, row.id, name, first=lane.free)
            first = [waiting.id for waiting in roster.promoted(lane, line)]
            lanes[name] = Lane(lane.places, lane.taken + len(first), lane.waiting - len(first))
            up += first
    if up:
        until = roster.decline_until(now, starts, terms)
        await session.execute(
            update(SignUp)
            .where(among(SignUp.id, up))
            .values(state=Place.IN.value, promoted=now, decline_until=until)
            .execution_options(synchronize_session=False)
        )
        events = [
            ActivityPromoted(
                **_facts(row, sign_up.resident, sign_up.signed_by, sign_up.lane), decline_until=until
            )
            for sign_up in await queries.several(session, up)
        ]
        await record(session, *events, at=now)
    await _follow(session, row, lanes)
    return up


def is_full(lanes: Mapping[str, Lane]) -> bool:
    """No place for a participant is left; of an activity for volunteers only, none at all."""
    participants = lanes.get(roster.PARTICIPANT)
    if participants is not None:
        return participants.full
    return all(lane.full for lane in lanes.values())


async def _follow(session: AsyncSession, row: Activity, lanes: Mapping[str, Lane]) -> None:
    life = follow(life_of(row), full=is_full(lanes))
    await write(session, row, state=life.state.value)


def _plan_while_taking(row: Activity) -> tuple[datetime, datetime, datetime, datetime]:
    """Beginning, end, and the window of sign-up. Raises NotTaking."""
    if State(row.state) not in TAKING:
        raise roster.NotTaking
    plan = life_of(row).fixed
    return plan.starts, plan.ends, plan.sign_up_from, plan.sign_up_until


async def _check_person(session: AsyncSession, office: Office, asked: Asked) -> None:
    await residents.one(session, asked.resident)
    if asked.signed_by is not None and not await office.may_act_for(session, asked.signed_by, asked.resident):
        raise roster.NotTheirGuardian


def _ages_of(row: Activity) -> AgeRule:
    return AgeRule(row.lowest_age, row.highest_age, row.guardian_below)


def _facts(row: Activity, resident: UUID, signed_by: UUID | None, lane: str) -> dict[str, Any]:
    return {
        "activity": row.id,
        "kind": row.kind,
        "number": row.number,
        "resident": resident,
        "contact": signed_by or resident,
        "role": roster.role_of(lane),
        "starts": row.starts,
    }
