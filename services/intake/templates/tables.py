"""Templates as they are now, and every version that they had."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class AnswerTemplate(Base):
    """In clear: the community's words, about nobody."""

    __tablename__ = "answer_template"
    __table_args__ = (
        Index(
            "ix_answer_template_in_use", "tenant", "category", "id", postgresql_where=text("retired IS NULL")
        ),
        Index(None, "tenant", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    category: Mapped[str | None] = mapped_column(String(6))
    outcome: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(80))
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    changed: Mapped[datetime] = mapped_column(UtcTime)
    retired: Mapped[datetime | None] = mapped_column(UtcTime)
    """Since when nobody chooses it any more."""


class AnswerTemplateVersion(Base):
    """A template as it was from a moment on. Never changed."""

    __tablename__ = "answer_template_version"

    template: Mapped[UUID] = mapped_column(ForeignKey("answer_template.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    category: Mapped[str | None] = mapped_column(String(6))
    outcome: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(80))
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcTime)
    role: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(255))
