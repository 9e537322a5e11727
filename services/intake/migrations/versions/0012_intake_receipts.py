"""Receipts: photos that are attached to a ledger and not to a request; and those who were erased, found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("attachment", "request", nullable=True)
    op.add_column("attachment", sa.Column("activity", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_attachment_activity_activity", "attachment", "activity", ["activity"], ["id"])
    op.create_check_constraint(
        "ck_attachment_of_a_request_or_a_ledger", "attachment", "(request IS NULL) <> (activity IS NULL)"
    )
    op.create_index(
        "ix_attachment_of_ledger",
        "attachment",
        ["tenant", "activity", "id"],
        postgresql_where=sa.text("activity IS NOT NULL"),
    )
    op.create_index(
        "ix_resident_erased",
        "resident",
        ["tenant", "id"],
        postgresql_where=sa.text("erased IS NOT NULL"),
    )
