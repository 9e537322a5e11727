"""The context of a request, for those who handle it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.requests import queries
from services.intake.requests.context.queries import Beside, near, of_person
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.routes.schemas import RequestLine
from services.intake.requests.routes.showing import line
from services.intake.residents.actions import Reading, record_reads
from services.intake.wire import Purpose, UnknownCode, purpose_of
from shared.refusals import Language
from shared.security import permit
from shared.web import Call, Model, refuses

router = APIRouter(tags=["requests"])


class Others(Model):
    count: int
    """How many there are; from 1000 on, so many at least."""
    requests: list[RequestLine]
    """The latest 20: codes and times, no words."""


class Context(Model):
    request: UUID
    near: Others
    """Of the same grid and place and of the same category to the level asked for, filed in the last 90 days."""
    same_person: Others
    """All others of the resident."""


@router.get("/v1/requests/{id}/context", responses=refuses(RequestNotFound, UnknownCode))
async def read_context(
    id: UUID,
    call: Annotated[Call, permit("requests:context")],
    *,
    level: Annotated[int, Query(ge=1, le=3, description="How alike categories have to be")] = 2,
    purpose: Purpose = None,
) -> Context:
    """What else is reported there, and by the same person. The read is recorded, and the resident sees it."""
    reading = Reading(actor_of(call.principal), purpose_of(purpose, "handle_request"), call.now)
    async with call.transaction() as session:
        row = await queries.one(session, id)
        around = await near(session, row, digits=2 * level, now=call.now)
        person = await of_person(session, row)
        await _record(session, row.resident, row.id, reading)
    return Context(
        request=row.id, near=_others(around, call.language), same_person=_others(person, call.language)
    )


async def _record(session: AsyncSession, resident: UUID, request: UUID, reading: Reading) -> None:
    # That somebody filed several requests is already something about them.
    await record_reads(session, [resident], ["request.context"], reading, request=request)


def _others(beside: Beside, language: Language) -> Others:
    return Others(count=beside.number, requests=[line(row, language) for row in beside.rows])
