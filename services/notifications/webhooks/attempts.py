"""What an attempt at a delivery came to: written by the one who holds the lease, with the events that follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.clients.webhook import Answer
from services.notifications.messages.causes import cause
from services.notifications.messages.rules import Channel, State
from services.notifications.webhooks.queries import DueDelivery
from services.notifications.webhooks.rules import WebhookState, gives_up, retry_after
from shared.contracts.base import Event
from shared.contracts.notifications import MessageDelivered, MessageFailed, RecipientKind, WebhookDisabled
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import record_each

TEMPLATE = "webhook"
"""What our events name where other messages name their template."""

_MOST_AT_ONCE = 500
"""Deliveries that the attempt which disables a webhook ends itself, each with its event; a job ends the others."""

# First of all, in every transaction that ends an attempt: whoever disables the webhook goes on to its deliveries, and
# would otherwise wait for one that waits for the webhook.
_LOCK = text("SELECT id FROM webhook WHERE id = :webhook FOR NO KEY UPDATE")

_FINISH = text("""
    UPDATE webhook_delivery SET state = :state, reason = :reason, status = :status, not_before = :retry_at,
           lease = NULL, finished = :finished
    WHERE id = :id AND lease = :lease RETURNING id
""")

_SUCCEEDED = text("""
    UPDATE webhook SET failing_since = NULL, failures = 0 WHERE id = :webhook AND failures > 0
""")

_FAILED = text("""
    UPDATE webhook SET failing_since = coalesce(failing_since, :now), failures = failures + 1 WHERE id = :webhook
    RETURNING failing_since, failures
""")

# The state is looked at again: only one of several attempts that end together disables it, and publishes that.
_DISABLE = text(f"""
    UPDATE webhook SET state = '{WebhookState.DISABLED}', disabled = :now, version = version + 1
    WHERE id = :webhook AND state = '{WebhookState.ACTIVE}' RETURNING id
""")  # noqa: S608 (constants only)

_FAIL_OPEN = text(f"""
    UPDATE webhook_delivery AS d SET state = '{State.PERMANENT_FAILURE}', reason = 'webhook_disabled',
           not_before = NULL, lease = NULL, finished = :now
    FROM webhook_event AS e
    WHERE d.id = ANY(ARRAY(
        SELECT open.id FROM webhook_delivery AS open JOIN webhook AS w ON w.id = open.webhook
        WHERE open.not_before IS NOT NULL AND w.state = '{WebhookState.DISABLED}' AND open.created <= w.disabled
        ORDER BY open.not_before, open.id LIMIT :most FOR UPDATE OF open SKIP LOCKED
    )) AND e.id = d.event_id
    RETURNING d.id, d.webhook, d.event_id, d.attempts, d.reason, e.event, e.about, e.correlation, e.traceparent
""")  # noqa: S608 (constants only)


@dataclass(frozen=True, slots=True)
class _End:
    state: State
    retry_at: datetime | None
    reason: str


async def end(session: AsyncSession, due: DueDelivery, answer: Answer, now: datetime) -> bool:
    """Write the end of an attempt. False where the lease had run out, and nothing was changed."""
    ended = _end(due, answer, now)
    await session.execute(_LOCK, {"webhook": due.row["webhook"]})
    written = await session.execute(
        _FINISH,
        {
            "id": due.row["id"],
            "lease": due.lease,
            "state": ended.state,
            "reason": None if answer.ok else ended.reason,
            "status": answer.status,
            "retry_at": ended.retry_at,
            "finished": None if ended.retry_at else now,
        },
    )
    if written.scalar_one_or_none() is None:
        return False
    events: list[tuple[Event, Envelope | None]] = []
    if ended.retry_at is None:
        events.append((_told(due.row, ended.state, ended.reason), cause(due.row)))
    events += await _count(session, due.row["webhook"], answer, now)
    await record_each(session, events, at=now)
    return True


def _end(due: DueDelivery, answer: Answer, now: datetime) -> _End:
    if answer.ok:
        return _End(State.DELIVERED, None, answer.reason)
    pause = retry_after(due.row["attempts"])
    if answer.gone or pause is None:
        return _End(State.PERMANENT_FAILURE, None, answer.reason)
    return _End(State.TEMPORARY_FAILURE, now + max(pause, answer.retry_after or timedelta(0)), answer.reason)


async def _count(
    session: AsyncSession, webhook: UUID, answer: Answer, now: datetime
) -> Sequence[tuple[Event, Envelope | None]]:
    """Keep count of failures in a row, and end a webhook that failed for too long, or is gone."""
    if answer.ok:
        await session.execute(_SUCCEEDED, {"webhook": webhook})
        return []
    failed = (await session.execute(_FAILED, {"webhook": webhook, "now": now})).one_or_none()
    if failed is None or not (answer.gone or gives_up(failed.failing_since, now)):
        return []
    if (await session.execute(_DISABLE, {"webhook": webhook, "now": now})).scalar_one_or_none() is None:
        return []
    await fail_open(session, now, most=_MOST_AT_ONCE)
    return [(WebhookDisabled(webhook=webhook, failures=failed.failures), None)]


async def fail_open(session: AsyncSession, now: datetime, *, most: int) -> int:
    """End what was open at webhooks when they were disabled. Gives how many; less than `most` means that none is left."""
    rows = (await session.execute(_FAIL_OPEN, {"now": now, "most": most})).mappings().all()
    failed = [(_told(row, State.PERMANENT_FAILURE, row["reason"]), cause(row)) for row in rows]
    await record_each(session, failed, at=now)
    return len(rows)


def _told(row: RowMapping, state: State, reason: str) -> MessageDelivered | MessageFailed:
    common = {
        "message": row["id"],
        "about": row["about"],
        "event": row["event"],
        "recipient": row["webhook"],
        "recipient_kind": RecipientKind.PORTAL,
        "channel": Channel.WEBHOOK,
        "template": TEMPLATE,
        "attempt": row["attempts"],
    }
    if state is State.DELIVERED:
        return MessageDelivered(**common)
    return MessageFailed(**common, state=state, reason=reason)
