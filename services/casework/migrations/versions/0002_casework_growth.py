"""Lists of open cases that stay quick, however long the past is."""

import sqlalchemy as sa
from alembic import op

from shared.messaging.migrations import messaging_growth

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    messaging_growth(op)  # type: ignore[arg-type]  # alembic's module stands for its Operations
    op.create_index(
        "ix_case_unfinished", "case", ["tenant", "due", "id"], postgresql_where=sa.text("state <> 'closed'")
    )
