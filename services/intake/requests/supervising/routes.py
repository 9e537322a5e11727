"""Marking a request, for the head and the district."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.requests.deciding import Decision, Situation
from services.intake.requests.routes.moving import AnyDesk, make_move, refuses_move
from services.intake.requests.routes.schemas import RequestMoved
from services.intake.requests.supervising.deciding import supervise
from services.intake.requests.supervising.rules import AlreadySupervised
from services.intake.wire import Code, UnknownCode, known_code
from shared.security import permit
from shared.web import Call, Model

router = APIRouter(tags=["requests"])


class Supervision(Model):
    reason: Code
    """Of the vocabulary `supervision_reason`."""


@router.post("/v1/requests/{id}/supervise", responses=refuses_move(AlreadySupervised, UnknownCode))
async def supervise_request(
    id: UUID, body: Supervision, call: Annotated[Call, permit("requests:supervise")], desk: AnyDesk
) -> RequestMoved:
    """Mark it (督办): its limit for handling is halved, and resident and worker are told. Once in each handling."""
    by, reason = actor_of(call.principal), known_code("supervision_reason", body.reason, field="reason")

    async def decide(session: AsyncSession, it: Situation) -> Decision:
        return supervise(it, call.now, by, await desk.limits_in(session), reason=reason)

    return await make_move(call, id, decide)
