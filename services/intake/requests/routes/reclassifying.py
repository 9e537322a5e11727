"""Changing what a request was recorded as: its category, its urgency."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.desk import Desk
from services.intake.requests import queries
from services.intake.requests.actions.reclassifying import reclassify_locked
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.reclassifying import (
    Classification,
    NothingToReclassify,
    RelaxingForTheHead,
    UrgencySettled,
)
from services.intake.requests.routes.schemas import Category, RequestMoved
from services.intake.requests.rules import IllegalRequestMove, allowed_moves
from services.intake.wire import Code, UnknownCode, known_code
from shared.contracts.intake import Urgency
from shared.security import permit
from shared.web import Call, Model, provided, refuses

router = APIRouter()


class Reclassification(Model):
    """What the request shall be from now on; what is left out stays as it is."""

    category: Category | None = None
    urgency: Urgency | None = None
    reason: Code
    """Of the vocabulary `reclassify_reason`."""


@router.post(
    "/v1/requests/{id}/reclassify",
    responses=refuses(
        RequestNotFound,
        IllegalRequestMove,
        NothingToReclassify,
        UrgencySettled,
        RelaxingForTheHead,
        UnknownCode,
    ),
)
async def reclassify_request(
    id: UUID,
    body: Reclassification,
    call: Annotated[Call, permit("requests:reclassify")],
    desk: Annotated[Desk, provided(Desk)],
) -> RequestMoved:
    """Another category or urgency. The limit is counted again from where it began, and the resident told if it moved."""
    if body.category is not None:
        known_code("category", body.category, field="category")
    reason = known_code("reclassify_reason", body.reason, field="reason")

    async def move(session: AsyncSession) -> RequestMoved:
        it = await queries.lock(session, id)
        if call.if_match is not None:
            call.require_match(it.life.version)
        decision = await reclassify_locked(
            session,
            desk,
            it,
            Classification(body.category, body.urgency),
            reason=reason,
            by=actor_of(call.principal),
            now=call.now,
            may_relax=call.principal.may("requests:relax"),
        )
        return RequestMoved.of(decision.after, allowed_moves(decision.life))

    moved = await call.once(move)
    call.etag(moved.version)
    return moved
