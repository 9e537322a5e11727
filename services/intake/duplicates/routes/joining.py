"""Joining requests, separating them, taking back one that others are joined to."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import actor_of, own_resident
from services.intake.duplicates import actions, queries
from services.intake.duplicates.actions import NotAlike
from services.intake.duplicates.routes.schemas import JoinedRequests, Joining
from services.intake.duplicates.rules.joining import MainEnded, SeparationWindowClosed, TooManyJoined
from services.intake.requests import queries as requests
from services.intake.requests.deciding import Decision
from services.intake.requests.parts.actions import beside
from services.intake.requests.parts.rules import OpenParts
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.reference import WrongReference, parse
from services.intake.requests.routes.moves import ForTheHead
from services.intake.requests.routes.moving import AnyDesk, refuses_move
from services.intake.requests.routes.schemas import Duplication, RequestMoved
from services.intake.requests.routes.showing import line
from services.intake.requests.rules import DuplicateOfItself, HeadDecides, State, allowed_moves
from shared.security import permit
from shared.web import Call, refuses

router = APIRouter()
After = Callable[[AsyncSession], Awaitable[None]]
Act = Callable[[AsyncSession], Awaitable[Decision]]


@router.post(
    "/v1/requests/{id}/join",
    responses=refuses_move(
        HeadDecides,
        ForTheHead,
        DuplicateOfItself,
        MainEnded,
        NotAlike,
        OpenParts,
        TooManyJoined,
        WrongReference,
    ),
)
async def join_request(
    id: UUID, body: Joining, call: Annotated[Call, permit("requests:join")], desk: AnyDesk
) -> RequestMoved:
    """Let it share the case of another one that says the same (并案).

    Its resident is told whatever the other's is told, keeps the receipt, rates what came of it, and may leave again. A
    resident joins their own request, to one that is alike enough to be offered.
    """
    own = own_resident(call.principal)
    least = None if own is None else desk.policies.of(call.tenant).duplicates.offered

    async def act(session: AsyncSession) -> Decision:
        if await queries.state_of(session, id) is None:
            raise RequestNotFound
        of = await _named(session, body.of)
        return await _join(session, call, desk, id, of, least=least)

    return await _make(call, act)


@router.post(
    "/v1/requests/{id}/mark-duplicate",
    responses=refuses_move(HeadDecides, ForTheHead, DuplicateOfItself, MainEnded, OpenParts, TooManyJoined),
)
async def mark_request_duplicate(
    id: UUID, body: Duplication, call: Annotated[Call, permit("requests:decide")], desk: AnyDesk
) -> RequestMoved:
    """It says what another request says, and goes on as part of that one. The same as joining, by id."""

    async def act(session: AsyncSession) -> Decision:
        return await _join(session, call, desk, id, body.of, least=None)

    return await _make(call, act)


@router.post("/v1/requests/{id}/separate", responses=refuses_move(SeparationWindowClosed))
async def separate_request(
    id: UUID, call: Annotated[Call, permit("requests:separate")], desk: AnyDesk
) -> RequestMoved:
    """It is not the same after all: it stands alone again, as if filed now, and its limits run from now.

    A resident may say so within seven days of joining, and again when the other request has ended.
    """
    own, by = own_resident(call.principal), actor_of(call.principal)
    limits, terms = await desk.limits(call.tenant), desk.policies.of(call.tenant).duplicates
    any_time = call.principal.may("requests:decide")

    async def act(session: AsyncSession) -> Decision:
        return await actions.separate(
            session, id, at=call.now, by=by, limits=limits, terms=terms, resident=own, any_time=any_time
        )

    return await _make(call, act)


@router.post("/v1/requests/{id}/withdraw", responses=refuses_move())
async def withdraw_request(
    id: UUID, call: Annotated[Call, permit("requests:withdraw")], desk: AnyDesk
) -> RequestMoved:
    """The resident takes it back, at any time before it is handled. The oldest of those that were joined to it goes on
    for the others."""
    own, by = own_resident(call.principal), actor_of(call.principal)
    limits = await desk.limits(call.tenant)

    async def act(session: AsyncSession) -> Decision:
        return await actions.withdraw(session, id, at=call.now, by=by, limits=limits, resident=own)

    async def after(session: AsyncSession) -> None:
        await actions.adopt_of_parts(session, id, at=call.now, by=by, limits=limits)

    return await _make(call, act, after)


@router.get("/v1/requests/{id}/joined", responses=refuses(RequestNotFound))
async def list_joined(id: UUID, call: Annotated[Call, permit("requests:joined")]) -> JoinedRequests:
    """The requests that this one goes on for. For who works for the community: they are other people's."""
    async with call.transaction() as session:
        await requests.one(session, id)
        rows = await queries.rows_joined_to(session, id)
    return JoinedRequests(items=[line(row, call.language) for row in rows])


async def _join(
    session: AsyncSession, call: Call, desk: AnyDesk, id: UUID, of: UUID, *, least: float | None
) -> Decision:
    own = own_resident(call.principal)
    if await queries.state_of(session, id) is State.RETURNED and not call.principal.may(
        "requests:redispatch"
    ):
        raise ForTheHead
    limits = await desk.limits(call.tenant)
    return await actions.join(
        session,
        desk,
        id,
        of,
        at=call.now,
        by=actor_of(call.principal),
        limits=limits,
        resident=own,
        least=least,
    )


async def _named(session: AsyncSession, given: str) -> UUID:
    """Raises WrongReference, RequestNotFound."""
    try:
        return UUID(given)
    except ValueError:
        return (await requests.one(session, parse(given))).id


async def _make(call: Call, act: Act, after: After | None = None) -> RequestMoved:
    """As `make_move`, of a group. An If-Match has to name the version that is there."""

    async def move(session: AsyncSession) -> RequestMoved:
        decision = await act(session)
        if call.if_match is not None:
            call.require_match(decision.it.life.version)
        await beside(session, decision)
        if after is not None:
            await after(session)
        return RequestMoved.of(decision.after, allowed_moves(decision.life))

    moved = await call.once(move)
    call.etag(moved.version)
    return moved
