"""Portals' webhooks: each account sees and changes its own only."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.settings import NotificationsSettings
from services.notifications.webhooks.actions import change, create, redeliver, remove, rotate, send_trial
from services.notifications.webhooks.queries import deliveries, owned, owned_by
from services.notifications.webhooks.rules import (
    DeliveryNotFound,
    DeliveryUnderWay,
    TooManyWebhooks,
    UnknownEventType,
    UnsafeUrl,
    WebhookNotFound,
    WebhookState,
    checked_events,
    checked_url,
)
from services.notifications.webhooks.secrets import NoMasterKey, Secrets
from services.notifications.webhooks.tables import Webhook
from shared.security import permit
from shared.web import Call, Cursor, Model, Page, Text, cursor_query, limit_query, page, provided, refuses

router = APIRouter(tags=["webhooks"])
MANAGE = "webhooks:manage"


class NewWebhook(Model):
    url: Annotated[str, Text(1000)]
    events: list[Annotated[str, Field(pattern=r"^[a-z][a-z_.]*$", max_length=48)]] = Field(
        default_factory=list, max_length=100
    )
    """Event types; none for all."""


class ChangedWebhook(NewWebhook):
    state: Literal[WebhookState.ACTIVE, WebhookState.PAUSED] = WebhookState.ACTIVE


class MadeWebhook(Model):
    id: UUID


class ShownWebhook(Model):
    id: UUID
    url: str
    events: list[str]
    state: WebhookState
    failing_since: datetime | None
    failures: int
    """Failed attempts in a row."""
    old_secret_until: datetime | None
    created: datetime


class Webhooks(Model):
    items: list[ShownWebhook]


class ShownSecret(Model):
    secret: str
    """`whsec_…`, for any library of Standard Webhooks."""


class Rotated(Model):
    id: UUID
    old_secret_until: datetime


class Sent(Model):
    event_id: UUID
    """The `webhook-id` that the portal will see."""


class DeliveryLine(Model):
    id: UUID
    event_id: UUID
    event: str
    about: UUID
    round: int
    """1, and one more for each redelivery."""
    state: str
    attempts: int
    reason: str | None
    status: int | None
    """HTTP status of the last answer."""
    created: datetime
    not_before: datetime | None
    """When it is tried next."""
    finished: datetime | None


@router.post(
    "/v1/webhooks",
    status_code=201,
    responses=refuses(UnsafeUrl, UnknownEventType, TooManyWebhooks, NoMasterKey),
)
async def create_webhook(
    body: NewWebhook,
    call: Annotated[Call, permit(MANAGE)],
    secrets: Annotated[Secrets, provided(Secrets)],
    settings: Annotated[NotificationsSettings, provided(NotificationsSettings)],
) -> MadeWebhook:
    """The secret is read at `/v1/webhooks/{id}/secret`."""
    url = checked_url(body.url, development=settings.mode == "development")
    events = checked_events(body.events)

    async def make(session: AsyncSession) -> MadeWebhook:
        owner = call.principal.subject
        return MadeWebhook(
            id=await create(session, secrets, owner=owner, url=url, events=events, now=call.now)
        )

    return await call.once(make)


@router.get("/v1/webhooks")
async def list_webhooks(call: Annotated[Call, permit(MANAGE)]) -> Webhooks:
    async with call.transaction() as session:
        return Webhooks(items=[_shown(row) for row in await owned_by(session, call.principal.subject)])


@router.get("/v1/webhooks/{id}", responses=refuses(WebhookNotFound))
async def get_webhook(id: UUID, call: Annotated[Call, permit(MANAGE)]) -> ShownWebhook:
    async with call.transaction() as session:
        webhook = await owned(session, call.principal.subject, id)
    call.etag(webhook.version)
    return _shown(webhook)


@router.put("/v1/webhooks/{id}", responses=refuses(WebhookNotFound, UnsafeUrl, UnknownEventType))
async def put_webhook(
    id: UUID,
    body: ChangedWebhook,
    call: Annotated[Call, permit(MANAGE)],
    settings: Annotated[NotificationsSettings, provided(NotificationsSettings)],
) -> ShownWebhook:
    """Change it; `active` also brings one back that was disabled for failing. Needs If-Match."""
    url = checked_url(body.url, development=settings.mode == "development")
    events = checked_events(body.events)
    async with call.transaction() as session:
        webhook = await owned(session, call.principal.subject, id)
        call.require_match(webhook.version)
        version = await change(session, webhook, url=url, events=events, state=body.state)
        await session.refresh(webhook)
    call.etag(version)
    return _shown(webhook)


@router.delete("/v1/webhooks/{id}", status_code=204, responses=refuses(WebhookNotFound))
async def delete_webhook(id: UUID, call: Annotated[Call, permit(MANAGE)]) -> None:
    async with call.transaction() as session:
        await remove(session, call.principal.subject, id)


@router.get("/v1/webhooks/{id}/secret", responses=refuses(WebhookNotFound, NoMasterKey))
async def get_secret(
    id: UUID, call: Annotated[Call, permit(MANAGE)], secrets: Annotated[Secrets, provided(Secrets)]
) -> ShownSecret:
    async with call.transaction() as session:
        webhook = await owned(session, call.principal.subject, id)
    return ShownSecret(secret=secrets.active(_columns(webhook), call.now)[0])


@router.post("/v1/webhooks/{id}/rotations", status_code=201, responses=refuses(WebhookNotFound, NoMasterKey))
async def rotate_secret(
    id: UUID, call: Annotated[Call, permit(MANAGE)], secrets: Annotated[Secrets, provided(Secrets)]
) -> Rotated:
    """A new secret; for a day both sign, so nothing is lost while the portal changes over."""

    async def turn(session: AsyncSession) -> Rotated:
        webhook = await owned(session, call.principal.subject, id)
        return Rotated(id=id, old_secret_until=await rotate(session, secrets, webhook, call.now))

    return await call.once(turn)


@router.post("/v1/webhooks/{id}/tests", status_code=202, responses=refuses(WebhookNotFound))
async def test_webhook(id: UUID, call: Annotated[Call, permit(MANAGE)]) -> Sent:
    """Send a `webhook.test` event; the delivery log shows what came of it."""

    async def send(session: AsyncSession) -> Sent:
        webhook = await owned(session, call.principal.subject, id)
        return Sent(event_id=await send_trial(session, webhook.id, call.now))

    return await call.once(send)


@router.get("/v1/webhooks/{id}/deliveries", responses=refuses(WebhookNotFound))
async def list_deliveries(
    id: UUID,
    call: Annotated[Call, permit(MANAGE)],
    cursor: Annotated[Cursor | None, cursor_query] = None,
    limit: Annotated[int, limit_query] = 50,
) -> Page[DeliveryLine]:
    """The newest first."""
    before = cursor.take(UUID)[0] if cursor else None
    async with call.transaction() as session:
        await owned(session, call.principal.subject, id)
        rows = await deliveries(session, id, before=before, most=limit + 1)
    return page(rows, limit, item=_line, position=lambda row: (row["id"],))


@router.post(
    "/v1/webhooks/{id}/deliveries/{delivery}/redelivery",
    status_code=202,
    responses=refuses(WebhookNotFound, DeliveryNotFound, DeliveryUnderWay),
)
async def redeliver_event(id: UUID, delivery: UUID, call: Annotated[Call, permit(MANAGE)]) -> Sent:
    """Send the same event again, whatever became of this delivery, once it has ended."""

    async def send(session: AsyncSession) -> Sent:
        return Sent(event_id=await redeliver(session, call.principal.subject, id, delivery, call.now))

    return await call.once(send)


def _columns(webhook: Webhook) -> dict[str, object]:
    names = ("id", "wrapped_key", "secret", "old_secret", "old_secret_until")
    return {name: getattr(webhook, name) for name in names}


def _shown(webhook: Webhook) -> ShownWebhook:
    return ShownWebhook(
        id=webhook.id,
        url=webhook.url,
        events=webhook.events,
        state=WebhookState(webhook.state),
        failing_since=webhook.failing_since,
        failures=webhook.failures,
        old_secret_until=webhook.old_secret_until,
        created=webhook.created,
    )


def _line(row: RowMapping) -> DeliveryLine:
    return DeliveryLine(**row)
