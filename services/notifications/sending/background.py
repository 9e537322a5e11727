"""The loops of the worker process: one takes what is due of every community in turn."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.sending.loop import work_off
from services.notifications.sending.wake import Wake
from shared.clock import Clock
from shared.database import Database

T = TypeVar("T")


class Worker(Protocol[T]):
    """What the loop drives: a sender of messages, or one of webhook deliveries."""

    async def claim(self, tenant: str, most: int) -> Sequence[T]: ...

    async def work(self, tenant: str, claims: Sequence[T]) -> bool:
        """Whether any of them is due again."""


@dataclass(frozen=True, slots=True)
class OfTenant(Generic[T]):
    tenant: str
    thing: T


class Line(Generic[T]):
    """A worker, the tenants whose things it does, and how it learns that there is something."""

    def __init__(
        self,
        database: Database,
        worker: Worker[T],
        tenants: Iterable[str],
        *,
        channel: str,
        next_due: Callable[[AsyncSession], Awaitable[datetime | None]],
        clock: Clock,
        batch: int,
        capacity: int,
        drain: timedelta,
        closing: Callable[[], Awaitable[None]],
    ) -> None:
        """`closing` ends what the worker keeps open; it opens it again when it is next needed."""
        self._database = database
        self._worker = worker
        self._tenants = tuple(tenants)
        self._channel = channel
        self._next_due = next_due
        self._clock = clock
        self._batch = batch
        self._capacity = capacity
        self._drain = drain
        self._closing = closing

    async def run(self) -> None:
        """Until cancelled; then what is under way is finished first."""
        try:
            await work_off(
                Wake(self._database, self._channel),
                claim=self._claim,
                work=self._work,
                next_due=self._soonest,
                clock=self._clock,
                capacity=self._capacity,
                batch=self._batch,
                drain=self._drain,
            )
        finally:
            await self._closing()

    async def all_due(self) -> int:
        """Work off everything that is due at this moment, and give how many times something was taken."""
        count = 0
        while things := await self._claim(self._batch):
            count += len(things)
            await self._work(things)
        return count

    async def _claim(self, room: int) -> list[OfTenant[T]]:
        taken: list[OfTenant[T]] = []
        for tenant in self._tenants:
            if len(taken) < room:
                claims = await self._worker.claim(tenant, room - len(taken))
                taken += [OfTenant(tenant, claim) for claim in claims]
        # The one that was served first comes last the next time: a busy community does not starve the others.
        self._tenants = self._tenants[1:] + self._tenants[:1]
        return taken

    async def _work(self, things: Sequence[OfTenant[T]]) -> bool:
        """Each community's at once: none waits for what a provider of another's takes."""
        by_tenant: dict[str, list[T]] = {}
        for each in things:
            by_tenant.setdefault(each.tenant, []).append(each.thing)
        ends = await asyncio.gather(
            *(self._worker.work(tenant, some) for tenant, some in by_tenant.items()), return_exceptions=True
        )
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return any(ends)

    async def _soonest(self) -> datetime | None:
        dues: list[datetime] = []
        for tenant in self._tenants:
            async with self._database.transaction(tenant) as session:
                due = await self._next_due(session)
                if due is not None:
                    dues.append(due)
        return min(dues, default=None)
