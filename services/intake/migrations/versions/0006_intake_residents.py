"""Consents, households, guardians, merges, identity numbers and retention of residents."""

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""
