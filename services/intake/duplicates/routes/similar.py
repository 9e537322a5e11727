"""What is like a request: of one that was filed, and of one that is about to be."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.intake.access import own_resident
from services.intake.desk import Desk
from services.intake.duplicates import queries
from services.intake.duplicates.printing import print_of
from services.intake.duplicates.routes.schemas import Concern, SimilarRequests
from services.intake.duplicates.rules.likeness import Case
from services.intake.duplicates.suggesting import suggested
from services.intake.duplicates.wire import shown
from services.intake.requests import queries as requests
from services.intake.requests.queries import RequestNotFound
from services.intake.wire import UnknownCode, known_code
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter()
Most = Annotated[int, Query(ge=1, le=20)]


@router.post("/v1/requests/similar", responses=refuses(UnknownCode))
async def find_similar(
    body: Concern,
    call: Annotated[Call, permit("requests:similar")],
    desk: Annotated[Desk, provided(Desk)],
    limit: Most = 5,
) -> SimilarRequests:
    """Before filing: requests that are open or recent and seem to be about the same. Writes nothing."""
    category = None if body.category is None else known_code("category", body.category, field="category")
    place = await desk.grids.place(call.tenant, body.address)
    print = desk.printers.of(call.tenant).of(body.subject, body.body, body.address)
    case = Case(print, call.now, category, place.grid, place.place)
    found = await suggested(desk, call.tenant, case, most=limit)
    own = own_resident(call.principal)
    return SimilarRequests(items=[shown(one, call.language, own=own) for one in found])


@router.get("/v1/requests/{id}/similar", responses=refuses(RequestNotFound))
async def list_similar(
    id: UUID,
    call: Annotated[Call, permit("requests:similar")],
    desk: Annotated[Desk, provided(Desk)],
    limit: Most = 5,
) -> SimilarRequests:
    """Requests that seem to be about the same as this one. None for a request that has no fingerprint any more: it is
    neither open nor recent, or its resident was erased."""
    own = own_resident(call.principal)
    async with call.transaction() as session:
        row = await requests.one(session, id, resident=own)
        print = await print_of(session, desk, row)
    if print is None:
        return SimilarRequests(items=[])
    found = await suggested(desk, call.tenant, queries.case_of(row, print), but=id, most=limit)
    return SimilarRequests(items=[shown(one, call.language, own=own) for one in found])
