"""The table of API keys, for a service's migrations and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from shared.database.isolation import enable_tenant_isolation
from shared.security.tables import api_key_table

if TYPE_CHECKING:
    # Only migrations load Alembic; a service's processes start faster without it.
    from alembic.operations import Operations


def attach(metadata: sa.MetaData) -> None:
    """Tell a service's metadata of the table, so that the drift check compares it too."""
    api_key_table(metadata)


def security_tables(op: Operations) -> None:
    """Make `api_key`. A key is looked up before its tenant is known, hence the scope `*`."""
    tenant = sa.text("current_setting('longxi.tenant', true)")
    op.create_table(
        "api_key",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("tenant", sa.String(31), nullable=False, server_default=tenant),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("permissions", ARRAY(sa.String(64)), nullable=False),
        sa.Column("per_minute", sa.Integer),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
    )
    op.create_index("ix_api_key_tenant_id", "api_key", ["tenant", "id"])
    enable_tenant_isolation(op, "api_key", everywhere=True)


__all__ = ["attach", "security_tables"]
