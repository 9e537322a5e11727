"""What people chose; who never chose has no row."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import String, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.notifications.tables import Base
from shared.database import UtcTime


class PreferenceRow(Base):
    __tablename__ = "preference"

    person: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    """A resident's or a worker's id."""
    channels: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    language: Mapped[str | None] = mapped_column(String(2))
    opt_outs: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed: Mapped[datetime] = mapped_column(UtcTime)
