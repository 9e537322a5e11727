"""A resident's points: balance, movements, the statement of a month; and taking back what was wrong."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.points import queries
from services.intake.points.actions.crediting import take_back
from services.intake.points.routes.schemas import PointsRecord, PostingLine, Statement, TakenBack
from services.intake.points.rules import AlreadyCorrected, OwnPointsOnly, PostingNotFound
from services.intake.rates.routes.schemas import Month, first_of
from services.intake.residents.queries import ResidentNotFound
from services.intake.residents.queries import one as one_resident
from services.intake.residents.rules import ResidentErased
from shared.security import permit
from shared.web import Call, Cursor, Page, cursor_query, limit_query, page, refuses

router = APIRouter()
Reader = Annotated[Call, permit("points:read")]


@router.get("/v1/residents/{id}/points", responses=refuses(OwnPointsOnly, ResidentNotFound, ResidentErased))
async def read_points(id: UUID, call: Reader) -> PointsRecord:
    """What a resident has, and when it expires."""
    _own(call, id)
    async with call.transaction() as session:
        await one_resident(session, id)
        return PointsRecord.of(id, await queries.holding(session, id), await queries.expiring(session, id))


@router.get(
    "/v1/residents/{id}/points/postings", responses=refuses(OwnPointsOnly, ResidentNotFound, ResidentErased)
)
async def list_point_postings(
    id: UUID,
    call: Reader,
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[PostingLine]:
    """Every movement of a resident's points, the latest first."""
    _own(call, id)
    before = None if cursor is None else cursor.take(int)[0]
    async with call.transaction() as session:
        await one_resident(session, id)
        rows = await queries.postings(session, id, before=before, limit=limit + 1)
    return page(
        rows,
        limit,
        item=lambda row: PostingLine.of(row, call.language),
        position=lambda row: (row.posting.id,),
    )


@router.get(
    "/v1/residents/{id}/points/statement", responses=refuses(OwnPointsOnly, ResidentNotFound, ResidentErased)
)
async def read_point_statement(id: UUID, call: Reader, month: Month) -> Statement:
    """What a month came to; of the running month, until now."""
    _own(call, id)
    async with call.transaction() as session:
        await one_resident(session, id)
        return Statement.of(await queries.month_of(session, id, first_of(month)), month)


@router.post(
    "/v1/residents/{id}/points/postings/{posting}/take-back",
    responses=refuses(PostingNotFound, AlreadyCorrected),
)
async def take_points_back(
    id: UUID, posting: int, call: Annotated[Call, permit("points:correct")]
) -> TakenBack:
    """The attendance was none: what is left of its points goes back. What was spent of them stays spent."""

    async def correct(session: AsyncSession) -> TakenBack:
        by = actor_of(call.principal)
        return TakenBack(amount=await take_back(session, id, posting, now=call.now, by=by))

    return await call.once(correct)


def _own(call: Call, resident: UUID) -> None:
    if own_resident(call.principal) not in {None, resident}:
        raise OwnPointsOnly
