"""What operators want to know of a service's messages, as queries in the scope `*`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging import statements
from shared.messaging.failures import DeadLetterReason, HeldState

_OUTBOX = "SELECT unsent, oldest FROM outbox_backlog()"
_HELD = "SELECT state, reason, count(*) AS events FROM held_event WHERE consumer = $1 GROUP BY state, reason"
_BLOCKED = "SELECT count(*) AS streams FROM inbox_stream WHERE consumer = $1 AND head IS NOT NULL"
_REPLAYS = "SELECT id, consumer, sent FROM outbox_replay WHERE finished_at IS NULL ORDER BY id LIMIT 20"


@dataclass(frozen=True, slots=True)
class RunningReplay:
    id: UUID
    consumer: str | None
    sent: int


@dataclass(frozen=True, slots=True)
class State:
    """All numbers are of this moment. `oldest_unsent` in seconds, None when nothing is unsent."""

    unsent: int
    oldest_unsent: float | None
    held: Mapping[HeldState, int]
    dead: Mapping[DeadLetterReason, int]
    blocked_streams: int
    replays: Sequence[RunningReplay]


async def state_of(session: AsyncSession, consumer: str) -> State:
    (outbox,) = await statements.fetch(session, _OUTBOX)
    held = await statements.fetch(session, _HELD, consumer)
    (blocked,) = await statements.fetch(session, _BLOCKED, consumer)
    replays = await statements.fetch(session, _REPLAYS)
    return State(
        unsent=outbox.unsent,
        oldest_unsent=outbox.oldest,
        held={state: _sum(held, state) for state in HeldState},
        dead={DeadLetterReason(row.reason): row.events for row in held if row.state == HeldState.DEAD},
        blocked_streams=blocked.streams,
        replays=[RunningReplay(row.id, row.consumer, row.sent) for row in replays],
    )


def _sum(rows: Sequence[Any], state: HeldState) -> int:
    return sum(row.events for row in rows if row.state == state)
