"""What the tables of all services have in common."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, DateTime, Dialect, String, Text, any_, literal, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

T = TypeVar("T")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Names of constraints, so that a migration can speak of them: `MetaData(naming_convention=NAMING)`."""


class UtcTime(TypeDecorator[datetime]):
    """`timestamptz` that takes aware times only and gives them back in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


class TenantMixin:
    """The column that row-level security looks at. The database fills it from the transaction's scope."""

    tenant: Mapped[str] = mapped_column(
        String(31), server_default=text("current_setting('longxi.tenant', true)")
    )


def among(column: InstrumentedAttribute[T], values: Iterable[T]) -> ColumnElement[bool]:
    """The column is one of these: one parameter however many there are (PostgreSQL takes 32,767 at most)."""
    of = column.expression.type
    # An array of varchar(31) would cut what is longer, and find it.
    array = ARRAY(Text if isinstance(of, String) else of)
    return column == any_(literal(list(values), array))
