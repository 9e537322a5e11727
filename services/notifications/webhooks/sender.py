"""Sending deliveries: no database session is open while a portal is called."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from services.notifications.clients.webhook import TIMEOUT, Answer, WebhookCaller
from services.notifications.webhooks.attempts import end
from services.notifications.webhooks.queries import DueDelivery, claim
from services.notifications.webhooks.secrets import Secrets
from shared.clock import Clock
from shared.database import Database, Undecipherable, new_id
from shared.observing import get_logger, metrics

LEASE = timedelta(minutes=2)
_log = get_logger(__name__)
_CALLS = metrics.counter("webhook_calls", "Calls of portals' webhooks, by how they ended", ["end"])


class WebhookSender:
    def __init__(
        self, database: Database, caller: WebhookCaller, secrets: Secrets, clock: Clock, *, at_once: int
    ) -> None:
        self._database = database
        self._caller = caller
        self._secrets = secrets
        self._clock = clock
        self._places = asyncio.Semaphore(at_once)

    async def claim(self, tenant: str, most: int) -> list[DueDelivery]:
        async with self._database.transaction(tenant) as session:
            return await claim(session, lease=new_id(), now=self._clock(), lasting=LEASE, most=most)

    async def work(self, tenant: str, claims: Sequence[DueDelivery]) -> bool:
        results = await asyncio.gather(
            *(self._deliver(tenant, due) for due in claims), return_exceptions=True
        )
        for fault in results:
            if isinstance(fault, BaseException):
                _log.error("a delivery failed here, its lease will run out", kind=type(fault).__name__)
        return not all(result is True for result in results)

    async def _deliver(self, tenant: str, due: DueDelivery) -> bool:
        """Whether it is done with."""
        async with self._places:
            if self._clock() + TIMEOUT > due.until:
                return False
            answer = await self._call(due)
            async with self._database.transaction(tenant) as session:
                written = await end(session, due, answer, self._clock())
        _CALLS.labels(end=_word(answer) if written else "late").inc()
        return answer.ok

    async def _call(self, due: DueDelivery) -> Answer:
        row, now = due.row, self._clock()
        try:
            secrets = self._secrets.active({**row, "id": row["webhook"]}, now)
        except Undecipherable:
            return Answer(None, "secret_unreadable")
        return await self._caller.call(
            row["url"], id=row["event_id"], body=row["body"], secrets=secrets, now=now
        )


def _word(answer: Answer) -> str:
    return f"{answer.status // 100}xx" if answer.status is not None else answer.reason
