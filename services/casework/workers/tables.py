"""Workers, their absences, and who read their personal data."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.tables import Base
from shared.database import UtcTime


class Worker(Base):
    __tablename__ = "worker"
    __table_args__ = (
        Index("uq_worker_staff_number", "tenant", "staff_number", unique=True),
        Index("uq_worker_account", "tenant", "account", unique=True),
        CheckConstraint("weekly_minutes > 0", name="has_hours"),
        CheckConstraint("open_minutes >= 0 AND open_cases >= 0", name="load_counts"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    account: Mapped[str] = mapped_column(String(255))
    """The `sub` of the worker's tokens; the worker's id where the issuer knows nothing better."""
    staff_number: Mapped[str] = mapped_column(String(32))
    data_key: Mapped[bytes] = mapped_column(LargeBinary)
    """The worker's own data key, wrapped; name, phone and email are encrypted with it."""
    name: Mapped[bytes] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    language: Mapped[str] = mapped_column(String(2))
    gender: Mapped[str | None] = mapped_column(String(48))
    weekly_minutes: Mapped[int]
    skills: Mapped[list[str]] = mapped_column(ARRAY(String(48)))
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    """Counts the changes of what is above; loads do not touch it."""
    open_minutes: Mapped[int] = mapped_column(server_default=text("0"))
    """Sum of the estimated efforts of the worker's open cases, kept in the transaction of every move."""
    open_cases: Mapped[int] = mapped_column(server_default=text("0"))
    overloaded: Mapped[bool] = mapped_column(server_default=text("false"))
    """The open minutes passed the cap, and this was published."""
    turn: Mapped[int] = mapped_column(server_default=text("0"))
    """Grows with each case that the policy gives; the lowest has waited longest."""
    created_at: Mapped[datetime] = mapped_column(UtcTime, server_default=func.now())


class WorkerAbsence(Base):
    __tablename__ = "worker_absence"
    __table_args__ = (
        CheckConstraint("first_day <= last_day", name="in_order"),
        ExcludeConstraint(
            ("tenant", "="),
            ("worker", "="),
            (text("daterange(first_day, last_day, '[]')"), "&&"),
            name="ex_worker_absence_once_a_day",
            using="gist",
        ),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    worker: Mapped[UUID] = mapped_column(ForeignKey("worker.id"))
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(48))
    recorded_by: Mapped[str] = mapped_column(String(255))
    recorded_at: Mapped[datetime] = mapped_column(UtcTime)


class WorkerRead(Base):
    """One reading of workers' personal data: who, what, of whom, for what purpose, when."""

    __tablename__ = "worker_read"
    __table_args__ = (Index("ix_worker_read_workers", "workers", postgresql_using="gin"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)
    reader: Mapped[str] = mapped_column(String(255))
    purpose: Mapped[str] = mapped_column(String(48))
    fields: Mapped[list[str]] = mapped_column(ARRAY(String(48)))
    workers: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
