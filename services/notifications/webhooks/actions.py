"""Making, changing and removing webhooks, and owing them deliveries."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.telling.drafts import Heard
from services.notifications.webhooks.body import body_of, trial_body
from services.notifications.webhooks.queries import owned
from services.notifications.webhooks.rules import (
    MOST_PER_OWNER,
    OVERLAP,
    TEST_EVENT,
    DeliveryNotFound,
    DeliveryUnderWay,
    TooManyWebhooks,
    WebhookNotFound,
    WebhookState,
)
from services.notifications.webhooks.secrets import Secrets
from services.notifications.webhooks.tables import Webhook, WebhookDelivery, WebhookEvent
from shared.database import new_id, scope_of

DELIVERY_DUE = "webhook_due"
"""The NOTIFY channel that wakes the senders."""

_NOTIFY = text(f"SELECT pg_notify('{DELIVERY_DUE}', '')")


async def create(
    session: AsyncSession, secrets: Secrets, *, owner: str, url: str, events: list[str], now: datetime
) -> UUID:
    """Raises TooManyWebhooks, NoMasterKey."""
    # The lock makes the count hold: two calls of one account at once do not both see room.
    await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:owner, 0))"), {"owner": owner})
    count = await session.scalar(select(func.count()).where(Webhook.owner == owner))
    if (count or 0) >= MOST_PER_OWNER:
        raise TooManyWebhooks(most=MOST_PER_OWNER)
    id = new_id()
    await session.execute(
        insert(Webhook).values(
            id=id,
            owner=owner,
            url=url,
            events=events,
            state=WebhookState.ACTIVE,
            created=now,
            **secrets.new(id),
        )
    )
    return id


async def change(session: AsyncSession, webhook: Webhook, *, url: str, events: list[str], state: str) -> int:
    """Gives the new version. Activating forgets the failures of before."""
    values: dict[str, object] = {"url": url, "events": events, "state": state}
    if state == WebhookState.ACTIVE and webhook.state != WebhookState.ACTIVE:
        values |= {"failing_since": None, "failures": 0}
    version: int = (
        await session.execute(
            update(Webhook)
            .where(Webhook.id == webhook.id)
            .values(**values, version=Webhook.version + 1)
            .returning(Webhook.version)
        )
    ).scalar_one()
    await session.execute(_NOTIFY)
    return version


async def rotate(session: AsyncSession, secrets: Secrets, webhook: Webhook, now: datetime) -> datetime:
    """A new secret beside the old one. Gives when the old one ends."""
    columns = secrets.rotated(
        {"id": webhook.id, "wrapped_key": webhook.wrapped_key, "secret": webhook.secret}, now
    )
    await session.execute(
        update(Webhook).where(Webhook.id == webhook.id).values(**columns, version=Webhook.version + 1)
    )
    return now + OVERLAP


async def remove(session: AsyncSession, owner: str, id: UUID) -> None:
    """With its deliveries. Raises WebhookNotFound."""
    statement = delete(Webhook).where(Webhook.id == id, Webhook.owner == owner).returning(Webhook.id)
    if (await session.execute(statement)).scalar_one_or_none() is None:
        raise WebhookNotFound


async def owe(session: AsyncSession, events: Sequence[Heard], now: datetime) -> int:
    """A delivery for each active webhook that subscribed to an event, once. Gives how many were made."""
    active = (
        await session.execute(
            select(Webhook.id, Webhook.events, Webhook.created).where(Webhook.state == WebhookState.ACTIVE)
        )
    ).all()
    pairs = [
        (event, webhook.id)
        for event in events
        for webhook in active
        # What happened before it was made, and is only replayed, is none of its business.
        if webhook.created <= event.time and (not webhook.events or event.type in webhook.events)
    ]
    if not pairs:
        return 0
    tenant = scope_of(session)
    bodies = [
        {
            "id": event.id,
            "event": event.type,
            "about": event.subject,
            "correlation": event.correlation,
            "traceparent": event.traceparent,
            "body": body_of(event, tenant),
            "created": now,
        }
        for event in {event.id: event for event, _ in pairs}.values()
    ]
    await session.execute(upsert(WebhookEvent).values(bodies).on_conflict_do_nothing())
    return await _deliver(session, [(event.id, webhook, 1) for event, webhook in pairs], now)


async def send_trial(session: AsyncSession, webhook: UUID, now: datetime) -> UUID:
    """A test delivery, through the same path as any other. Gives its event's id."""
    id = new_id()
    body = trial_body(id, webhook, now, scope_of(session))
    await session.execute(
        insert(WebhookEvent).values(
            id=id, event=TEST_EVENT, about=webhook, correlation=id, body=body, created=now
        )
    )
    await _deliver(session, [(id, webhook, 1)], now)
    return id


async def redeliver(session: AsyncSession, owner: str, webhook: UUID, id: UUID, now: datetime) -> UUID:
    """The same event once more, as a new delivery. Raises WebhookNotFound, DeliveryNotFound, DeliveryUnderWay."""
    await owned(session, owner, webhook)
    old = await session.scalar(
        select(WebhookDelivery).where(WebhookDelivery.id == id, WebhookDelivery.webhook == webhook)
    )
    if old is None:
        raise DeliveryNotFound
    if old.finished is None:
        raise DeliveryUnderWay
    last = await session.scalar(
        select(func.max(WebhookDelivery.round)).where(
            WebhookDelivery.webhook == webhook, WebhookDelivery.event_id == old.event_id
        )
    )
    made = await _deliver(session, [(old.event_id, webhook, (last or 0) + 1)], now)
    if not made:
        raise DeliveryUnderWay
    return old.event_id


async def _deliver(session: AsyncSession, owed: Sequence[tuple[UUID, UUID, int]], now: datetime) -> int:
    """`owed`: event, webhook, round."""
    rows = [
        {
            "id": new_id(),
            "webhook": webhook,
            "event_id": event,
            "round": round,
            "state": "created",
            "created": now,
            "not_before": now,
        }
        for event, webhook, round in owed
    ]
    made = await session.execute(
        upsert(WebhookDelivery).values(rows).on_conflict_do_nothing().returning(WebhookDelivery.id)
    )
    count = len(made.all())
    if count:
        await session.execute(_NOTIFY)
    return count
