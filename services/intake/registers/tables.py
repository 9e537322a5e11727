"""Runs of an import, with their rows until they are applied or a day has passed."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Index, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class RegisterRun(Base):
    __tablename__ = "register_run"
    __table_args__ = (Index(None, "tenant", "opened"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(16))
    opened: Mapped[datetime] = mapped_column(UtcTime)
    by: Mapped[str] = mapped_column(String(255))
    applied: Mapped[datetime | None] = mapped_column(UtcTime)


class RegisterKey(Base):
    """The data key of a run's rows, wrapped by a master key; destroyed when the run ends."""

    __tablename__ = "register_key"

    run: Mapped[UUID] = mapped_column(ForeignKey("register_run.id"), primary_key=True)
    wrapped: Mapped[bytes]


class RegisterRow(Base):
    """One row of the file, encrypted with the run's key (context `register_row.sealed:<run>/<number>`)."""

    __tablename__ = "register_row"
    __table_args__ = (Index(None, "run", "outcome", "number"),)

    run: Mapped[UUID] = mapped_column(ForeignKey("register_run.id"), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    """Its line in the file, from 1; the header is line 1."""
    outcome: Mapped[str] = mapped_column(String(16))
    resident: Mapped[UUID | None] = mapped_column(ForeignKey("resident.id"), index=True)
    fields: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    """What it would change, or changed."""
    problems: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    """Why it is refused: fields and codes, no value."""
    sealed: Mapped[bytes | None]
    """None once it is applied."""
    applied: Mapped[datetime | None] = mapped_column(UtcTime)
