"""The moves that people make, of one request: those of several are `duplicates.routes`. Those of the worker (sign, return,
submit) are casework's and arrive as events."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of
from services.intake.duplicates.actions import rating_of
from services.intake.duplicates.rules.joining import NotEndedYet, RatedAlready
from services.intake.requests import deciding, dues, queries
from services.intake.requests.actions.answering import say
from services.intake.requests.deciding import Decision, Situation
from services.intake.requests.parts.rules import OpenParts
from services.intake.requests.routes.moving import AnyDesk, make_move, refuses_move
from services.intake.requests.routes.schemas import (
    Closing,
    RatingBody,
    Redispatch,
    Rejection,
    Reopening,
    RequestMoved,
    ReworkOrder,
)
from services.intake.requests.rules import (
    HeadDecides,
    Rating,
    ReopenWindowClosed,
    State,
)
from services.intake.residents.rules import ResidentErased
from services.intake.wire import UnknownCode, known_code
from shared.refusals import Forbidden, InvalidValue
from shared.security import permit
from shared.web import Call

router = APIRouter()


class ForTheHead(Forbidden):
    type = "for-the-head"
    zh = "退单满次数的诉求由社区负责人决定。"
    en = "A request that was returned often enough is for the head to decide."


class ExclusionForTheHead(Forbidden):
    type = "exclusion-for-the-head"
    zh = "是否不计入三率由社区负责人决定。"
    en = "Whether a request is left out of the three rates is for the head to decide."


class ReasonMissing(InvalidValue):
    type = "reason-missing"
    zh = "不计入三率须说明原因。"
    en = "Say why the request is left out of the rates."


@router.post("/v1/requests/{id}/accept", responses=refuses_move())
async def accept_request(
    id: UUID, call: Annotated[Call, permit("requests:decide")], desk: AnyDesk
) -> RequestMoved:
    """Take the request on (立案)."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.accept(it, call.now, by, limits)

    return await make_move(call, id, decide)


@router.post(
    "/v1/requests/{id}/reject", responses=refuses_move(HeadDecides, ForTheHead, OpenParts, UnknownCode)
)
async def reject_request(
    id: UUID, body: Rejection, call: Annotated[Call, permit("requests:decide")], desk: AnyDesk
) -> RequestMoved:
    """Do not take it on (不予受理), for a reason. After two returns this is the head's."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)
    reason = known_code("rejection_reason", body.reason, field="reason")

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        _leave_to_the_head(call, it)
        return deciding.reject(it, call.now, by, limits, reason=reason)

    return await make_move(call, id, decide)


@router.post("/v1/requests/{id}/redispatch", responses=refuses_move(HeadDecides))
async def redispatch_request(
    id: UUID, body: Redispatch, call: Annotated[Call, permit("requests:redispatch")], desk: AnyDesk
) -> RequestMoved:
    """After two returns: it stays here, and with this worker or whom the assignment finds."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.redispatch(it, call.now, by, limits, worker=body.worker)

    return await make_move(call, id, decide)


@router.post("/v1/requests/{id}/verify", responses=refuses_move())
async def verify_request(id: UUID, call: Annotated[Call, permit("requests:verify")]) -> RequestMoved:
    """What was done is as it should be (核查)."""
    by = actor_of(call.principal)

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.verify(it, call.now, by)

    return await make_move(call, id, decide)


@router.post("/v1/requests/{id}/rework", responses=refuses_move(UnknownCode))
async def rework_request(
    id: UUID, body: ReworkOrder, call: Annotated[Call, permit("requests:verify")], desk: AnyDesk
) -> RequestMoved:
    """What was done is not enough: the worker goes on, under the same limit."""
    by = actor_of(call.principal)
    reason = known_code("rework_reason", body.reason, field="reason")

    async def decide(session: AsyncSession, it: Situation) -> Decision:
        return dues.rework(it, call.now, by, await desk.limits_in(session), reason=reason)

    return await make_move(call, id, decide)


@router.post("/v1/requests/{id}/close", responses=refuses_move(OpenParts, ResidentErased))
async def close_request(
    id: UUID, body: Closing, call: Annotated[Call, permit("requests:close")], desk: AnyDesk
) -> RequestMoved:
    """Finish it (结案), with an answer in words if there is one. The resident is called back the day after."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)

    async def decide(session: AsyncSession, it: Situation) -> Decision:
        answered = body.answer is not None
        decision = deciding.close(it, call.now, by, limits, outcome=body.outcome, answered=answered)
        await say(session, desk, it, body.answer)
        return decision

    return await make_move(call, id, decide)


@router.post("/v1/requests/{id}/reopen", responses=refuses_move(ReopenWindowClosed, UnknownCode))
async def reopen_request(
    id: UUID, body: Reopening, call: Annotated[Call, permit("requests:reopen")], desk: AnyDesk
) -> RequestMoved:
    """Within 15 days of closing: it was not solved."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)
    reason = known_code("reopen_reason", body.reason, field="reason")

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.reopen(it, call.now, by, limits, reason=reason)

    return await make_move(call, id, decide)


@router.post(
    "/v1/requests/{id}/rate",
    responses=refuses_move(ExclusionForTheHead, ReasonMissing, UnknownCode, NotEndedYet, RatedAlready),
)
async def rate_request(
    id: UUID, body: RatingBody, call: Annotated[Call, permit("requests:rate")]
) -> RequestMoved:
    """The call-back (回访): responded, resolved, satisfied. One that is joined to another is rated once that has ended."""
    by = actor_of(call.principal)
    if body.excluded and not call.principal.may("requests:exclude"):
        raise ExclusionForTheHead
    if body.excluded and body.reason is None:
        raise ReasonMissing(field="reason")
    reason = body.reason if body.excluded else None
    if reason is not None:
        known_code("exclusion_reason", reason, field="reason")
    rating = Rating(body.responded, body.resolved, body.satisfied, body.excluded, reason)

    async def decide(session: AsyncSession, it: Situation) -> Decision:
        # A worker's token has the worker's id as its subject.
        own_work = by.subject == str(it.life.worker) or await queries.worked_on(
            session, it.request, by.subject
        )
        return await rating_of(session, it, call.now, by, rating, own_work=own_work)

    return await make_move(call, id, decide)


def _leave_to_the_head(call: Call, it: Situation) -> None:
    if it.life.state is State.RETURNED and not call.principal.may("requests:redispatch"):
        raise ForTheHead
