"""Workers, grids, cases, assignments, holiday notices, and what every service has."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.database import UtcTime
from shared.database.isolation import enable_tenant_isolation
from shared.runtime.tables import create_infrastructure

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "worker",
    "worker_absence",
    "worker_read",
    "grid",
    "grid_place",
    "case",
    "case_entry",
    "case_transfer",
    "assignment_decision",
    "holiday_notice",
)


def upgrade() -> None:
    create_infrastructure(op)  # type: ignore[arg-type]  # alembic's module stands for its Operations
    _workers()
    _grids()
    _cases()
    _assignments()
    _holidays()
    for table in _TABLES:
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant",
        sa.String(31),
        server_default=sa.text("current_setting('longxi.tenant', true)"),
        nullable=False,
    )


def _workers() -> None:
    op.create_table(
        "worker",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.String(255), nullable=False),
        sa.Column("staff_number", sa.String(32), nullable=False),
        sa.Column("data_key", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("gender", sa.String(48), nullable=True),
        sa.Column("weekly_minutes", sa.Integer(), nullable=False),
        sa.Column("skills", sa.ARRAY(sa.String(48)), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("open_minutes", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_cases", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("overloaded", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("turn", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", UtcTime(), server_default=sa.func.now(), nullable=False),
        _tenant(),
        sa.CheckConstraint("weekly_minutes > 0", name="ck_worker_has_hours"),
        sa.CheckConstraint("open_minutes >= 0 AND open_cases >= 0", name="ck_worker_load_counts"),
        sa.PrimaryKeyConstraint("id", name="pk_worker"),
    )
    op.create_index("uq_worker_staff_number", "worker", ["tenant", "staff_number"], unique=True)
    op.create_index("uq_worker_account", "worker", ["tenant", "account"], unique=True)
    op.create_table(
        "worker_absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(48), nullable=False),
        sa.Column("recorded_by", sa.String(255), nullable=False),
        sa.Column("recorded_at", UtcTime(), nullable=False),
        _tenant(),
        sa.CheckConstraint("first_day <= last_day", name="ck_worker_absence_in_order"),
        postgresql.ExcludeConstraint(
            (sa.column("tenant"), "="),
            (sa.column("worker"), "="),
            (sa.text("daterange(first_day, last_day, '[]')"), "&&"),
            name="ex_worker_absence_once_a_day",
            using="gist",
        ),
        sa.ForeignKeyConstraint(["worker"], ["worker.id"], name="fk_worker_absence_worker_worker"),
        sa.PrimaryKeyConstraint("id", name="pk_worker_absence"),
    )
    op.create_table(
        "worker_read",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("reader", sa.String(255), nullable=False),
        sa.Column("purpose", sa.String(48), nullable=False),
        sa.Column("fields", sa.ARRAY(sa.String(48)), nullable=False),
        sa.Column("workers", sa.ARRAY(sa.Uuid()), nullable=False),
        _tenant(),
        sa.PrimaryKeyConstraint("id", name="pk_worker_read"),
    )
    op.create_index("ix_worker_read_workers", "worker_read", ["workers"], postgresql_using="gin")


def _grids() -> None:
    op.create_table(
        "grid",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(48), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("catch_all", sa.Boolean(), nullable=False),
        sa.Column("retired", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", UtcTime(), nullable=False),
        _tenant(),
        sa.ForeignKeyConstraint(["owner"], ["worker.id"], name="fk_grid_owner_worker"),
        sa.PrimaryKeyConstraint("id", name="pk_grid"),
    )
    op.create_index("uq_grid_code", "grid", ["tenant", "code"], unique=True)
    op.create_index(
        "uq_grid_catch_all", "grid", ["tenant"], unique=True, postgresql_where=sa.text("catch_all")
    )
    op.create_index("ix_grid_owner", "grid", ["tenant", "owner"])
    op.create_table(
        "grid_place",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("grid", sa.Uuid(), nullable=False),
        sa.Column("place", sa.String(24), nullable=False),
        sa.Column("key", sa.String(96), nullable=False),
        _tenant(),
        sa.ForeignKeyConstraint(["grid"], ["grid.id"], name="fk_grid_place_grid_grid"),
        sa.PrimaryKeyConstraint("id", name="pk_grid_place"),
    )
    op.create_index("uq_grid_place_key", "grid_place", ["tenant", "key"], unique=True)
    op.create_index("ix_grid_place_grid", "grid_place", ["grid"])


def _cases() -> None:
    op.create_table(
        "case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("resident", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(16), nullable=False),
        sa.Column("category", sa.String(6), nullable=True),
        sa.Column("urgency", sa.String(16), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("grid", sa.Uuid(), nullable=True),
        sa.Column("wish", sa.String(48), nullable=True),
        sa.Column("filed_at", UtcTime(), nullable=False),
        sa.Column("due", UtcTime(), nullable=False),
        sa.Column("due_provisional", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=True),
        sa.Column("waiting", sa.String(48), nullable=True),
        sa.Column("round", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("returns", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("effort_minutes", sa.Integer(), nullable=False),
        sa.Column("spent_minutes", sa.Integer(), nullable=True),
        sa.Column("result", sa.String(48), nullable=True),
        sa.Column("ending", sa.String(16), nullable=True),
        sa.Column("assigned_at", UtcTime(), nullable=True),
        sa.Column("signed_at", UtcTime(), nullable=True),
        sa.Column("submitted_at", UtcTime(), nullable=True),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        _tenant(),
        sa.CheckConstraint("effort_minutes > 0", name="ck_case_takes_effort"),
        sa.CheckConstraint("(worker IS NULL) OR (waiting IS NULL)", name="ck_case_with_someone_or_waiting"),
        sa.ForeignKeyConstraint(["worker"], ["worker.id"], name="fk_case_worker_worker"),
        sa.PrimaryKeyConstraint("id", name="pk_case"),
    )
    op.create_index("ix_case_worker", "case", ["tenant", "worker", "state", "due"])
    op.create_index("ix_case_due", "case", ["tenant", "due", "id"])
    op.create_index("ix_case_resident", "case", ["tenant", "resident"])
    op.create_index(
        "ix_case_queue",
        "case",
        ["tenant", "filed_at", "id"],
        postgresql_where=sa.text("waiting IS NOT NULL"),
    )
    op.create_table(
        "case_entry",
        sa.Column("number", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("what", sa.String(48), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        _tenant(),
        sa.ForeignKeyConstraint(["case"], ["case.id"], name="fk_case_entry_case_case"),
        sa.PrimaryKeyConstraint("number", name="pk_case_entry"),
    )
    op.create_index("ix_case_entry_case", "case_entry", ["tenant", "case", "number"])
    op.create_table(
        "case_transfer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("offered_by", sa.Uuid(), nullable=False),
        sa.Column("offered_to", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(48), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("offered_at", UtcTime(), nullable=False),
        sa.Column("decided_at", UtcTime(), nullable=True),
        _tenant(),
        sa.ForeignKeyConstraint(["case"], ["case.id"], name="fk_case_transfer_case_case"),
        sa.ForeignKeyConstraint(["offered_by"], ["worker.id"], name="fk_case_transfer_offered_by_worker"),
        sa.ForeignKeyConstraint(["offered_to"], ["worker.id"], name="fk_case_transfer_offered_to_worker"),
        sa.PrimaryKeyConstraint("id", name="pk_case_transfer"),
    )
    op.create_index(
        "uq_case_transfer_one_offer",
        "case_transfer",
        ["tenant", "case"],
        unique=True,
        postgresql_where=sa.text("state = 'offered'"),
    )
    op.create_index("ix_case_transfer_offered_to", "case_transfer", ["tenant", "offered_to", "state"])


def _assignments() -> None:
    op.create_table(
        "assignment_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("trigger", sa.String(48), nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=True),
        sa.Column("waiting", sa.String(48), nullable=True),
        sa.Column("reasons", sa.ARRAY(sa.String(48)), nullable=False),
        sa.Column("candidates", postgresql.JSONB(), nullable=False),
        sa.Column("category", sa.String(6), nullable=True),
        sa.Column("grid_owner", sa.Uuid(), nullable=True),
        sa.Column("effort_minutes", sa.Integer(), nullable=False),
        sa.Column("load_before", sa.Integer(), nullable=False),
        sa.Column("load_after", sa.Integer(), nullable=False),
        sa.Column("tolerance_minutes", sa.Integer(), nullable=False),
        sa.Column("cap_factor", sa.Float(), nullable=False),
        sa.Column("policy", sa.String(48), nullable=False),
        sa.Column("decided_by", sa.String(255), nullable=False),
        sa.Column("skill_gap", sa.String(6), nullable=True),
        _tenant(),
        sa.ForeignKeyConstraint(["case"], ["case.id"], name="fk_assignment_decision_case_case"),
        sa.ForeignKeyConstraint(["worker"], ["worker.id"], name="fk_assignment_decision_worker_worker"),
        sa.PrimaryKeyConstraint("id", name="pk_assignment_decision"),
    )
    op.create_index("ix_assignment_decision_case", "assignment_decision", ["tenant", "case", "at"])
    op.create_index(
        "ix_assignment_decision_gap",
        "assignment_decision",
        ["tenant", "skill_gap", "at"],
        postgresql_where=sa.text("skill_gap IS NOT NULL"),
    )


def _holidays() -> None:
    op.create_table(
        "holiday_notice",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("notice", sa.Uuid(), nullable=False),
        sa.Column("holidays", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("workdays", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("received_at", UtcTime(), nullable=False),
        _tenant(),
        sa.PrimaryKeyConstraint("id", name="pk_holiday_notice"),
    )
    op.create_index("uq_holiday_notice_year", "holiday_notice", ["tenant", "year"], unique=True)
