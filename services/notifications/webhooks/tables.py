"""Portals' webhooks, the events they are owed, and what became of each delivery."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.notifications.tables import Base
from shared.database import UtcTime


class Webhook(Base):
    """A subscription. Its secrets are encrypted with a data key of its own, wrapped by a master key."""

    __tablename__ = "webhook"
    __table_args__ = (Index("ix_webhook_owner", "tenant", "owner", "id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(255))
    """The account of the portal. None once it was removed: nobody sees it, and a job takes it away with its deliveries."""
    url: Mapped[str] = mapped_column(String(1000))
    events: Mapped[list[str]] = mapped_column(ARRAY(String(48)))
    """Event types; empty for all."""
    state: Mapped[str] = mapped_column(String(16))
    wrapped_key: Mapped[bytes] = mapped_column(LargeBinary)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    """Signs everything."""
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Signs beside it until `old_secret_until`, so that a portal can change over without losing a delivery."""
    old_secret_until: Mapped[datetime | None] = mapped_column(UtcTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcTime)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    """Failed attempts in a row."""
    disabled: Mapped[datetime | None] = mapped_column(UtcTime)
    """When it was last disabled. What was open then fails; what was asked for since waits until it is active again."""
    created: Mapped[datetime] = mapped_column(UtcTime)
    version: Mapped[int] = mapped_column(server_default=text("1"))


class WebhookEvent(Base):
    """The body that every subscriber of an event gets, byte for byte the same at each attempt."""

    __tablename__ = "webhook_event"
    __table_args__ = (
        Index("ix_webhook_event_about", "tenant", "about"),
        Index("ix_webhook_event_created", "tenant", "created"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    """The event's id."""
    event: Mapped[str] = mapped_column(String(48))
    about: Mapped[UUID] = mapped_column(Uuid)
    correlation: Mapped[UUID] = mapped_column(Uuid)
    traceparent: Mapped[str | None] = mapped_column(String(200))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[datetime] = mapped_column(UtcTime)


class WebhookDelivery(Base):
    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("tenant", "webhook", "event_id", "round", name="uq_webhook_delivery_once"),
        CheckConstraint(
            "finished IS NULL OR (not_before IS NULL AND lease IS NULL)", name="final_is_at_rest"
        ),
        Index(
            "ix_webhook_delivery_due",
            "tenant",
            "not_before",
            "id",
            postgresql_where=text("not_before IS NOT NULL"),
        ),
        Index("ix_webhook_delivery_webhook", "tenant", "webhook", "id"),
        Index("ix_webhook_delivery_event", "tenant", "event_id"),
        # For the foreign keys: what they look for has no tenant, since the database's own checks bypass its policies.
        Index("ix_webhook_delivery_of_webhook", "webhook"),
        Index("ix_webhook_delivery_of_event", "event_id"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    webhook: Mapped[UUID] = mapped_column(ForeignKey("webhook.id", ondelete="CASCADE"))
    event_id: Mapped[UUID] = mapped_column(ForeignKey("webhook_event.id", ondelete="CASCADE"))
    round: Mapped[int] = mapped_column(server_default=text("1"))
    """1, and one more for each time the portal asked for it again."""
    state: Mapped[str] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str | None] = mapped_column(String(48))
    status: Mapped[int | None]
    """HTTP status of the last answer."""
    created: Mapped[datetime] = mapped_column(UtcTime)
    not_before: Mapped[datetime | None] = mapped_column(UtcTime)
    lease: Mapped[UUID | None] = mapped_column(Uuid)
    finished: Mapped[datetime | None] = mapped_column(UtcTime)
