"""Every read of activities. What residents wrote is read through `actions.proposing`, which records it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.activities.roster import ACTIVE, Lane, NotSignedUp, Place, Waiting
from services.intake.activities.rules import TAKING, ActivityNotFound, State
from services.intake.activities.tables import (
    NUMBERS,
    UNFINISHED_STATES,
    Activity,
    ActivityLane,
    ActivityProposal,
    ActivityStory,
    ActivityVote,
    SignUp,
)
from services.intake.residents.queries import of_same_person
from shared.database import among

_NEXT_NUMBER = text(f"SELECT nextval('{NUMBERS}')")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to; None does not narrow."""

    state: State | None = None
    kind: str | None = None
    series: UUID | None = None
    coming: bool = False
    """Only what is not over and not cancelled."""
    seen_by: UUID | None = None
    """Without what a worker has not checked yet, save what this resident proposed."""


async def lock(session: AsyncSession, activity: UUID) -> Activity:
    """The activity, for a change; whoever else changes it or its places waits. Raises ActivityNotFound."""
    return await _found(
        session,
        select(Activity)
        .where(Activity.id == activity)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True),
    )


async def share(session: AsyncSession, activity: UUID) -> Activity:
    """The activity, kept as it is until the transaction ends, beside others who do the same."""
    return await _found(session, select(Activity).where(Activity.id == activity).with_for_update(read=True))


async def one(session: AsyncSession, activity: UUID, *, seen_by: UUID | None = None) -> Activity:
    """Raises ActivityNotFound, also for what this resident may not see yet."""
    found = await _found(session, select(Activity).where(Activity.id == activity))
    if seen_by is not None and found.checked is None and found.proposer != seen_by:
        raise ActivityNotFound
    return found


async def lock_following(session: AsyncSession, row: Activity) -> Sequence[Activity]:
    """This one and all of its series that come after it and are not over, locked in their order."""
    following = [State.SCHEDULED, *TAKING]
    if row.series is None or row.state not in following:
        return [row]
    statement = (
        select(Activity)
        .where(
            Activity.series == row.series,
            Activity.series_day >= row.series_day,
            Activity.state.in_(following),
        )
        .order_by(Activity.series_day)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).all()


async def next_number(session: AsyncSession) -> int:
    return int((await session.execute(_NEXT_NUMBER)).scalar_one())


async def listing(
    session: AsyncSession, narrowed: Filter, *, before: UUID | None, limit: int
) -> Sequence[Activity]:
    """The latest first, from below id `before` on."""
    statement = select(Activity)
    if narrowed.state is not None:
        statement = statement.where(Activity.state == narrowed.state.value)
    if narrowed.kind is not None:
        statement = statement.where(Activity.kind == narrowed.kind)
    if narrowed.series is not None:
        statement = statement.where(Activity.series == narrowed.series)
    if narrowed.coming:
        statement = statement.where(text(UNFINISHED_STATES))
    if narrowed.seen_by is not None:
        statement = statement.where(or_(Activity.checked.is_not(None), Activity.proposer == narrowed.seen_by))
    if before is not None:
        statement = statement.where(Activity.id < before)
    return (await session.scalars(statement.order_by(Activity.id.desc()).limit(limit))).all()


async def lanes(session: AsyncSession, activity: UUID) -> Mapping[str, Lane]:
    """How each lane stands, participants first."""
    return (await lanes_of(session, [activity])).get(activity, {})


async def lanes_of(session: AsyncSession, activities: Sequence[UUID]) -> Mapping[UUID, Mapping[str, Lane]]:
    """In one statement for any number of activities."""
    rows = await session.execute(
        select(
            ActivityLane.activity,
            ActivityLane.lane,
            ActivityLane.places,
            func.count(SignUp.id).filter(SignUp.state.in_([Place.IN, Place.ATTENDED, Place.ABSENT])),
            func.count(SignUp.id).filter(SignUp.state == Place.WAITING),
        )
        .outerjoin(SignUp, (SignUp.activity == ActivityLane.activity) & (SignUp.lane == ActivityLane.lane))
        .where(among(ActivityLane.activity, activities))
        .group_by(ActivityLane.activity, ActivityLane.lane, ActivityLane.places)
        .order_by(ActivityLane.activity, ActivityLane.lane != "participant", ActivityLane.lane)
    )
    found: dict[UUID, dict[str, Lane]] = {}
    for activity, lane, places, taken, waiting in rows.all():
        found.setdefault(activity, {})[lane] = Lane(places, taken, waiting)
    return found


