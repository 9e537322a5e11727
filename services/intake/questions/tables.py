"""The questions that a community asks, by category. A set is never changed: the next version takes its place."""

from datetime import datetime
from typing import Any

from sqlalchemy import String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import OWN_TENANT, Base
from shared.database import UtcTime


class QuestionSet(Base):
    """In clear: questions are a community's, and about nobody."""

    __tablename__ = "question_set"

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    category: Mapped[str] = mapped_column(String(6), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """From 1 on; the highest is in use."""
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    """`rules.Question` in the order in which they are asked; empty where nothing is asked any more."""
    defined: Mapped[datetime] = mapped_column(UtcTime)
    role: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(255))
