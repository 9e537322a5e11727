"""Residents, requests and places, with the tables that every service has."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.database.isolation import enable_tenant_isolation
from shared.runtime.tables import create_infrastructure

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OWN_TENANT = sa.text("current_setting('longxi.tenant', true)")
_TIME = sa.DateTime(timezone=True)
_TABLES = (
    "resident",
    "resident_key",
    "resident_reference",
    "personal_read",
    "request",
    "request_text",
    "request_story",
    "request_telling",
    "holiday_notice",
    "grid_place",
)


def upgrade() -> None:
    create_infrastructure(op)  # type: ignore[arg-type]  # alembic gives a module that stands for its Operations
    _residents()
    _requests()
    _following()
    for table in _TABLES:
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]  # as above
    # Blocks of a hundred reference numbers; a million numbers, then it starts again.
    op.execute("CREATE SEQUENCE request_number MINVALUE 0 MAXVALUE 9999 START 0 CYCLE")


def _residents() -> None:
    op.create_table(
        "resident",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.LargeBinary, nullable=True),
        sa.Column("phone", sa.LargeBinary, nullable=True),
        sa.Column("phone_index", sa.LargeBinary, nullable=True),
        sa.Column("email", sa.LargeBinary, nullable=True),
        sa.Column("address", sa.LargeBinary, nullable=True),
        sa.Column("birth_year", sa.LargeBinary, nullable=True),
        sa.Column("gender", sa.String(8), nullable=True),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("contact_changed", _TIME, nullable=True),
        sa.Column("erased", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_resident"),
    )
    op.create_index("ix_resident_tenant_phone_index", "resident", ["tenant", "phone_index"], unique=False)
    op.create_table(
        "resident_key",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("wrapped", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_resident_key_resident_resident"),
        sa.PrimaryKeyConstraint("resident", name="pk_resident_key"),
    )
    op.create_table(
        "resident_reference",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("ref_index", sa.LargeBinary, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["resident"], ["resident.id"], name="fk_resident_reference_resident_resident"
        ),
        sa.PrimaryKeyConstraint("tenant", "source", "ref_index", name="pk_resident_reference"),
    )
    op.create_index("ix_resident_reference_resident", "resident_reference", ["resident"], unique=False)
    op.create_table(
        "personal_read",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("reader_role", sa.String(16), nullable=False),
        sa.Column("reader", sa.String(255), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("fields", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("request", sa.Uuid, nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_personal_read_resident_resident"),
        sa.PrimaryKeyConstraint("resident", "id", name="pk_personal_read"),
    )


def _requests() -> None:
    op.create_table(
        "request",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("reference", sa.String(15), nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("category", sa.String(6), nullable=True),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("grid", sa.Uuid, nullable=True),
        sa.Column("place", sa.String(24), nullable=True),
        sa.Column("prefers_same_gender", sa.Boolean, nullable=False),
        sa.Column("filed", _TIME, nullable=False),
        sa.Column("submitted", _TIME, nullable=True),
        sa.Column("source", sa.String(32), nullable=True),
        sa.Column("external_id", sa.String(64), nullable=True),
        sa.Column("history", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("handle_started", _TIME, nullable=False),
        sa.Column("handle_due", _TIME, nullable=False),
        sa.Column("handle_provisional", sa.Boolean, nullable=False),
        sa.Column("handle_open", sa.Boolean, nullable=False),
        sa.Column("handle_overdue", _TIME, nullable=True),
        sa.Column("step", sa.String(16), nullable=True),
        sa.Column("step_started", _TIME, nullable=True),
        sa.Column("step_due", _TIME, nullable=True),
        sa.Column("step_provisional", sa.Boolean, nullable=True),
        sa.Column("step_overdue", _TIME, nullable=True),
        sa.Column("accepted", _TIME, nullable=True),
        sa.Column("dispatched", _TIME, nullable=True),
        sa.Column("handled", _TIME, nullable=True),
        sa.Column("closed", _TIME, nullable=True),
        sa.Column("worker", sa.Uuid, nullable=True),
        sa.Column("returns", sa.SmallInteger, nullable=False),
        sa.Column("head_decides", sa.Boolean, nullable=False),
        sa.Column("reworks", sa.SmallInteger, nullable=False),
        sa.Column("reopenings", sa.SmallInteger, nullable=False),
        sa.Column("reason", sa.String(48), nullable=True),
        sa.Column("duplicate_of", sa.Uuid, nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("within_limit", sa.Boolean, nullable=True),
        sa.Column("working_minutes", sa.Integer, nullable=True),
        sa.Column("responded", sa.Boolean, nullable=True),
        sa.Column("resolved", sa.Boolean, nullable=True),
        sa.Column("satisfied", sa.Boolean, nullable=True),
        sa.Column("excluded", sa.Boolean, nullable=True),
        sa.Column("exclusion_reason", sa.String(48), nullable=True),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_request_resident_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
    )
    op.create_index(
        "ix_request_handle_due",
        "request",
        ["tenant", "handle_due"],
        unique=False,
        postgresql_where=sa.text("handle_open"),
    )
    op.create_index(
        "ix_request_step_due",
        "request",
        ["tenant", "step_due"],
        unique=False,
        postgresql_where=sa.text("step IS NOT NULL"),
    )
    op.create_index("ix_request_tenant_category_id", "request", ["tenant", "category", "id"], unique=False)
    op.create_index("ix_request_tenant_grid_id", "request", ["tenant", "grid", "id"], unique=False)
    op.create_index("ix_request_tenant_reference", "request", ["tenant", "reference"], unique=True)
    op.create_index("ix_request_tenant_resident_id", "request", ["tenant", "resident", "id"], unique=False)
    op.create_index(
        "ix_request_tenant_source_external_id", "request", ["tenant", "source", "external_id"], unique=True
    )
    op.create_index("ix_request_tenant_state_id", "request", ["tenant", "state", "id"], unique=False)
    op.create_table(
        "request_text",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("subject", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("address", sa.LargeBinary, nullable=True),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_request_text_request_request"),
        sa.PrimaryKeyConstraint("request", name="pk_request_text"),
    )
    op.create_table(
        "request_story",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("entry", sa.String(24), nullable=False),
        sa.Column("from_state", sa.String(16), nullable=True),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("reason", sa.String(48), nullable=True),
        sa.Column("details", postgresql.JSONB, nullable=True),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_request_story_request_request"),
        sa.PrimaryKeyConstraint("request", "id", name="pk_request_story"),
    )


def _following() -> None:
    op.create_table(
        "request_telling",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("message", sa.Uuid, nullable=False),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("event", sa.String(48), nullable=False),
        sa.Column("recipient", sa.Uuid, nullable=False),
        sa.Column("recipient_kind", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(48), nullable=False),
        sa.Column("template", sa.String(48), nullable=False),
        sa.Column("state", sa.String(48), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_request_telling_request_request"),
        sa.PrimaryKeyConstraint("message", name="pk_request_telling"),
    )
    op.create_index(
        "ix_request_telling_request_event_recipient_kind",
        "request_telling",
        ["request", "event", "recipient_kind"],
        unique=False,
    )
    op.create_table(
        "holiday_notice",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("notice", sa.Uuid, nullable=False),
        sa.Column("year", sa.SmallInteger, nullable=False),
        sa.Column("holidays", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("workdays", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("received", _TIME, nullable=False),
        sa.Column("settled", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("tenant", "notice", name="pk_holiday_notice"),
    )
    op.create_table(
        "grid_place",
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        sa.Column("grid", sa.Uuid, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("code", sa.String(48), nullable=False),
        sa.Column("places", sa.ARRAY(sa.String(24)), nullable=False),
        sa.Column("catch_all", sa.Boolean, nullable=False),
        sa.Column("changed", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("grid", name="pk_grid_place"),
    )
