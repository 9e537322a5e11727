"""Hot spots whose votes were counted and that were not measured since."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    stale = sa.Column("stale", sa.Boolean, server_default=sa.text("false"), nullable=False)
    op.add_column("hot_spot", stale)