async def line(session: AsyncSession, activity: UUID, lane: str, *, first: int) -> Sequence[Waiting]:
    """The first so many who wait, in their order."""
    rows = await session.execute(
        select(SignUp.id, SignUp.sequence)
        .where(SignUp.activity == activity, SignUp.lane == lane, SignUp.state == Place.WAITING)
        .order_by(SignUp.sequence)
        .limit(first)
    )
    return [Waiting(id, sequence) for id, sequence in rows.all()]


async def position(session: AsyncSession, sign_up: SignUp) -> int | None:
    """Place in the line, from 1; None for who does not wait."""
    if sign_up.state != Place.WAITING:
        return None
    before = await session.scalar(
        select(func.count()).where(
            SignUp.activity == sign_up.activity,
            SignUp.lane == sign_up.lane,
            SignUp.state == Place.WAITING,
            SignUp.sequence <= sign_up.sequence,
        )
    )
    return int(before or 0)


async def sign_up_of(
    session: AsyncSession, activity: UUID, resident: UUID, *, for_update: bool = False
) -> SignUp | None:
    """The sign-up of the resident, or of another record of the same person, that counts: not one that they left."""
    statement = select(SignUp).where(
        SignUp.activity == activity,
        of_same_person(SignUp.resident, resident),
        SignUp.state != Place.LEFT,
    )
    return await session.scalar(statement.with_for_update() if for_update else statement)


async def standing(session: AsyncSession, activity: UUID, resident: UUID) -> SignUp:
    """A place or a position in the line, locked. Raises NotSignedUp."""
    found = await sign_up_of(session, activity, resident, for_update=True)
    if found is None or found.state not in ACTIVE:
        raise NotSignedUp
    return found


async def several(session: AsyncSession, sign_ups: Sequence[UUID]) -> Sequence[SignUp]:
    rows = await session.scalars(select(SignUp).where(among(SignUp.id, sign_ups)).order_by(SignUp.sequence))
    return rows.all()


async def signed_up(
    session: AsyncSession, activity: UUID, states: Sequence[Place] = ACTIVE
) -> Sequence[SignUp]:
    """In the order in which they signed up."""
    statement = select(SignUp).where(SignUp.activity == activity, SignUp.state.in_(states))
    return (await session.scalars(statement.order_by(SignUp.sequence))).all()


async def contacts(
    session: AsyncSession, activity: UUID, states: Sequence[Place] = ACTIVE
) -> tuple[UUID, ...]:
    """Who is told of what happens to it: each once, in the order in which they signed up."""
    told = func.coalesce(SignUp.signed_by, SignUp.resident)
    statement = select(told).where(SignUp.activity == activity, SignUp.state.in_(states))
    return tuple(dict.fromkeys(await session.scalars(statement.order_by(SignUp.sequence))))


async def roster(
    session: AsyncSession,
    activity: UUID,
    states: Sequence[Place] = tuple(Place),
    *,
    after: int | None,
    limit: int,
) -> Sequence[SignUp]:
    """Sign-ups in their order, those who left included, from above sequence `after` on."""
    statement = select(SignUp).where(SignUp.activity == activity, SignUp.state.in_(states))
    if after is not None:
        statement = statement.where(SignUp.sequence > after)
    return (await session.scalars(statement.order_by(SignUp.sequence).limit(limit))).all()


async def sign_ups_of(
    session: AsyncSession, resident: UUID, *, before: UUID | None, limit: int
) -> Sequence[tuple[SignUp, Activity]]:
    """The resident's own and those whom they signed up, the latest first."""
    statement = (
        select(SignUp, Activity)
        .join(Activity, Activity.id == SignUp.activity)
        .where(or_(SignUp.resident == resident, SignUp.signed_by == resident))
    )
    if before is not None:
        statement = statement.where(SignUp.id < before)
    rows = await session.execute(statement.order_by(SignUp.id.desc()).limit(limit))
    return [(sign_up, activity) for sign_up, activity in rows.all()]


