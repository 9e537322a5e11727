"""Attachments, anonymous filing, Open311 and open data."""

import sqlalchemy as sa
from alembic import op

from shared.database.isolation import enable_tenant_isolation

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_OWN_TENANT = sa.text("current_setting('longxi.tenant', true)")
_TIME = sa.DateTime(timezone=True)
_TABLES = ("anonymous_holder", "request_report", "attachment", "open_request", "open_release")


def upgrade() -> None:
    op.create_index(
        "ix_request_public",
        "request",
        ["tenant", "filed", "id"],
        postgresql_where=sa.text("category IS NOT NULL"),
    )
    _channels()
    _attachments()
    _open_data()
    for table in _TABLES:
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]  # alembic's module stands for its Operations


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False)


def _channels() -> None:
    op.create_table(
        "anonymous_holder",
        _tenant(),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("complainant", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("resident", name="pk_anonymous_holder"),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_anonymous_holder_resident_resident"),
    )
    op.create_table(
        "request_report",
        _tenant(),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_request_report"),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_request_report_request_request"),
    )


def _attachments() -> None:
    op.create_table(
        "attachment",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("object", sa.String(96), nullable=False),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("size", sa.Integer, nullable=False),
        sa.Column("width", sa.Integer, nullable=True),
        sa.Column("height", sa.Integer, nullable=True),
        sa.Column("name", sa.LargeBinary, nullable=True),
        sa.Column("added", _TIME, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("removed", _TIME, nullable=True),
        sa.Column("gone", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attachment"),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_attachment_request_request"),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_attachment_resident_resident"),
    )
    op.create_index("ix_attachment_tenant_request_id", "attachment", ["tenant", "request", "id"])
    op.create_index("ix_attachment_tenant_resident_id", "attachment", ["tenant", "resident", "id"])
    op.create_index(
        "ix_attachment_to_remove",
        "attachment",
        ["tenant", "id"],
        postgresql_where=sa.text("removed IS NOT NULL AND gone IS NULL"),
    )


def _open_data() -> None:
    op.create_table(
        "open_request",
        _tenant(),
        sa.Column("row", sa.String(16), nullable=False),
        sa.Column("period", sa.Date, nullable=False),
        sa.Column("precision", sa.String(8), nullable=False),
        sa.Column("category", sa.String(6), nullable=True),
        sa.Column("place", sa.String(24), nullable=True),
        sa.Column("grid", sa.Uuid, nullable=True),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("within_limit", sa.Boolean, nullable=True),
        sa.Column("days", sa.Integer, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "row", name="pk_open_request"),
    )
    op.create_index("ix_open_request_tenant_period_row", "open_request", ["tenant", "period", "row"])
    op.create_table(
        "open_release",
        _tenant(),
        sa.Column("released", _TIME, nullable=False),
        sa.Column("shown", sa.Integer, nullable=False),
        sa.Column("left_out", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="pk_open_release"),
    )
