"""Texts that residents agree to, and what each resident said of them. Neither is ever changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class ConsentText(Base):
    """One version of what is asked for one purpose, in both languages."""

    __tablename__ = "consent_text"
    __table_args__ = (Index(None, "tenant", "purpose", "version", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    version: Mapped[int]
    zh: Mapped[str] = mapped_column(Text)
    en: Mapped[str] = mapped_column(Text)
    in_force: Mapped[datetime] = mapped_column(UtcTime)
    """From when on this version is the one that is asked."""
    published: Mapped[datetime] = mapped_column(UtcTime)
    published_by: Mapped[str] = mapped_column(String(255))


class Consent(Base):
    """One declaration of a resident, or of a guardian for them: given or withdrawn. The latest of a purpose holds."""

    __tablename__ = "consent"
    __table_args__ = (Index(None, "tenant", "text"),)

    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32))
    text: Mapped[UUID] = mapped_column(ForeignKey("consent_text.id"))
    """The words that it is about; of a withdrawal, those that had been agreed to."""
    given: Mapped[bool]
    channel: Mapped[str] = mapped_column(String(16))
    by_role: Mapped[str] = mapped_column(String(16))
    by: Mapped[str] = mapped_column(String(255))
    """Who declared it or took it down: the resident, a guardian, a worker at the window."""
    at: Mapped[datetime] = mapped_column(UtcTime)
