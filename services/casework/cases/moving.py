"""HTTP: the moves of a case. A worker moves the own cases, the head any; the actions see to that."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.access import actor_of
from services.casework.cases import actions, transfers, wire
from services.casework.cases.moves import Now
from services.casework.cases.rules import (
    Actor,
    CaseMoveRefused,
    HeadDecidesFirst,
    NobodyHasIt,
    NotOfferedToYou,
    NoTransferOffered,
    NotYourCase,
    SameWorker,
    TransferPending,
    UnknownCase,
)
from services.casework.cases.tables import Case
from services.casework.holidays.queries import calendar
from services.casework.policies.rules import Policies
from services.casework.workers.rules import UnknownWorker, WorkerAway, WorkerInactive
from shared.security import permit
from shared.web import Call, provided, refuses

router = APIRouter(tags=["cases"])
Numbers = Annotated[Policies, provided(Policies)]
Mover = Annotated[Call, permit("cases:work", "cases:decide")]
_MOVE = refuses(UnknownCase, CaseMoveRefused, NotYourCase, NobodyHasIt)
_RECEIVER = (UnknownWorker, WorkerInactive, WorkerAway, SameWorker)
_OFFERED = refuses(
    UnknownCase, CaseMoveRefused, NoTransferOffered, NotOfferedToYou, WorkerInactive, WorkerAway
)


@router.post("/v1/cases/{id}/accept", responses=_MOVE)
async def accept_case(id: UUID, call: Mover, policies: Numbers) -> wire.CaseMoved:
    """Sign for the case (签收)."""

    async def accept(session: AsyncSession, actor: Actor, now: Now) -> Case:
        return await actions.accept(session, id, actor, now, calendar=await calendar(session))

    return await _once(call, policies, accept)


@router.post("/v1/cases/{id}/start", responses=_MOVE)
async def start_case(id: UUID, call: Mover, policies: Numbers) -> wire.CaseMoved:
    """Begin to work on it (处置)."""
    return await _once(call, policies, lambda session, actor, now: actions.start(session, id, actor, now))


@router.post("/v1/cases/{id}/submit", responses=_MOVE)
async def submit_case(id: UUID, body: wire.Submission, call: Mover, policies: Numbers) -> wire.CaseMoved:
    """It is handled; ask for the check (核查)."""

    async def submit(session: AsyncSession, actor: Actor, now: Now) -> Case:
        effort = body.effort_minutes
        return await actions.submit(session, id, actor, now, result=body.result, effort_minutes=effort)

    return await _once(call, policies, submit)


@router.post("/v1/cases/{id}/return", responses=_MOVE)
async def return_case(id: UUID, body: wire.Return, call: Mover, policies: Numbers) -> wire.CaseMoved:
    """Give it back (退单). Someone else gets it; after two returns the head decides on the request."""

    async def give_back(session: AsyncSession, actor: Actor, now: Now) -> Case:
        holidays = await calendar(session)
        return await actions.give_back(session, id, actor, now, reason=body.reason, calendar=holidays)

    return await _once(call, policies, give_back)


@router.post(
    "/v1/cases/{id}/reassign", responses=refuses(UnknownCase, CaseMoveRefused, HeadDecidesFirst, *_RECEIVER)
)
async def reassign_case(
    id: UUID,
    body: wire.Reassignment,
    call: Annotated[Call, permit("cases:decide")],
    policies: Numbers,
) -> wire.CaseMoved:
    """The head gives the case to a worker, who has to sign for it."""

    async def reassign(session: AsyncSession, actor: Actor, now: Now) -> Case:
        return await actions.reassign(session, id, actor, now, to=body.worker, reason=body.reason)

    return await _once(call, policies, reassign)


@router.post(
    "/v1/cases/{id}/transfer",
    responses=refuses(UnknownCase, CaseMoveRefused, NotYourCase, NobodyHasIt, TransferPending, *_RECEIVER),
)
async def offer_transfer(
    id: UUID, body: wire.TransferOffer, call: Mover, policies: Numbers
) -> wire.CaseMoved:
    """Ask a colleague to take the case over (转办). It stays with its worker until the colleague accepts."""

    async def offer(session: AsyncSession, actor: Actor, now: Now) -> Case:
        return await transfers.offer(session, id, actor, now, to=body.to, reason=body.reason)

    return await _once(call, policies, offer)


@router.post("/v1/cases/{id}/transfer/accept", responses=_OFFERED)
async def accept_transfer(
    id: UUID, call: Annotated[Call, permit("cases:work")], policies: Numbers
) -> wire.CaseMoved:
    """Take over what a colleague offered; from now on the case is the caller's."""
    return await _once(call, policies, lambda session, actor, now: transfers.accept(session, id, actor, now))


@router.post("/v1/cases/{id}/transfer/decline", responses=_OFFERED)
async def decline_transfer(
    id: UUID, call: Annotated[Call, permit("cases:work")], policies: Numbers
) -> wire.CaseMoved:
    """Do not take it; nothing changes."""
    return await _once(call, policies, lambda session, actor, now: transfers.decline(session, id, actor, now))


@router.post(
    "/v1/cases/{id}/transfer/withdraw",
    responses=refuses(UnknownCase, NotYourCase, NobodyHasIt, NoTransferOffered),
)
async def withdraw_transfer(id: UUID, call: Mover, policies: Numbers) -> wire.CaseMoved:
    """Take the offer back."""
    return await _once(
        call, policies, lambda session, actor, now: transfers.withdraw(session, id, actor, now)
    )


async def _once(
    call: Call, policies: Policies, move: Callable[[AsyncSession, Actor, Now], Awaitable[Case]]
) -> wire.CaseMoved:
    async def action(session: AsyncSession) -> wire.CaseMoved:
        actor = await actor_of(session, call.principal)
        return wire.moved(await move(session, actor, Now(call.now, policies[call.tenant])))

    return await call.once(action)
