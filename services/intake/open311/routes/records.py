"""What an Open311 client said beside the words, for whoever handles the request."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.open311.actions import read_report
from services.intake.requests import queries
from services.intake.requests.queries import RequestNotFound
from services.intake.residents.actions import Reading
from services.intake.residents.rules import ResidentErased
from services.intake.wire import Purpose, UnknownCode, purpose_of
from shared.security import permit
from shared.web import Call, Model, provided, refuses

router = APIRouter()


class ReportRecord(Model):
    """Coordinates (WGS84), as they were sent; a media address is not fetched, and shows what it likes."""

    request: UUID
    lat: float | None
    long: float | None
    address_id: str | None
    media_url: str | None


@router.get("/v1/requests/{id}/report", responses=refuses(RequestNotFound, ResidentErased, UnknownCode))
async def read_open311_report(
    id: UUID,
    call: Annotated[Call, permit("requests:read")],
    desk: Annotated[Desk, provided(Desk)],
    purpose: Purpose = None,
) -> ReportRecord:
    """What came with a request that was filed by Open311. The read is recorded, and the resident sees it."""
    own = own_resident(call.principal)
    stated = purpose_of(purpose, "own_access" if own else "handle_request")
    reading = Reading(actor_of(call.principal), stated, call.now)
    async with call.transaction() as session:
        row = await queries.one(session, id, resident=own)
        found = await read_report(session, desk.keys, row, reading)
    if found is None:
        raise ResidentErased
    return ReportRecord(request=id, **found)
