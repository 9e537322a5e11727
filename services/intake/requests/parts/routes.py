"""Splitting a request, and its parts."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.requests import queries
from services.intake.requests.actions.writing import NumbersExhausted
from services.intake.requests.parts import actions
from services.intake.requests.parts.queries import parts_of
from services.intake.requests.parts.rules import MOST_PARTS, PartOfAnother, TooManyParts
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.routes.moving import AnyDesk, refuses_move
from services.intake.requests.routes.schemas import (
    AddressText,
    Body,
    Category,
    RequestFiledAnswer,
    RequestLine,
    RequestMoved,
    Subject,
)
from services.intake.requests.routes.showing import line
from services.intake.requests.rules import allowed_moves
from services.intake.residents.actions import Reading
from services.intake.residents.rules import ResidentErased
from services.intake.wire import UnknownCode, known_code
from shared.security import permit
from shared.web import Call, Model, refuses

router = APIRouter(tags=["requests"])


class PartBody(Model):
    """One of the things that the resident said. What is left out is as the whole request has it."""

    subject: Subject
    body: Body | None = None
    address: AddressText | None = None
    category: Category | None = None


class Splitting(Model):
    parts: Annotated[list[PartBody], Field(min_length=1, max_length=MOST_PARTS)]


class RequestSplit(Model):
    whole: RequestMoved
    parts: list[RequestFiledAnswer]
    """In the order in which they were given."""


class Parts(Model):
    """All parts of a request, oldest first."""

    request: UUID
    parts: list[RequestLine]


@router.post(
    "/v1/requests/{id}/split",
    status_code=201,
    responses=refuses_move(PartOfAnother, TooManyParts, ResidentErased, UnknownCode, NumbersExhausted),
)
async def split_request(
    id: UUID, body: Splitting, call: Annotated[Call, permit("requests:split")], desk: AnyDesk
) -> RequestSplit:
    """Several concerns in one: each becomes a request of its own, with its own worker and under the same limit.

    The whole request is closed after its parts. To fill in what a part leaves out its words are read, which is recorded.
    """
    for number, part in enumerate(body.parts):
        if part.category is not None:
            known_code("category", part.category, field=f"/parts/{number}/category")
    wanted = [actions.NewPart(part.subject, part.body, part.address, part.category) for part in body.parts]
    reading = Reading(actor_of(call.principal), "handle_request", call.now)

    async def split(session: AsyncSession) -> RequestSplit:
        it = await queries.lock(session, id)
        if call.if_match is not None:
            call.require_match(it.life.version)
        decision, filings = await actions.split(session, desk, it, wanted, reading)
        return RequestSplit(
            whole=RequestMoved.of(decision.after, allowed_moves(decision.life)),
            parts=[RequestFiledAnswer.of(filing) for filing in filings],
        )

    answer = await call.once(split)
    call.etag(answer.whole.version)
    return answer


@router.get("/v1/requests/{id}/parts", responses=refuses(RequestNotFound))
async def list_parts(id: UUID, call: Annotated[Call, permit("requests:read")]) -> Parts:
    """The parts that a request was split into: codes and times, no words."""
    async with call.transaction() as session:
        await queries.one(session, id, resident=own_resident(call.principal))
        rows = await parts_of(session, id)
    return Parts(request=id, parts=[line(row, call.language) for row in rows])
