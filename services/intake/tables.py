"""The base of intake's tables."""

from sqlalchemy import MetaData, text
from sqlalchemy.orm import DeclarativeBase

from shared.database import NAMING, TenantMixin

OWN_TENANT = text("current_setting('longxi.tenant', true)")
"""For tables whose key begins with the tenant: the default that `TenantMixin` gives all others."""


class Base(TenantMixin, DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


__all__ = ["OWN_TENANT", "Base"]
