"""Supervision, parents, extra questions and answer templates of requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.database.isolation import enable_tenant_isolation

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_OWN_TENANT = sa.text("current_setting('longxi.tenant', true)")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _requests()
    _questions()
    _templates()
    for table in ("question_set", "answer_template", "answer_template_version"):
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]  # alembic's module stands for its Operations


def _requests() -> None:
    op.add_column("request", sa.Column("parent", sa.Uuid, nullable=True))
    op.create_foreign_key("fk_request_parent_request", "request", "request", ["parent"], ["id"])
    op.add_column("request", sa.Column("supervised", _TIME, nullable=True))
    op.add_column("request", sa.Column("supervision_reason", sa.String(48), nullable=True))
    op.create_index(
        "ix_request_parent",
        "request",
        ["tenant", "parent", "id"],
        postgresql_where=sa.text("parent IS NOT NULL"),
    )
    op.create_index(
        "ix_request_supervised",
        "request",
        ["tenant", "id"],
        postgresql_where=sa.text("supervised IS NOT NULL AND handle_open"),
    )
    op.add_column("request_text", sa.Column("answers", sa.LargeBinary, nullable=True))
    op.add_column("request_text", sa.Column("answer", sa.LargeBinary, nullable=True))


def _questions() -> None:
    op.create_table(
        "question_set",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("category", sa.String(6), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("questions", postgresql.JSONB, nullable=False),
        sa.Column("defined", _TIME, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "category", "version", name="pk_question_set"),
    )


def _templates() -> None:
    op.create_table(
        "answer_template",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("category", sa.String(6), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
        sa.Column("changed", _TIME, nullable=False),
        sa.Column("retired", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_answer_template"),
    )
    op.create_index(
        "ix_answer_template_in_use",
        "answer_template",
        ["tenant", "category", "id"],
        postgresql_where=sa.text("retired IS NULL"),
    )
    op.create_index("ix_answer_template_tenant_id", "answer_template", ["tenant", "id"])
    op.create_table(
        "answer_template_version",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("template", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("category", sa.String(6), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("title", sa.String(80), nullable=False),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.ForeignKeyConstraint(
            ["template"], ["answer_template.id"], name="fk_answer_template_version_template_answer_template"
        ),
        sa.PrimaryKeyConstraint("template", "version", name="pk_answer_template_version"),
    )
