"""The moves that people make. Those of the worker (sign, return, submit) are casework's and arrive as events."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.desk import Desk
from services.intake.requests import deciding, queries
from services.intake.requests.actions.changing import apply
from services.intake.requests.deciding import Decision, Situation
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.routes.schemas import (
    Closing,
    Duplication,
    RatingBody,
    Redispatch,
    Rejection,
    Reopening,
    RequestMoved,
    ReworkOrder,
)
from services.intake.requests.rules import (
    DuplicateOfItself,
    HeadDecides,
    IllegalRequestMove,
    Rating,
    ReopenWindowClosed,
    State,
    allowed_moves,
)
from services.intake.wire import UnknownCode, known_code
from shared.refusals import Forbidden, InvalidValue
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter()
AnyDesk = Annotated[Desk, provided(Desk)]
Decide = Callable[[AsyncSession, Situation], Awaitable[Decision]]


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


def _refuses(*others: type[Exception]) -> dict[int | str, dict[str, object]]:
    return refuses(RequestNotFound, IllegalRequestMove, *others)  # type: ignore[arg-type]


@router.post("/v1/requests/{id}/accept", responses=_refuses())
async def accept_request(
    id: UUID, call: Annotated[Call, permit("requests:decide")], desk: AnyDesk
) -> RequestMoved:
    """Take the request on (立案)."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.accept(it, call.now, by, limits)

    return await _move(call, id, decide)


@router.post("/v1/requests/{id}/reject", responses=_refuses(HeadDecides, ForTheHead, UnknownCode))
async def reject_request(
    id: UUID, body: Rejection, call: Annotated[Call, permit("requests:decide")], desk: AnyDesk
) -> RequestMoved:
    """Do not take it on (不予受理), for a reason. After two returns this is the head's."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)
    reason = known_code("rejection_reason", body.reason, field="reason")

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        _leave_to_the_head(call, it)
        return deciding.reject(it, call.now, by, limits, reason=reason)

    return await _move(call, id, decide)


@router.post(
    "/v1/requests/{id}/mark-duplicate", responses=_refuses(HeadDecides, ForTheHead, DuplicateOfItself)
)
async def mark_request_duplicate(
    id: UUID, body: Duplication, call: Annotated[Call, permit("requests:decide")], desk: AnyDesk
) -> RequestMoved:
    """It says what another request says, and goes on as part of that one."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)

    async def decide(session: AsyncSession, it: Situation) -> Decision:
        _leave_to_the_head(call, it)
        chain = await queries.duplicate_chain(session, body.of)
        return deciding.mark_duplicate(it, call.now, by, limits, of=body.of, chain=chain)

    return await _move(call, id, decide)


@router.post("/v1/requests/{id}/withdraw", responses=_refuses())
async def withdraw_request(id: UUID, call: Annotated[Call, permit("requests:withdraw")]) -> RequestMoved:
    """The resident takes it back, at any time before it is handled."""
    by = actor_of(call.principal)

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.withdraw(it, call.now, by)

    return await _move(call, id, decide)


@router.post("/v1/requests/{id}/redispatch", responses=_refuses(HeadDecides))
async def redispatch_request(
    id: UUID, body: Redispatch, call: Annotated[Call, permit("requests:redispatch")], desk: AnyDesk
) -> RequestMoved:
    """After two returns: it stays here, and with this worker or whom the assignment finds."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.redispatch(it, call.now, by, limits, worker=body.worker)

    return await _move(call, id, decide)


@router.post("/v1/requests/{id}/verify", responses=_refuses())
async def verify_request(id: UUID, call: Annotated[Call, permit("requests:verify")]) -> RequestMoved:
    """What was done is as it should be (核查)."""
    by = actor_of(call.principal)

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.verify(it, call.now, by)

    return await _move(call, id, decide)


@router.post("/v1/requests/{id}/rework", responses=_refuses(UnknownCode))
async def rework_request(
    id: UUID, body: ReworkOrder, call: Annotated[Call, permit("requests:verify")]
) -> RequestMoved:
    """What was done is not enough: the worker goes on, under the same limit."""
    by = actor_of(call.principal)
    reason = known_code("rework_reason", body.reason, field="reason")

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.rework(it, call.now, by, reason=reason)

    return await _move(call, id, decide)


@router.post("/v1/requests/{id}/close", responses=_refuses())
async def close_request(
    id: UUID, body: Closing, call: Annotated[Call, permit("requests:close")], desk: AnyDesk
) -> RequestMoved:
    """Finish it (结案). The resident is called back the day after."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.close(it, call.now, by, limits, outcome=body.outcome)

    return await _move(call, id, decide)


@router.post("/v1/requests/{id}/reopen", responses=_refuses(ReopenWindowClosed, UnknownCode))
async def reopen_request(
    id: UUID, body: Reopening, call: Annotated[Call, permit("requests:reopen")], desk: AnyDesk
) -> RequestMoved:
    """Within 15 days of closing: it was not solved."""
    limits, by = await desk.limits(call.tenant), actor_of(call.principal)
    reason = known_code("reopen_reason", body.reason, field="reason")

    async def decide(_: AsyncSession, it: Situation) -> Decision:
        return deciding.reopen(it, call.now, by, limits, reason=reason)

    return await _move(call, id, decide)


@router.post("/v1/requests/{id}/rate", responses=_refuses(ExclusionForTheHead, ReasonMissing, UnknownCode))
async def rate_request(
    id: UUID, body: RatingBody, call: Annotated[Call, permit("requests:rate")]
) -> RequestMoved:
    """The call-back (回访): responded, resolved, satisfied."""
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
        return deciding.rate(it, call.now, by, rating, own_work=own_work)

    return await _move(call, id, decide)


async def _move(call: Call, request: UUID, decide: Decide) -> RequestMoved:
    """Find, decide, apply; once for each Idempotency-Key. An If-Match has to name the version that is there."""
    own = own_resident(call.principal)

    async def move(session: AsyncSession) -> RequestMoved:
        it = await queries.lock(session, request, resident=own)
        if call.if_match is not None:
            call.require_match(it.life.version)
        decision = await decide(session, it)
        await apply(session, [decision])
        return RequestMoved.of(decision.after, allowed_moves(decision.life))

    moved = await call.once(move)
    call.etag(moved.version)
    return moved


def _leave_to_the_head(call: Call, it: Situation) -> None:
    if it.life.state is State.RETURNED and not call.principal.may("requests:redispatch"):
        raise ForTheHead
