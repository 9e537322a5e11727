"""What a head decides: time and place, opening, changes, repetition, and how it ends."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.activities import queries
from services.intake.activities.actions import ending, planning, repeating
from services.intake.activities.actions.repeating import NotScheduled, RepeatsAlready
from services.intake.activities.office import Office
from services.intake.activities.recurrence import NoOccurrence, TooManyOccurrences
from services.intake.activities.roster import PlacesBelowTaken
from services.intake.activities.routes import showing
from services.intake.activities.routes.schemas import (
    Cancellation,
    Changed,
    LaneBody,
    Moved,
    OccurrenceLine,
    Occurrences,
    Opening,
    Repeat,
    Schedule,
    TooManyPlaces,
)
from services.intake.activities.rules import (
    ActivityNotFound,
    HasBegun,
    IllegalActivityMove,
    Life,
    NotBegunYet,
    NotCheckedYet,
    Plan,
    WrongTimes,
)
from services.intake.activities.tables import Activity
from services.intake.venues.rules import (
    EquipmentNotFound,
    EquipmentTaken,
    VenueClosed,
    VenueNotFound,
    VenueTaken,
    VenueTooSmall,
)
from services.intake.wire import UnknownCode, known_code
from shared.refusals import InvalidValue, Refusal
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter()
AnyOffice = Annotated[Office, provided(Office)]
BOOKING: tuple[type[Refusal], ...] = (
    VenueNotFound,
    VenueClosed,
    VenueTooSmall,
    VenueTaken,
    EquipmentNotFound,
    EquipmentTaken,
)


class CountOrUntil(InvalidValue):
    type = "count-or-until"


@router.post(
    "/v1/activities/{id}/schedule",
    responses=refuses(
        ActivityNotFound,
        IllegalActivityMove,
        NotCheckedYet,
        WrongTimes,
        TooManyPlaces,
        UnknownCode,
        *BOOKING,
    ),
)
async def schedule_activity(
    id: UUID, body: Schedule, call: Annotated[Call, permit("activities:plan")], office: AnyOffice
) -> Moved:
    """Take a proposal up: when, where, for how many, from when to when people sign up. The venue is booked with it."""
    _check_lanes(body.lanes)
    plan = Plan(body.starts, body.ends, body.sign_up_from or call.now, body.sign_up_until or body.starts)
    setting, by = body.setting(), actor_of(call.principal)

    async def schedule(session: AsyncSession, rows: Sequence[Activity]) -> Life:
        return await planning.schedule(session, office, rows[0], plan, setting, now=call.now, by=by)

    return await _move(call, id, schedule)


@router.post("/v1/activities/{id}/open", responses=refuses(ActivityNotFound, IllegalActivityMove, HasBegun))
async def open_activity(id: UUID, body: Opening, call: Annotated[Call, permit("activities:plan")]) -> Moved:
    """Let people sign up, within the window."""
    by = actor_of(call.principal)

    async def open_(session: AsyncSession, rows: Sequence[Activity]) -> Life:
        return await planning.open_(session, rows, now=call.now, by=by)

    return await _move(call, id, open_, following=body.scope == "following")


@router.patch(
    "/v1/activities/{id}",
    responses=refuses(
        ActivityNotFound,
        IllegalActivityMove,
        HasBegun,
        WrongTimes,
        TooManyPlaces,
        PlacesBelowTaken,
        UnknownCode,
        *BOOKING,
    ),
)
async def change_activity(
    id: UUID, body: Changed, call: Annotated[Call, permit("activities:plan")], office: AnyOffice
) -> Moved:
    """Change one activity, or it and all following of its series, which move as far. Who signed up is told of another
    time or venue and may leave freely; places that are added go to those who wait."""
    _check_lanes(body.lanes)
    asked, by = body.change(), actor_of(call.principal)

    async def change(session: AsyncSession, rows: Sequence[Activity]) -> Life:
        call.require_match(rows[0].version)
        return await planning.change(session, office, rows, asked, now=call.now, by=by)

    return await _move(call, id, change, following=body.scope == "following", matched=True)


@router.post(
    "/v1/activities/{id}/cancel", responses=refuses(ActivityNotFound, IllegalActivityMove, UnknownCode)
)
async def cancel_activity(
    id: UUID, body: Cancellation, call: Annotated[Call, permit("activities:plan")]
) -> Moved:
    """Call it off, for a reason that everybody who signed up is told. A proposal that is not taken up ends so too."""
    reason, by = known_code("activity_cancel_reason", body.reason, field="reason"), actor_of(call.principal)

    async def cancel(session: AsyncSession, rows: Sequence[Activity]) -> Life:
        return await ending.cancel(session, rows, reason=reason, now=call.now, by=by)

    return await _move(call, id, cancel, following=body.scope == "following")


@router.post(
    "/v1/activities/{id}/hold", responses=refuses(ActivityNotFound, IllegalActivityMove, NotBegunYet)
)
async def hold_activity(
    id: UUID, call: Annotated[Call, permit("activities:admit")], office: AnyOffice
) -> Moved:
    """It took place. Attendance is final from here on; who had a place and did not come is counted as absent."""
    by = actor_of(call.principal)

    async def hold(session: AsyncSession, rows: Sequence[Activity]) -> Life:
        return await ending.hold(session, office, rows[0], now=call.now, by=by)

    return await _move(call, id, hold)


_REPEATING = (ActivityNotFound, CountOrUntil, NoOccurrence, TooManyOccurrences, WrongTimes)


@router.post("/v1/activities/{id}/repeat-preview", responses=refuses(*_REPEATING))
async def preview_repetition(
    id: UUID, body: Repeat, call: Annotated[Call, permit("activities:plan")], office: AnyOffice
) -> Occurrences:
    """The days on which it would take place, and those that would be left out, and why. Nothing is made."""
    _check_end(body)
    async with call.transaction() as session:
        row = await queries.one(session, id)
        found = await repeating.days(session, office, body.cadence(repeating.first_day(row)))
    return Occurrences(
        days=[
            OccurrenceLine(
                day=it.day,
                skipped=None if it.skipped is None else it.skipped.value,
                provisional=it.provisional,
            )
            for it in found
        ]
    )


@router.post(
    "/v1/activities/{id}/repeat",
    status_code=201,
    responses=refuses(*_REPEATING, RepeatsAlready, NotScheduled, *BOOKING),
)
async def repeat_activity(
    id: UUID, body: Repeat, call: Annotated[Call, permit("activities:plan")], office: AnyOffice
) -> Occurrences:
    """Make the activity the first of a series. Every following one is an activity of its own, scheduled, its venue booked."""
    _check_end(body)
    by = actor_of(call.principal)

    async def repeat(session: AsyncSession) -> Occurrences:
        row = await queries.lock(session, id)
        cadence = body.cadence(repeating.first_day(row))
        made = await repeating.repeat(session, office, row, cadence, now=call.now, by=by)
        return Occurrences(
            days=[
                OccurrenceLine(day=day, skipped=None, provisional=False, activity=activity)
                for activity, day in [(id, cadence.first), *made]
            ]
        )

    return await call.once(repeat)


def _check_end(body: Repeat) -> None:
    if (body.count is None) == (body.until is None):
        raise CountOrUntil(
            field="count",
            reason_zh="请提供 count 或 until 中的一项。",
            reason_en="Give either count or until.",
        )


def _check_lanes(lanes: Sequence[LaneBody]) -> None:
    for lane in lanes:
        known_code("activity_lane", lane.lane, field="lanes")


async def _move(
    call: Call,
    activity: UUID,
    make: Callable[[AsyncSession, Sequence[Activity]], Awaitable[Life]],
    *,
    following: bool = False,
    matched: bool = False,
) -> Moved:
    """Lock, decide, apply; once for each Idempotency-Key. An If-Match has to name the version that is there."""

    async def move(session: AsyncSession) -> Moved:
        row = await queries.lock(session, activity)
        if call.if_match is not None and not matched:
            call.require_match(row.version)
        rows = await queries.lock_following(session, row) if following else [row]
        return showing.moved(activity, await make(session, rows or [row]))

    moved = await call.once(move)
    call.answer_with("ETag", f'"{moved.version}"')
    return moved
