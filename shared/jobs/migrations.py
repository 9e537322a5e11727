"""The table of job leases, for a service's migrations and metadata."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from shared.jobs.table import NAME, job_lease

if TYPE_CHECKING:
    # Only migrations load Alembic; a service's processes start faster without it.
    from alembic.operations import Operations


def attach(metadata: sa.MetaData) -> None:
    """Tell a service's metadata of the table, so that the drift check compares it too."""
    job_lease(metadata)


def jobs_tables(op: Operations) -> None:
    """Make `job_lease`. Jobs are of all tenants, so only the scope `*` sees it."""
    op.create_table(
        NAME,
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("holder", sa.String(255)),
        sa.Column("token", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("lease_until", sa.DateTime(timezone=True)),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("seconds", sa.Float),
        sa.Column("outcome", sa.String(16)),
        sa.Column("error", sa.String(400)),
        sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
        sa.PrimaryKeyConstraint("name", name="pk_job_lease"),
        sa.CheckConstraint(
            "outcome IN ('done', 'failed', 'stopped', 'lost')", name=sa.schema.conv("ck_job_lease_outcome")
        ),
    )
    op.execute(f"ALTER TABLE {NAME} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {NAME} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY infrastructure ON {NAME} USING (current_setting('longxi.tenant', true) = '*')")


__all__ = ["attach", "jobs_tables"]
