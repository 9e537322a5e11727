"""Webhooks that end in pieces, and deliveries that the database's own checks find."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without the tenant: a foreign key's cascade looks for the key alone.
    op.create_index("ix_webhook_delivery_of_webhook", "webhook_delivery", ["webhook"])
    op.create_index("ix_webhook_delivery_of_event", "webhook_delivery", ["event_id"])
    op.alter_column("webhook", "owner", nullable=True)
    op.add_column("webhook", sa.Column("disabled", sa.DateTime(timezone=True), nullable=True))
