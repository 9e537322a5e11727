"""Attendance: the rotating code on the organiser's screen, checking in by it, and by a worker's hand."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import own_resident
from services.intake.activities import attendance, queries, roster
from services.intake.activities.actions import attending
from services.intake.activities.actions.attending import Shown
from services.intake.activities.attendance import Direction, Presence
from services.intake.activities.office import Office
from services.intake.activities.qr import MEDIA, picture
from services.intake.activities.routes.people import ByHand, Checked, CodeShown, Scan
from services.intake.activities.rules import TAKING, ActivityNotFound, State
from shared.refusals import Forbidden
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter()
AnyOffice = Annotated[Office, provided(Office)]


class ScanNeedsResident(Forbidden):
    type = "scan-needs-resident"
    zh = "签到码须由居民本人扫描；工作人员请使用人工签到。"
    en = "Residents scan the code themselves; workers check people in by hand."


_CHECKING = (
    ActivityNotFound,
    roster.NotTaking,
    roster.NotSignedUp,
    attendance.TooEarly,
    attendance.CheckedInAlready,
    attendance.CheckedOutAlready,
    attendance.NotCheckedIn,
)


def _picture_of(kind: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {MEDIA[kind]: {}}, "description": "The picture"}}


@router.get("/v1/activities/{id}/code", responses=refuses(ActivityNotFound, roster.NotTaking))
async def show_code(
    id: UUID,
    call: Annotated[Call, permit("activities:admit")],
    office: AnyOffice,
    direction: Direction = Direction.IN,
) -> CodeShown:
    """The code of this half minute, for the organiser's screen. Ask again at `valid_until`."""
    now = await _shown(call, office, id, direction)
    return CodeShown(payload=now.payload, code=now.code, valid_until=now.valid_until, direction=direction)


@router.get(
    "/v1/activities/{id}/code.svg",
    response_class=Response,
    responses=refuses(ActivityNotFound, roster.NotTaking) | _picture_of("svg"),
)
async def show_code_svg(
    id: UUID,
    call: Annotated[Call, permit("activities:admit")],
    office: AnyOffice,
    direction: Direction = Direction.IN,
) -> Response:
    """The code of this half minute as a QR code, sharp at any size."""
    return _drawn(await _shown(call, office, id, direction), "svg")


@router.get(
    "/v1/activities/{id}/code.png",
    response_class=Response,
    responses=refuses(ActivityNotFound, roster.NotTaking) | _picture_of("png"),
)
async def show_code_png(
    id: UUID,
    call: Annotated[Call, permit("activities:admit")],
    office: AnyOffice,
    direction: Direction = Direction.IN,
) -> Response:
    """The same for screens that show no SVG."""
    return _drawn(await _shown(call, office, id, direction), "png")


@router.post(
    "/v1/activities/{id}/attendance",
    responses=refuses(*_CHECKING, attendance.WrongCode, roster.NotTheirGuardian, ScanNeedsResident),
)
async def scan_code(
    id: UUID, body: Scan, call: Annotated[Call, permit("activities:attend")], office: AnyOffice
) -> Checked:
    """Check in or out with the code on the screen and one's own token; once each."""
    own = own_resident(call.principal)

    async def scan(session: AsyncSession) -> Checked:
        await queries.one(session, id)
        if own is None:
            raise ScanNeedsResident
        resident = body.resident or own
        presence = await attending.check(
            session,
            office.sign(call.tenant),
            id,
            resident,
            body.direction,
            now=call.now,
            shown=Shown(body.code, own),
        )
        return _checked(resident, presence)

    return await call.once(scan)


@router.post("/v1/activities/{id}/attendance/by-hand", responses=refuses(*_CHECKING))
async def check_by_hand(
    id: UUID, body: ByHand, call: Annotated[Call, permit("activities:admit")], office: AnyOffice
) -> Checked:
    """A worker on site checks somebody in or out who has no telephone."""

    async def check(session: AsyncSession) -> Checked:
        presence = await attending.check(
            session,
            office.sign(call.tenant),
            id,
            body.resident,
            body.direction,
            now=call.now,
            at=body.at,
        )
        return _checked(body.resident, presence)

    return await call.once(check)


def _drawn(now: attendance.Shown, kind: str) -> Response:
    return Response(picture(now.payload, kind), media_type=MEDIA[kind])


async def _shown(call: Call, office: Office, activity: UUID, direction: Direction) -> attendance.Shown:
    async with call.transaction() as session:
        row = await queries.one(session, activity)
    if State(row.state) not in TAKING:
        raise roster.NotTaking
    return attendance.shown(office.sign(call.tenant), activity, direction, call.now)


def _checked(resident: UUID, presence: Presence) -> Checked:
    return Checked(resident=resident, checked_in=presence.checked_in, checked_out=presence.checked_out)
