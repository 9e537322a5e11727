"""Signing up, leaving, and lists of who signed up."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.activities import queries, roster
from services.intake.activities.actions import signing
from services.intake.activities.actions.reading import names_of
from services.intake.activities.actions.signing import Asked
from services.intake.activities.office import Office
from services.intake.activities.roster import ACTIVE, Place
from services.intake.activities.routes import showing
from services.intake.activities.routes.people import (
    Left,
    NamedLine,
    OwnLine,
    RosterLine,
    SignedUp,
    SignUpBody,
)
from services.intake.activities.rules import ActivityNotFound, HasBegun
from services.intake.activities.tables import SignUp
from services.intake.residents.actions import Reading
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.rules import ResidentErased
from services.intake.wire import UnknownCode, known_code
from shared.refusals import InvalidValue
from shared.security import Role, permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, provided, refuses

router = APIRouter()
AnyOffice = Annotated[Office, provided(Office)]


class WhoComes(InvalidValue):
    type = "who-comes"


@router.post(
    "/v1/activities/{id}/sign-ups",
    status_code=201,
    responses=refuses(
        ActivityNotFound,
        ResidentNotFound,
        ResidentErased,
        WhoComes,
        UnknownCode,
        roster.NotTaking,
        roster.SignUpClosed,
        roster.NoSuchLane,
        roster.AlreadySignedUp,
        roster.LineFull,
        roster.TooOften,
        roster.AgeUnknown,
        roster.WrongAge,
        roster.GuardianNeeded,
        roster.NotTheirGuardian,
    ),
)
async def sign_up(
    id: UUID, body: SignUpBody, call: Annotated[Call, permit("activities:join")], office: AnyOffice
) -> SignedUp:
    """Take a place, or wait in line where all are taken. Guardians sign minors up; workers sign up anybody."""
    own = own_resident(call.principal)
    resident = body.resident or own
    if resident is None:
        raise WhoComes(
            field="resident", reason_zh="请说明为哪位居民报名。", reason_en="Say which resident comes."
        )
    asked = Asked(
        resident=resident,
        lane=known_code("activity_lane", body.lane, field="lane"),
        signed_by=own if own not in {None, resident} else None,
        by_worker=bool(call.principal.roles & {Role.WORKER, Role.HEAD}),
    )

    reading = Reading(actor_of(call.principal), "activity", call.now)
    async with call.transaction() as session:
        age = await signing.known_age(session, office, id, resident, reading)

    async def join(session: AsyncSession) -> SignedUp:
        standing = await signing.sign_up(session, office, id, asked, now=call.now, age=age)
        return SignedUp(
            id=standing.id,
            resident=resident,
            lane=asked.lane,
            state=standing.place,
            position=standing.position,
        )

    return await call.once(join)


@router.delete(
    "/v1/activities/{id}/sign-ups/{resident}",
    responses=refuses(ActivityNotFound, roster.NotTaking, roster.NotSignedUp, HasBegun),
)
async def give_up_place(
    id: UUID, resident: UUID, call: Annotated[Call, permit("activities:join")], office: AnyOffice
) -> Left:
    """Give up a place or a position in the line: one's own, or of somebody whom one signed up. The first in line moves up."""
    own = own_resident(call.principal)
    by_worker = bool(call.principal.roles & {Role.WORKER, Role.HEAD})
    async with call.transaction() as session:
        await queries.lock(session, id)
        found = await queries.sign_up_of(session, id, resident)
        if found is None or (own is not None and own not in {resident, found.resident, found.signed_by}):
            raise roster.NotSignedUp
        reason = "removed" if by_worker else "withdrawn"
        late = await signing.leave(session, office, id, resident, reason=reason, now=call.now)
    return Left(resident=resident, late=late)


@router.get("/v1/sign-ups")
async def list_own_sign_ups(
    call: Annotated[Call, permit("activities:own")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[OwnLine]:
    """The caller's own sign-ups and those of whom they signed up, the latest first."""
    own = own_resident(call.principal)
    before = None if cursor is None else cursor.take(UUID)[0]
    async with call.transaction() as session:
        rows = [] if own is None else await queries.sign_ups_of(session, own, before=before, limit=limit + 1)
    return page(
        rows,
        limit,
        item=lambda pair: showing.own_line(*pair, call.language),
        position=lambda pair: (pair[0].id,),
    )


@router.get("/v1/activities/{id}/sign-ups", responses=refuses(ActivityNotFound))
async def list_sign_ups(
    id: UUID,
    call: Annotated[Call, permit("activities:admit")],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[RosterLine]:
    """All sign-ups in their order, without names."""
    after = None if cursor is None else cursor.take(int)[0]
    async with call.transaction() as session:
        await queries.one(session, id)
        rows = await queries.roster(session, id, after=after, limit=limit + 1)
    return page(rows, limit, item=showing.roster_line, position=lambda row: (row.sequence,))


@router.get("/v1/activities/{id}/names", responses=refuses(ActivityNotFound))
async def read_names(
    id: UUID,
    call: Annotated[Call, permit("activities:admit")],
    office: AnyOffice,
    *,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[NamedLine]:
    """Who has a place or waits, by name and in their order: for the worker at the door. Each read is recorded."""
    reading = Reading(actor_of(call.principal), "activity", call.now)
    after = None if cursor is None else cursor.take(int)[0]
    async with call.transaction() as session:
        await queries.one(session, id)
        ups = await queries.roster(session, id, ACTIVE, after=after, limit=limit + 1)
        names = await names_of(session, office, [up.resident for up in ups[:limit]], reading)

    def item(up: SignUp) -> NamedLine:
        return NamedLine(
            resident=up.resident,
            name=names.get(up.resident),
            lane=up.lane,
            state=Place(up.state),
            checked_in=up.checked_in,
        )

    return page(ups, limit, item=item, position=lambda up: (up.sequence,))
