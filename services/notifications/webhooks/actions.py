"""Making, changing and removing webhooks, and owing them deliveries."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import delete, func, insert, select, text, update
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
from shared.database import new_id, rows_changed, scope_of

DELIVERY_DUE = "webhook_due"
"""The NOTIFY channel that wakes the senders."""

_NOTIFY = text(f"SELECT pg_notify('{DELIVERY_DUE}', '')")

_AT_ONCE = 5000
"""Deliveries that one statement makes: of a batch of events, each event may be owed to every webhook."""

_KEEP = text("""
    INSERT INTO webhook_event (id, event, about, correlation, traceparent, body, created)
    SELECT new.*, :now FROM unnest(
        CAST(:ids AS uuid[]), CAST(:events AS text[]), CAST(:abouts AS uuid[]), CAST(:correlations AS uuid[]),
        CAST(:traceparents AS text[]), CAST(:bodies AS bytea[])) AS new
    ON CONFLICT DO NOTHING
""")

_OWE = text("""
    INSERT INTO webhook_delivery (id, event_id, webhook, round, state, created, not_before)
    SELECT new.*, 'created', :now, :now FROM unnest(
        CAST(:ids AS uuid[]), CAST(:events AS uuid[]), CAST(:webhooks AS uuid[]), CAST(:rounds AS int[])) AS new
    ON CONFLICT DO NOTHING
""")

# ARRAY, so that each is found by its key.
_FORGET_DELIVERIES = text("""
    DELETE FROM webhook_delivery WHERE id = ANY(ARRAY(
        SELECT id FROM webhook_delivery WHERE webhook = :webhook ORDER BY id LIMIT :most FOR UPDATE SKIP LOCKED))
""")


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
    """Gives the new version. Activating forgets the failures of before. Raises WebhookNotFound for one just removed."""
    values: dict[str, object] = {"url": url, "events": events, "state": state}
    if state == WebhookState.ACTIVE and webhook.state != WebhookState.ACTIVE:
        values |= {"failing_since": None, "failures": 0}
    version: int | None = (
        await session.execute(
            update(Webhook)
            .where(Webhook.id == webhook.id, Webhook.owner == webhook.owner)
            .values(**values, version=Webhook.version + 1)
            .returning(Webhook.version)
        )
    ).scalar_one_or_none()
    if version is None:
        raise WebhookNotFound
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
    """From now on it is nobody's and nothing is sent to it. Raises WebhookNotFound.

    It has the deliveries of a month, so a job takes them away, see `forget_removed`.
    """
    statement = (
        update(Webhook)
        .where(Webhook.id == id, Webhook.owner == owner)
        .values(owner=None, state=WebhookState.PAUSED)
        .returning(Webhook.id)
    )
    if (await session.execute(statement)).scalar_one_or_none() is None:
        raise WebhookNotFound


async def forget_removed(session: AsyncSession, *, most: int) -> bool:
    """Take away some deliveries of a webhook that was removed, or itself if none is left. False: there is no such."""
    webhook = await session.scalar(select(Webhook.id).where(Webhook.owner.is_(None)).limit(1))
    if webhook is None:
        return False
    if not await rows_changed(session, _FORGET_DELIVERIES, {"webhook": webhook, "most": most}):
        # In a transaction without deliveries in hand: an attempt that ends locks the webhook first, then its delivery.
        await session.execute(delete(Webhook).where(Webhook.id == webhook))
    return True


async def owe(session: AsyncSession, events: Sequence[Heard], now: datetime) -> int:
    """A delivery for each active webhook that subscribed to an event, once. Gives how many were made."""
    active = (
        await session.execute(
            select(Webhook.id, Webhook.events, Webhook.created).where(Webhook.state == WebhookState.ACTIVE)
        )
    ).all()
    wanted = {
        event.id: [
            webhook.id
            for webhook in active
            # What happened before it was made, and is only replayed, is none of its business.
            if webhook.created <= event.time and (not webhook.events or event.type in webhook.events)
        ]
        for event in events
    }
    kept = [event for event in events if wanted[event.id]]
    if not kept:
        return 0
    tenant = scope_of(session)
    columns = {
        "ids": [event.id for event in kept],
        "events": [event.type for event in kept],
        "abouts": [event.subject for event in kept],
        "correlations": [event.correlation for event in kept],
        "traceparents": [event.traceparent for event in kept],
        "bodies": [body_of(event, tenant) for event in kept],
        "now": now,
    }
    await session.execute(_KEEP, columns)
    owed = ((event, webhook, 1) for event, webhooks in wanted.items() for webhook in webhooks)
    return await _deliver(session, owed, now)


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


async def _deliver(session: AsyncSession, owed: Iterable[tuple[UUID, UUID, int]], now: datetime) -> int:
    """`owed`: event, webhook, round."""
    rest, count = iter(owed), 0
    while piece := list(islice(rest, _AT_ONCE)):
        columns = {
            "ids": [new_id() for _ in piece],
            "events": [event for event, _, _ in piece],
            "webhooks": [webhook for _, webhook, _ in piece],
            "rounds": [round for _, _, round in piece],
            "now": now,
        }
        count += await rows_changed(session, _OWE, columns)
    if count:
        await session.execute(_NOTIFY)
    return count
