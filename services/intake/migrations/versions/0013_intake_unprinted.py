"""Requests whose fingerprint is still to be made: a filing notes itself here instead of making it."""

import sqlalchemy as sa
from alembic import op

from shared.database.isolation import enable_tenant_isolation

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "request_unprinted",
        sa.Column(
            "tenant",
            sa.String(31),
            server_default=sa.text("current_setting('longxi.tenant', true)"),
            nullable=False,
        ),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "request", name="pk_request_unprinted"),
    )
    enable_tenant_isolation(op, "request_unprinted", everywhere=True)  # type: ignore[arg-type]  # as in 0005
