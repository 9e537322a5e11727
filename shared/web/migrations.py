"""The table of idempotency keys, for a service's migrations and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from shared.database.isolation import enable_tenant_isolation
from shared.web.tables import idempotency_table

if TYPE_CHECKING:
    # Only migrations load Alembic; a service's processes start faster without it.
    from alembic.operations import Operations


def attach(metadata: sa.MetaData) -> None:
    """Tell a service's metadata of the table, so that the drift check compares it too."""
    idempotency_table(metadata)


def web_tables(op: Operations) -> None:
    """Make `idempotency_key`. The scope `*` is for the job that drops old rows."""
    tenant = sa.text("current_setting('longxi.tenant', true)")
    op.create_table(
        "idempotency_key",
        sa.Column("tenant", sa.String(31), nullable=False, server_default=tenant),
        sa.Column("principal", sa.String(255), nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("answer", sa.Text),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "principal", "key", name="pk_idempotency_key"),
    )
    op.create_index("ix_idempotency_key_created_at", "idempotency_key", ["created_at"])
    enable_tenant_isolation(op, "idempotency_key", everywhere=True)


__all__ = ["attach", "web_tables"]
