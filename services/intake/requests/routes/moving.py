"""What every route that moves a request does: find it, decide, apply; once for each Idempotency-Key."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.access import own_resident
from services.intake.desk import Desk
from services.intake.requests import queries
from services.intake.requests.actions.changing import apply
from services.intake.requests.deciding import Decision, Situation
from services.intake.requests.parts.actions import beside
from services.intake.requests.queries import RequestNotFound
from services.intake.requests.routes.schemas import RequestMoved
from services.intake.requests.rules import IllegalRequestMove, allowed_moves
from shared.refusals import Refusal
from shared.web import Call, provided, refuses

AnyDesk = Annotated[Desk, provided(Desk)]
Decide = Callable[[AsyncSession, Situation], Awaitable[Decision]]


def refuses_move(*others: type[Refusal]) -> dict[int | str, dict[str, object]]:
    """For `responses`: what every move may refuse, and these."""
    return refuses(RequestNotFound, IllegalRequestMove, *others)


async def make_move(call: Call, request: UUID, decide: Decide) -> RequestMoved:
    """An If-Match has to name the version that is there. What a move means for parent and parts is done with it."""
    own = own_resident(call.principal)

    async def move(session: AsyncSession) -> RequestMoved:
        it = await queries.lock(session, request, resident=own)
        if call.if_match is not None:
            call.require_match(it.life.version)
        decision = await decide(session, it)
        await apply(session, [decision])
        await beside(session, decision)
        return RequestMoved.of(decision.after, allowed_moves(decision.life))

    moved = await call.once(move)
    call.etag(moved.version)
    return moved
