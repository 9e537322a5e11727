"""Lists of requests that stay quick, however long the past is."""

import sqlalchemy as sa
from alembic import op

from shared.messaging.migrations import messaging_growth

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    messaging_growth(op)  # type: ignore[arg-type]  # alembic's module stands for its Operations
    _index("source", "source", "id", where="source IS NOT NULL")
    _index("worker", "worker", "id", where="worker IS NOT NULL")
    _index("overdue", "id", where="(handle_overdue IS NOT NULL AND handle_open) OR step_overdue IS NOT NULL")
    unfinished = "state NOT IN ('closed', 'duplicate', 'rated', 'rejected', 'withdrawn')"
    _index("unfinished_grid", "grid", "state", "id", where=unfinished)
    _index("unfinished_worker", "worker", "state", "id", where=f"worker IS NOT NULL AND {unfinished}")


def _index(name: str, *columns: str, where: str) -> None:
    op.create_index(f"ix_request_{name}", "request", ["tenant", *columns], postgresql_where=sa.text(where))
