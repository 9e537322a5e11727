"""How an activity ends: cancelled, held, settled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities import queries, rules
from services.intake.activities.actions.applying import apply, write
from services.intake.activities.actions.reading import ages
from services.intake.activities.attendance import Presence, minutes
from services.intake.activities.lives import life_of
from services.intake.activities.office import Office
from services.intake.activities.roster import VOLUNTEER, Place, role_of
from services.intake.activities.rules import Life
from services.intake.activities.suggesting import band_of
from services.intake.activities.tables import Activity, AttendanceBand, SignUp
from services.intake.actor import Actor
from services.intake.points.actions.crediting import credit
from services.intake.residents.actions import Reading
from services.intake.venues import actions as venues
from shared.calendar import SHANGHAI
from shared.contracts.intake.activities import (
    ActivityAttended,
    ActivityCancelled,
    ActivityHeld,
    ActivityReminded,
)
from shared.database import scope_of
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Attendance:
    """One person who was there, as the ledger of points wants it."""

    resident: UUID
    role: str
    """`participant` or `volunteer`."""
    minutes: int


async def cancel(
    session: AsyncSession, rows: Sequence[Activity], *, reason: str, now: datetime, by: Actor
) -> Life:
    """Call off one activity or several of a series; everybody with a place or in line is told. All are locked.

    Raises IllegalActivityMove.
    """
    lives = []
    for row in rows:
        life = rules.cancel(life_of(row), now, reason=reason)
        contacts = await queries.contacts(session, row.id)
        await session.execute(
            update(SignUp)
            .where(SignUp.activity == row.id, SignUp.state.in_([Place.IN, Place.WAITING]))
            .values(state=Place.CALLED_OFF.value)
            .execution_options(synchronize_session=False)
        )
        await venues.release(session, row.id, now=now)
        await apply(session, row, life, "cancel", at=now, by=by)
        event = ActivityCancelled(
            activity=row.id,
            kind=row.kind,
            number=row.number,
            reason=reason,
            starts=row.starts,
            contacts=contacts,
        )
        await record(session, event, at=now)
        lives.append(life)
    return lives[0]


async def hold(session: AsyncSession, office: Office, row: Activity, *, now: datetime, by: Actor) -> Life:
    """It took place: who came is settled, with the minutes of each; who had a place and did not come is absent.

    `row` is locked. Raises IllegalActivityMove, NotBegunYet.
    """
    life = rules.hold(life_of(row), now)
    plan = life.fixed
    ups = await queries.signed_up(session, row.id)
    came: list[Attendance] = []
    ends = []
    for up in ups:
        state, counted = Place.UNPLACED, None
        if up.state == Place.IN:
            state = Place.ATTENDED if up.checked_in is not None else Place.ABSENT
        if state is Place.ATTENDED:
            presence = Presence(up.checked_in, up.checked_out)
            counted = minutes(presence, starts=plan.starts, ends=plan.ends, lane=up.lane)
            came.append(Attendance(up.resident, role_of(up.lane), counted))
        ends.append({"id": up.id, "state": state.value, "minutes": counted})
    if ends:
        await session.execute(update(SignUp), ends)
    await apply(session, row, life, "hold", at=now, by=by, details={"came": len(came)})
    absent = sum(end["state"] == Place.ABSENT for end in ends)
    common = {"activity": row.id, "kind": row.kind, "number": row.number}
    events = [
        ActivityAttended(**common, resident=one.resident, role=one.role, minutes=one.minutes, at=plan.starts)
        for one in came
    ]
    held = ActivityHeld(
        **common,
        starts=plan.starts,
        attended=len(came),
        absent=absent,
        unplaced=len(ups) - len(came) - absent,
        volunteers=sum(one.role == VOLUNTEER for one in came),
        minutes=sum(one.minutes for one in came),
    )
    await record(session, held, *events, at=now)
    await credit(session, events, office.policies.of(scope_of(session)).points, now=now, by=by)
    await _count_ages(session, office, row, [one.resident for one in came], Reading(by, "statistics", now))
    return life


async def attendances(session: AsyncSession, activity: UUID) -> Sequence[Attendance]:
    """Who was there, once it was held; before that, nobody."""
    ups = await queries.signed_up(session, activity, (Place.ATTENDED,))
    return [Attendance(up.resident, role_of(up.lane), up.minutes or 0) for up in ups]


async def settle(session: AsyncSession, row: Activity, *, now: datetime, by: Actor) -> Life:
    """The ledger is closed; for whoever keeps it. `row` is locked. Raises IllegalActivityMove."""
    life = rules.settle(life_of(row), now)
    await apply(session, row, life, "settle", at=now, by=by)
    return life


async def remind(session: AsyncSession, row: Activity, *, now: datetime) -> None:
    """Tell those who have a place, once. `row` is locked."""
    contacts = await queries.contacts(session, row.id, (Place.IN,))
    await write(session, row, reminded=now)
    if contacts:
        event = ActivityReminded(
            activity=row.id,
            kind=row.kind,
            number=row.number,
            starts=life_of(row).fixed.starts,
            contacts=contacts,
        )
        await record(session, event, at=now)


async def _count_ages(
    session: AsyncSession, office: Office, row: Activity, people: Sequence[UUID], reading: Reading
) -> None:
    """Add to the sums of age bands. Only sums are kept, and small ones are not shown (`suggesting.SHOWN_FROM`)."""
    day = life_of(row).fixed.starts.astimezone(SHANGHAI).date()
    known = await ages(session, office, people, day, reading)
    counts: dict[str, int] = {}
    for person in people:
        band = band_of(known.get(person))
        counts[band] = counts.get(band, 0) + 1
    if not counts:
        return
    statement = upsert(AttendanceBand).values(
        [
            {"kind": row.kind, "month": date(day.year, day.month, 1), "band": band, "people": number}
            for band, number in sorted(counts.items())
        ]
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant", "kind", "month", "band"],
            set_={"people": AttendanceBand.people + statement.excluded.people},
        )
    )
