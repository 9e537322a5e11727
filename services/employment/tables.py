"""What all tables of employment stand on. Each feature has its own in its `tables.py`."""

from sqlalchemy import MetaData, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase

from shared.database import NAMING, TenantMixin

CODES = ARRAY(Text)
"""Codes of a vocabulary, sorted, each once."""


class Base(TenantMixin, DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
