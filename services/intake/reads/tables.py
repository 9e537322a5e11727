"""Questions that residents ask about reads of their data, with their answers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class ReadQuestion(Base):
    """Words are encrypted with the resident's key, context `read_question.<field>:<id>`. It goes with its read."""

    __tablename__ = "read_question"
    __table_args__ = (
        ForeignKeyConstraint(
            ["resident", "read"], ["personal_read.resident", "personal_read.id"], ondelete="CASCADE"
        ),
        Index(None, "resident", "read", unique=True),
        Index("ix_read_question_open", "tenant", "due", "id", postgresql_where=text("answered IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    resident: Mapped[UUID]
    read: Mapped[int] = mapped_column(BigInteger)
    question: Mapped[bytes]
    asked: Mapped[datetime] = mapped_column(UtcTime)
    due: Mapped[datetime] = mapped_column(UtcTime)
    due_provisional: Mapped[bool]
    answer: Mapped[bytes | None]
    answered: Mapped[datetime | None] = mapped_column(UtcTime)
    answered_by: Mapped[str | None] = mapped_column(String(255))
