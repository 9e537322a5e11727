"""Grids and the places that each covers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from services.casework.tables import Base
from shared.database import UtcTime


class Grid(Base):
    __tablename__ = "grid"
    __table_args__ = (
        Index("uq_grid_code", "tenant", "code", unique=True),
        Index("uq_grid_catch_all", "tenant", unique=True, postgresql_where=text("catch_all")),
        Index("ix_grid_owner", "tenant", "owner"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    code: Mapped[str] = mapped_column(String(48))
    name: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    owner: Mapped[UUID] = mapped_column(ForeignKey("worker.id"))
    """Never empty: a grid without a named owner cannot exist (分片包干实名制)."""
    catch_all: Mapped[bool]
    retired: Mapped[bool] = mapped_column(server_default=text("false"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime] = mapped_column(UtcTime)


class GridPlace(Base):
    __tablename__ = "grid_place"
    __table_args__ = (
        Index("uq_grid_place_key", "tenant", "key", unique=True),
        Index("ix_grid_place_grid", "grid"),
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    grid: Mapped[UUID] = mapped_column(ForeignKey("grid.id"))
    place: Mapped[str] = mapped_column(String(24))
    """In the normal form of `shared.addressing`."""
    key: Mapped[str] = mapped_column(String(96))
    """What it covers: 三栋 and 3幢 are one place."""
