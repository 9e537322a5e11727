"""The read model of casework's grids: what is needed to find the grid of an address."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, String
from sqlalchemy.orm import Mapped, mapped_column

from services.intake.tables import Base
from shared.database import UtcTime


class GridPlace(Base):
    """A grid and all places that it covers, as of the last `grid.changed`. A retired grid has no row."""

    __tablename__ = "grid_place"

    grid: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    code: Mapped[str] = mapped_column(String(48))
    places: Mapped[list[str]] = mapped_column(ARRAY(String(24)))
    catch_all: Mapped[bool]
    changed: Mapped[datetime] = mapped_column(UtcTime)
