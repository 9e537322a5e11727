"""What all tables of employment stand on. Each feature has its own in its `tables.py`."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import ColumnElement, MetaData, Text, Uuid, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from shared.database import NAMING, TenantMixin

CODES = ARRAY(Text)
"""Codes of a vocabulary, sorted, each once."""


class Base(TenantMixin, DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


def among(column: InstrumentedAttribute[UUID], ids: Iterable[UUID]) -> ColumnElement[bool]:
    """The column is one of these ids: one parameter however many there are (PostgreSQL takes 32,767 at most)."""
    return column == any_(literal(sorted(ids), ARRAY(Uuid)))
