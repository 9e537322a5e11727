"""Hot spots with their requests, the residents who said "me too", and how far the job has looked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import OWN_TENANT, Base
from shared.database import UtcTime


class HotSpot(Base):
    """Numbers are as of `measured`; place, grid and category are the commonest of its requests."""

    __tablename__ = "hot_spot"
    __table_args__ = (
        Index(None, "tenant", "heat", "id"),
        Index(None, "tenant", "state", "heat", "id"),
        Index(None, "tenant", "grid", "heat", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    category: Mapped[str | None] = mapped_column(String(6))
    grid: Mapped[UUID | None]
    place: Mapped[str | None] = mapped_column(String(24))
    requests: Mapped[int]
    residents: Mapped[int]
    votes: Mapped[int]
    heat: Mapped[int]
    measured: Mapped[datetime] = mapped_column(UtcTime)
    stale: Mapped[bool] = mapped_column(server_default=text("false"))
    """Votes were counted since, and heat and state do not know them."""
    first: Mapped[datetime] = mapped_column(UtcTime)
    last: Mapped[datetime] = mapped_column(UtcTime)
    announced: Mapped[datetime | None] = mapped_column(UtcTime)
    cooled: Mapped[datetime | None] = mapped_column(UtcTime)
    version: Mapped[int]


class HotSpotMember(Base):
    """A request belongs to at most one hot spot, and stays in it."""

    __tablename__ = "hot_spot_member"
    __table_args__ = (Index(None, "tenant", "hot_spot", "request"),)

    request: Mapped[UUID] = mapped_column(ForeignKey("request.id"), primary_key=True)
    hot_spot: Mapped[UUID] = mapped_column(ForeignKey("hot_spot.id"))


class HotSpotVote(Base):
    """A resident's "me too" (附议), one each."""

    __tablename__ = "hot_spot_vote"
    __table_args__ = (Index(None, "tenant", "resident"),)

    hot_spot: Mapped[UUID] = mapped_column(ForeignKey("hot_spot.id"), primary_key=True)
    resident: Mapped[UUID] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcTime)


class HotSpotProgress(Base):
    """Up to which request the job has looked; ids are in the order of filing."""

    __tablename__ = "hot_spot_progress"

    tenant: Mapped[str] = mapped_column(String(31), primary_key=True, server_default=OWN_TENANT)
    request: Mapped[UUID]
