"""Messages that stay quick, however many there were."""

from alembic import op

from shared.messaging.migrations import messaging_growth

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    messaging_growth(op)  # type: ignore[arg-type]  # alembic's module stands for its Operations
