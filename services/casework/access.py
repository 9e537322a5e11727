"""Who acts, and whether what is asked for is the caller's own."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.casework.cases.rules import Actor
from services.casework.workers.queries import own_worker, worker_of
from services.casework.workers.rules import NotYours
from shared.security import Principal

DECIDES = "cases:decide"


async def actor_of(session: AsyncSession, principal: Principal) -> Actor:
    """The caller as a mover of cases: the worker whose account it is, and whether it decides for the community."""
    worker = await worker_of(session, principal.subject)
    return Actor(principal.subject, worker, decides=principal.may(DECIDES))


async def require_own(session: AsyncSession, principal: Principal, worker: UUID, *, unless: str) -> None:
    """The worker is the caller, or the caller holds the permission. Raises NotYours, NotAWorker."""
    if not principal.may(unless) and await own_worker(session, principal.subject) != worker:
        raise NotYours
