"""What is attached: to requests, and receipts to ledgers. The content lies in a store, under the key of whose it is."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime

TO_REMOVE = "removed IS NOT NULL AND gone IS NULL"
"""As the index and `queries.to_remove` have it, word for word."""


class Attachment(Base):
    """Content under context `attachment.content:<id>`, the name under `attachment.name:<id>`."""

    __tablename__ = "attachment"
    __table_args__ = (
        CheckConstraint("(request IS NULL) <> (activity IS NULL)", name="of_a_request_or_a_ledger"),
        Index(None, "tenant", "request", "id"),
        Index(
            "ix_attachment_of_ledger",
            "tenant",
            "activity",
            "id",
            postgresql_where=text("activity IS NOT NULL"),
        ),
        Index(None, "tenant", "resident", "id"),
        # What lies in the store is looked for here by its name.
        Index(None, "tenant", "object", unique=True),
        Index("ix_attachment_to_remove", "tenant", "id", postgresql_where=text(TO_REMOVE)),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    request: Mapped[UUID | None] = mapped_column(ForeignKey("request.id"))
    activity: Mapped[UUID | None] = mapped_column(ForeignKey("activity.id"))
    """Whose ledger it is a receipt of."""
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"))
    """Whose key it is under."""
    object: Mapped[str] = mapped_column(String(96))
    """Its name in the store."""
    media_type: Mapped[str] = mapped_column(String(32))
    size: Mapped[int]
    """Bytes of the content, not encrypted."""
    width: Mapped[int | None]
    height: Mapped[int | None]
    name: Mapped[bytes | None]
    added: Mapped[datetime] = mapped_column(UtcTime)
    role: Mapped[str] = mapped_column(String(16))
    """Who added it."""
    actor: Mapped[str] = mapped_column(String(255))
    removed: Mapped[datetime | None] = mapped_column(UtcTime)
    """Since when it is not shown any more."""
    gone: Mapped[datetime | None] = mapped_column(UtcTime)
    """When its object was removed from the store."""
