"""Attachments found by what lies in the store."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_attachment_tenant_object", "attachment", ["tenant", "object"], unique=True)
