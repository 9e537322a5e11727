"""Readings of requests, and the models of a community's own.

A reading holds codes and numbers. The words that decided are some of the resident's own: they stand, encrypted, with what the
resident wrote (`request_text.evidence`), and go with it.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Float, ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import OWN_TENANT, Base
from shared.database import UtcTime

_CODE = String(48)


class RequestReading(Base):
    """What was proposed when a request was filed, and what was decided."""

    __tablename__ = "request_reading"
    __table_args__ = (
        Index("ix_request_reading_waiting", "tenant", "request", postgresql_where=text("decided IS NULL")),
        Index(
            "ix_request_reading_decided",
            "tenant",
            "decided_at",
            postgresql_where=text("decided IN ('confirmed', 'corrected')"),
        ),
    )

    request: Mapped[UUID] = mapped_column(ForeignKey("request.id"), primary_key=True)
    model: Mapped[str] = mapped_column(_CODE)
    category: Mapped[str] = mapped_column(String(6))
    confidence: Mapped[float] = mapped_column(Float)
    guesses: Mapped[list[Any]] = mapped_column(JSONB)
    """[category, probability] each, the best first."""
    urgency: Mapped[str] = mapped_column(String(16))
    belongs: Mapped[str] = mapped_column(String(16))
    conditions: Mapped[list[str]] = mapped_column(ARRAY(String(24)))
    decided: Mapped[str | None] = mapped_column(String(16))
    decided_category: Mapped[str | None] = mapped_column(String(6))
    decided_at: Mapped[datetime | None] = mapped_column(UtcTime)
    decided_by: Mapped[str | None] = mapped_column(String(255))


class ClassifierModel(Base):
    """A model that was trained on top of the shipped one with a community's own decisions."""

    __tablename__ = "classifier_model"
    __table_args__ = (
        # One at most is active in each community.
        Index("ix_classifier_model_active", "tenant", unique=True, postgresql_where=text("active")),
    )

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    version: Mapped[str] = mapped_column(_CODE, primary_key=True)
    created: Mapped[datetime] = mapped_column(UtcTime)
    model: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What it changes of the shipped model: `matrix`, `bias`, `temperature`, `learned`, and `base`, that one's version."""
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """Before and after, by cross-validation on the same decisions."""
    active: Mapped[bool]