async def absences(session: AsyncSession, resident: UUID, *, now: datetime, days: int) -> int:
    """How often the resident had a place and did not come, of activities that began in the last so many days."""
    found = await session.scalar(
        select(func.count())
        .select_from(SignUp)
        .join(Activity, Activity.id == SignUp.activity)
        .where(
            of_same_person(SignUp.resident, resident),
            SignUp.state == Place.ABSENT,
            Activity.starts > now - timedelta(days=days),
        )
    )
    return int(found or 0)


async def votes(session: AsyncSession, activities: Sequence[UUID]) -> Mapping[UUID, int]:
    rows = await session.execute(
        select(ActivityVote.activity, func.count())
        .where(among(ActivityVote.activity, activities))
        .group_by(ActivityVote.activity)
    )
    return dict(rows.all())


async def voted(session: AsyncSession, activity: UUID, resident: UUID) -> bool:
    found = await session.scalar(
        select(ActivityVote.activity).where(
            ActivityVote.activity == activity, ActivityVote.resident == resident
        )
    )
    return found is not None


async def proposal(session: AsyncSession, activity: UUID) -> ActivityProposal | None:
    return await session.scalar(select(ActivityProposal).where(ActivityProposal.activity == activity))


async def story(session: AsyncSession, activity: UUID) -> Sequence[ActivityStory]:
    statement = select(ActivityStory).where(ActivityStory.activity == activity)
    return (await session.scalars(statement.order_by(ActivityStory.id))).all()


async def to_remind(session: AsyncSession, *, from_: datetime, until: datetime) -> Activity | None:
    """The next activity that begins then and of which nobody was reminded, locked; others' locks are passed over."""
    statement = (
        select(Activity)
        .where(
            text(UNFINISHED_STATES),
            Activity.state.in_([*TAKING]),
            Activity.reminded.is_(None),
            Activity.starts >= from_,
            Activity.starts < until,
        )
        .order_by(Activity.starts)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return await session.scalar(statement)


async def to_hold(session: AsyncSession, *, ended_before: datetime) -> Activity | None:
    """The next activity that ended before that and that nobody closed as held, locked; others' locks are passed over."""
    statement = (
        select(Activity)
        .where(text(UNFINISHED_STATES), Activity.state.in_([*TAKING]), Activity.ends < ended_before)
        .order_by(Activity.starts)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
    )
    return await session.scalar(statement)


async def coming_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[tuple[UUID, UUID]]:
    """Activity and resident of every place and position in a line, in the order of activities."""
    rows = await session.execute(
        select(SignUp.activity, SignUp.resident)
        .where(SignUp.resident.in_(residents), SignUp.state.in_(ACTIVE))
        .order_by(SignUp.activity)
    )
    return [(activity, resident) for activity, resident in rows.all()]


async def _found(session: AsyncSession, statement: object) -> Activity:
    row: Activity | None = await session.scalar(statement)  # type: ignore[call-overload]  # a select of Activity
    if row is None:
        raise ActivityNotFound
    return row


async def all_sign_ups(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[tuple[SignUp, Activity]]:
    """Oldest first."""
    rows = await session.execute(
        select(SignUp, Activity)
        .join(Activity, Activity.id == SignUp.activity)
        .where(SignUp.resident.in_(residents))
        .order_by(SignUp.id)
    )
    return [(sign_up, activity) for sign_up, activity in rows.all()]


async def votes_of(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[ActivityVote]:
    statement = select(ActivityVote).where(ActivityVote.resident.in_(residents))
    return (await session.scalars(statement.order_by(ActivityVote.at))).all()


async def proposed_by(session: AsyncSession, residents: Sequence[UUID]) -> Sequence[Activity]:
    statement = select(Activity).where(Activity.proposer.in_(residents))
    return (await session.scalars(statement.order_by(Activity.id))).all()


async def used_since(session: AsyncSession, residents: Sequence[UUID], since: datetime) -> set[UUID]:
    """Which of these signed up, voted or proposed at that moment or later."""
    found: set[UUID] = set()
    for column, at in (
        (SignUp.resident, SignUp.at),
        (SignUp.signed_by, SignUp.at),
        (ActivityVote.resident, ActivityVote.at),
        (Activity.proposer, Activity.proposed),
    ):
        rows = await session.scalars(select(column).where(column.in_(residents), at >= since))
        found.update(id for id in rows if id is not None)
    return found
