"""The base of intake's tables."""

from sqlalchemy import MetaData
from sqlalchemy.orm import DeclarativeBase

from shared.database import NAMING, TenantMixin


class Base(TenantMixin, DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


__all__ = ["Base"]
