"""What the classifier proposed, and what people decided."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.database.isolation import enable_tenant_isolation

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OWN_TENANT = sa.text("current_setting('longxi.tenant', true)")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("request_text", sa.Column("evidence", sa.LargeBinary, nullable=True))
    op.create_table(
        "request_reading",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("model", sa.String(48), nullable=False),
        sa.Column("category", sa.String(6), nullable=False),
        sa.Column("confidence", sa.Float, nullable=False),
        sa.Column("guesses", postgresql.JSONB, nullable=False),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("belongs", sa.String(16), nullable=False),
        sa.Column("conditions", sa.ARRAY(sa.String(24)), nullable=False),
        sa.Column("decided", sa.String(16), nullable=True),
        sa.Column("decided_category", sa.String(6), nullable=True),
        sa.Column("decided_at", _TIME, nullable=True),
        sa.Column("decided_by", sa.String(255), nullable=True),
        sa.PrimaryKeyConstraint("request", name="pk_request_reading"),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_request_reading_request_request"),
    )
    op.create_index(
        "ix_request_reading_waiting",
        "request_reading",
        ["tenant", "request"],
        postgresql_where=sa.text("decided IS NULL"),
    )
    op.create_index(
        "ix_request_reading_decided",
        "request_reading",
        ["tenant", "decided_at"],
        postgresql_where=sa.text("decided IN ('confirmed', 'corrected')"),
    )
    op.create_table(
        "classifier_model",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("version", sa.String(48), nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("model", postgresql.JSONB, nullable=False),
        sa.Column("report", postgresql.JSONB, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "version", name="pk_classifier_model"),
    )
    op.create_index(
        "ix_classifier_model_active",
        "classifier_model",
        ["tenant"],
        unique=True,
        postgresql_where=sa.text("active"),
    )
    for table in ("request_reading", "classifier_model"):
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]  # alembic's module stands for its Operations
