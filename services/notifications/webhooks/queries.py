"""Reading webhooks and their deliveries, and taking deliveries that are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.webhooks.rules import WebhookNotFound, WebhookState
from services.notifications.webhooks.tables import Webhook

_DELIVERIES = text("""
    SELECT d.id, d.event_id, e.event, e.about, d.round, d.state, d.attempts, d.reason, d.status, d.created, d.not_before,
           d.finished
    FROM webhook_delivery AS d JOIN webhook_event AS e ON e.id = d.event_id
    WHERE d.webhook = :webhook AND (CAST(:before AS uuid) IS NULL OR d.id < :before)
    ORDER BY d.id DESC LIMIT :most
""")

_CLAIM = text(f"""
    WITH due AS (
        SELECT d.id FROM webhook_delivery AS d JOIN webhook AS w ON w.id = d.webhook
        WHERE d.not_before <= :now AND w.state = '{WebhookState.ACTIVE}'
        ORDER BY d.not_before, d.id LIMIT :most FOR UPDATE OF d SKIP LOCKED
    ), claimed AS (
        UPDATE webhook_delivery AS d SET lease = :lease, not_before = :until, state = 'sending',
               attempts = d.attempts + 1
        WHERE d.id = ANY(ARRAY(SELECT id FROM due))
        RETURNING d.id, d.webhook, d.event_id, d.attempts
    )
    SELECT claimed.*, e.event, e.about, e.correlation, e.traceparent, e.body,
           w.url, w.wrapped_key, w.secret, w.old_secret, w.old_secret_until
    FROM claimed JOIN webhook_event AS e ON e.id = claimed.event_id JOIN webhook AS w ON w.id = claimed.webhook
    ORDER BY claimed.id
""")  # noqa: S608 (constants only)

_NEXT_DUE = text(f"""
    SELECT min(d.not_before) FROM webhook_delivery AS d JOIN webhook AS w ON w.id = d.webhook
    WHERE d.not_before IS NOT NULL AND w.state = '{WebhookState.ACTIVE}'
""")  # noqa: S608 (constants only)


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery in the hands of one sender; this attempt is counted already."""

    lease: UUID
    until: datetime
    row: RowMapping
    """Delivery, event and webhook, see the query."""


async def owned(session: AsyncSession, owner: str, id: UUID) -> Webhook:
    """Raises WebhookNotFound, for somebody else's too."""
    row = await session.scalar(select(Webhook).where(Webhook.id == id, Webhook.owner == owner))
    if row is None:
        raise WebhookNotFound
    return row


async def owned_by(session: AsyncSession, owner: str) -> Sequence[Webhook]:
    """An account's webhooks in the order they were made; there are at most a few."""
    return (await session.scalars(select(Webhook).where(Webhook.owner == owner).order_by(Webhook.id))).all()


async def deliveries(
    session: AsyncSession, webhook: UUID, *, before: UUID | None, most: int
) -> Sequence[RowMapping]:
    """The newest first."""
    parameters = {"webhook": webhook, "before": before, "most": most}
    return (await session.execute(_DELIVERIES, parameters)).mappings().all()


async def claim(
    session: AsyncSession, *, lease: UUID, now: datetime, lasting: timedelta, most: int
) -> list[DueDelivery]:
    until = now + lasting
    parameters: dict[str, Any] = {"now": now, "most": most, "lease": lease, "until": until}
    rows = (await session.execute(_CLAIM, parameters)).mappings()
    return [DueDelivery(lease, until, row) for row in rows]


async def next_due(session: AsyncSession) -> datetime | None:
    due: datetime | None = (await session.execute(_NEXT_DUE)).scalar_one()
    return due
