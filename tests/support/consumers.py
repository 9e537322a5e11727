"""An inbox for tests, with handlers that write what they did into a table, in the inbox's own transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.intake import RequestAccepted, RequestWithdrawn
from shared.database import Database
from shared.messaging.envelope import Received
from shared.messaging.handlers import Handlers
from shared.messaging.inbox import Inbox
from shared.messaging.log import EventLog
from shared.messaging.records import Record
from shared.messaging.statements import execute
from shared.retrying import Backoff
from shared.testing.clock import FrozenClock
from tests.support.messaging import TENANT, TOPIC

QUICK = Backoff(timedelta(seconds=1), factor=2, cap=timedelta(seconds=10), jitter=0, attempts=4)
_EFFECT = "INSERT INTO effect (aggregate, sequence, handler) SELECT a, s, $3 FROM unnest($1::uuid[], $2::bigint[]) AS e (a, s)"


@dataclass
class Trouble:
    """Makes handlers fail: which error for which (aggregate, sequence). Counts the attempts."""

    errors: dict[tuple[UUID, int], Exception] = field(default_factory=dict)
    attempts: dict[tuple[UUID, int], int] = field(default_factory=lambda: defaultdict(int))

    def strike(self, event: Received[Any]) -> None:
        place = (event.envelope.subject, event.envelope.sequence)
        self.attempts[place] += 1
        if place in self.errors:
            raise self.errors[place]


def effect_handlers(trouble: Trouble) -> Handlers:
    """`request.withdrawn` one by one; `request.accepted` in lists, into a read model that can be rebuilt."""
    handlers = Handlers()

    @handlers.on(RequestWithdrawn)
    async def withdraw(session: AsyncSession, event: Received[RequestWithdrawn]) -> None:
        await note(session, [event], "withdraw")
        trouble.strike(event)

    @handlers.on(RequestWithdrawn, rebuilds=True)
    async def remember(session: AsyncSession, event: Received[RequestWithdrawn]) -> None:
        await note(session, [event], "remember")

    @handlers.on_batch(RequestAccepted)
    async def accept(session: AsyncSession, events: Sequence[Received[RequestAccepted]]) -> None:
        await note(session, events, "accept")
        for event in events:
            trouble.strike(event)

    return handlers


async def note(session: AsyncSession, events: Sequence[Received[Any]], handler: str) -> None:
    subjects = [event.envelope.subject for event in events]
    await execute(session, _EFFECT, subjects, [event.envelope.sequence for event in events], handler)


class NoLog:
    """Stands where a test gives records to `Inbox.take` by hand."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the log is not used here: {name}")


@dataclass
class Bench:
    """An inbox under test."""

    database: Database
    clock: FrozenClock
    inbox: Inbox
    trouble: Trouble

    async def take(self, records: Sequence[Record]) -> None:
        await self.inbox.take(records)

    async def pass_time(self, seconds: float = 60) -> None:
        """Let the loop of held events do all that is due within the time, step by step."""
        for _ in range(int(seconds)):
            self.clock.advance(timedelta(seconds=1))
            while await self.inbox.held.step():
                pass

    async def effects(self, handler: str = "withdraw", tenant: str = TENANT) -> dict[UUID, list[int]]:
        """Sequences that the handler was run for, by aggregate, in the order it was run."""
        rows = await self.database.statement(
            "WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true))"
            " SELECT aggregate, sequence FROM scope, effect WHERE handler = $2 ORDER BY position",
            tenant,
            handler,
        )
        found: dict[UUID, list[int]] = defaultdict(list)
        for row in rows:
            found[row["aggregate"]].append(row["sequence"])
        return dict(found)

    async def held(self) -> list[tuple[int | None, str, str | None]]:
        """(sequence, state, reason) of everything that is held, in order."""
        rows = await everything(self.database, "held_event ORDER BY aggregate, sequence")
        return [(row["sequence"], row["state"], row["reason"]) for row in rows]


async def everything(database: Database, table: str) -> list[Any]:
    """`SELECT *` in the scope of the infrastructure."""
    return await database.statement(
        f"WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', '*', true)) SELECT * FROM scope, {table}"  # noqa: S608
    )


async def bench(
    database: Database,
    *,
    log: EventLog | None = None,
    name: str = "parcel",
    handlers: Handlers | None = None,
    **more: Any,
) -> Bench:
    """An inbox whose clock stands still, begun before any event of the test was made."""
    trouble = more.pop("trouble", None) or Trouble()
    clock = FrozenClock(datetime.now(UTC) - timedelta(hours=1))
    more = {"topics": [TOPIC], "tenants": {TENANT, "other"}, "attempts": QUICK, "asks": QUICK, **more}
    inbox = Inbox(database, log or NoLog(), name, handlers or effect_handlers(trouble), clock=clock, **more)
    await inbox.begin()
    return Bench(database, clock, inbox, trouble)
