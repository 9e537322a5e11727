"""What all of casework's tables stand on. Each feature has its own in its `tables.py`."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from shared.database import NAMING, TenantMixin


class Base(TenantMixin, DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
