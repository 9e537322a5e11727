"""Consents, households, guardians, merges, identity numbers and retention of residents."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.database.isolation import enable_tenant_isolation

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OWN_TENANT = sa.text("current_setting('longxi.tenant', true)")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _residents()
    _rights()
    _families()
    _registers()
    _ends()


def _residents() -> None:
    op.add_column("resident", _bytes("birth_date"))
    op.add_column("resident", _bytes("id_number"))
    op.add_column("resident", sa.Column("merged_into", sa.Uuid, nullable=True))
    op.create_foreign_key("fk_resident_merged_into_resident", "resident", "resident", ["merged_into"], ["id"])
    _index("ix_resident_merged_into", "resident", ["tenant", "merged_into"], where="merged_into IS NOT NULL")
    op.create_index("ix_personal_read_at", "personal_read", ["at"], postgresql_using="brin")
    _table(
        "resident_index",
        _id("resident"),
        sa.Column("kind", sa.String(16), nullable=False),
        _bytes("value", nullable=False),
        key=["resident", "kind"],
        foreign={"resident": "resident"},
    )
    _index("ix_resident_index_tenant_kind_value", "resident_index", ["tenant", "kind", "value"])
    _index(
        "ix_resident_index_one_number",
        "resident_index",
        ["tenant", "value"],
        where="kind = 'id_number'",
        unique=True,
    )
    # Forced row-level security binds the owner too, who has no community here.
    op.execute("ALTER TABLE resident NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE resident_index NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "INSERT INTO resident_index (tenant, resident, kind, value)"
        " SELECT tenant, id, 'phone', phone_index FROM resident WHERE phone_index IS NOT NULL"
    )
    op.execute("UPDATE resident SET phone_index = NULL WHERE phone_index IS NOT NULL")
    op.execute("ALTER TABLE resident FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE resident_index FORCE ROW LEVEL SECURITY")


def _rights() -> None:
    _table(
        "consent_text",
        _id("id"),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("zh", sa.Text, nullable=False),
        sa.Column("en", sa.Text, nullable=False),
        _time("in_force"),
        _time("published"),
        sa.Column("published_by", sa.String(255), nullable=False),
    )
    _index(
        "ix_consent_text_tenant_purpose_version",
        "consent_text",
        ["tenant", "purpose", "version"],
        unique=True,
    )
    _table(
        "consent",
        _id("resident"),
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        _id("text"),
        sa.Column("given", sa.Boolean, nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("by_role", sa.String(16), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        _time("at"),
        key=["resident", "id"],
        foreign={"resident": "resident", "text": "consent_text"},
    )
    _index("ix_consent_tenant_text", "consent", ["tenant", "text"])
    _table(
        "read_question",
        _id("id"),
        _id("resident"),
        sa.Column("read", sa.BigInteger, nullable=False),
        _bytes("question", nullable=False),
        _time("asked"),
        _time("due"),
        sa.Column("due_provisional", sa.Boolean, nullable=False),
        _bytes("answer"),
        _time("answered", nullable=True),
        sa.Column("answered_by", sa.String(255), nullable=True),
        constraints=[
            sa.ForeignKeyConstraint(
                ["resident", "read"],
                ["personal_read.resident", "personal_read.id"],
                name="fk_read_question_resident_read_personal_read",
                ondelete="CASCADE",
            )
        ],
    )
    _index("ix_read_question_resident_read", "read_question", ["resident", "read"], unique=True)
    _index("ix_read_question_open", "read_question", ["tenant", "due", "id"], where="answered IS NULL")


def _families() -> None:
    _table(
        "household",
        _id("id"),
        _bytes("address"),
        _id("address_of", nullable=True),
        _id("grid", nullable=True),
        sa.Column("place", sa.String(24), nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        _time("created"),
        _time("ended", nullable=True),
        foreign={"address_of": "resident"},
    )
    _index("ix_household_tenant_grid_id", "household", ["tenant", "grid", "id"])
    _table(
        "household_number",
        _id("household"),
        _bytes("value", nullable=False),
        key=["household"],
        foreign={"household": "household"},
    )
    _index("ix_household_number_tenant_value", "household_number", ["tenant", "value"], unique=True)
    _table(
        "household_member",
        _id("id"),
        _id("household"),
        _id("resident"),
        sa.Column("relation", sa.String(24), nullable=False),
        _time("joined"),
        _time("ended", nullable=True),
        foreign={"household": "household", "resident": "resident"},
    )
    _index("ix_household_member_tenant_household", "household_member", ["tenant", "household"])
    _index("ix_household_member_tenant_resident", "household_member", ["tenant", "resident"])
    _index(
        "ix_household_member_one_household",
        "household_member",
        ["resident"],
        where="ended IS NULL",
        unique=True,
    )
    _index(
        "ix_household_member_one_head",
        "household_member",
        ["household"],
        where="ended IS NULL AND relation = 'head'",
        unique=True,
    )
    _table(
        "resident_merge",
        _id("id"),
        _id("kept"),
        _id("merged"),
        _time("at"),
        sa.Column("by", sa.String(255), nullable=False),
        _time("undo_until"),
        _time("undone", nullable=True),
        sa.Column("undone_by", sa.String(255), nullable=True),
        foreign={"kept": "resident", "merged": "resident"},
    )
    _index("ix_resident_merge_tenant_kept", "resident_merge", ["tenant", "kept"])
    _index("ix_resident_merge_standing", "resident_merge", ["merged"], where="undone IS NULL", unique=True)
    _table(
        "guardianship",
        _id("id"),
        _id("guardian"),
        _id("ward"),
        sa.Column("relation", sa.String(24), nullable=False),
        _time("since"),
        sa.Column("by", sa.String(255), nullable=False),
        _time("ended", nullable=True),
        sa.Column("end_reason", sa.String(24), nullable=True),
        foreign={"guardian": "resident", "ward": "resident"},
    )
    _index("ix_guardianship_tenant_guardian", "guardianship", ["tenant", "guardian"])
    _index("ix_guardianship_tenant_ward", "guardianship", ["tenant", "ward"])
    _index(
        "ix_guardianship_standing", "guardianship", ["guardian", "ward"], where="ended IS NULL", unique=True
    )
    _table(
        "emergency_contact",
        _id("id"),
        _id("resident"),
        sa.Column("place", sa.SmallInteger, nullable=False),
        _bytes("name", nullable=False),
        _bytes("phone", nullable=False),
        sa.Column("relation", sa.String(24), nullable=False),
        _time("changed"),
        foreign={"resident": "resident"},
    )
    _index("ix_emergency_contact_resident_place", "emergency_contact", ["resident", "place"], unique=True)


def _registers() -> None:
    _table(
        "register_run",
        _id("id"),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        _time("opened"),
        sa.Column("by", sa.String(255), nullable=False),
        _time("applied", nullable=True),
    )
    _index("ix_register_run_tenant_opened", "register_run", ["tenant", "opened"])
    _table(
        "register_key",
        _id("run"),
        _bytes("wrapped", nullable=False),
        key=["run"],
        foreign={"run": "register_run"},
    )
    _table(
        "register_row",
        _id("run"),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        _id("resident", nullable=True),
        sa.Column("fields", sa.ARRAY(sa.String(32)), nullable=False),
        sa.Column("problems", postgresql.JSONB, nullable=True),
        _bytes("sealed"),
        _time("applied", nullable=True),
        key=["run", "number"],
        foreign={"run": "register_run", "resident": "resident"},
    )
    _index("ix_register_row_run_outcome_number", "register_row", ["run", "outcome", "number"])
    _index("ix_register_row_resident", "register_row", ["resident"])


def _ends() -> None:
    _table(
        "erasure",
        _id("resident"),
        _time("at"),
        sa.Column("reason", sa.String(24), nullable=False),
        sa.Column("by_role", sa.String(16), nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("destroyed", postgresql.JSONB, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        key=["resident"],
        foreign={"resident": "resident"},
    )
    _index("ix_erasure_tenant_at_resident", "erasure", ["tenant", "at", "resident"])
    _table(
        "retention_run",
        _id("id"),
        _time("started"),
        _time("finished"),
        sa.Column("dry", sa.Boolean, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("periods", postgresql.JSONB, nullable=False),
        sa.Column("counts", postgresql.JSONB, nullable=False),
    )
    _index("ix_retention_run_tenant_id", "retention_run", ["tenant", "id"])


def _id(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid, nullable=nullable)


def _bytes(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.LargeBinary, nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, _TIME, nullable=nullable)


def _table(
    name: str,
    *columns: sa.Column[Any],
    key: list[str] | None = None,
    foreign: dict[str, str] | None = None,
    constraints: list[sa.ForeignKeyConstraint] | None = None,
) -> None:
    references = [
        sa.ForeignKeyConstraint(
            [column],
            [f"{other}.id"],
            name=f"fk_{name}_{column}_{other}",
        )
        for column, other in (foreign or {}).items()
    ]
    op.create_table(
        name,
        sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False),
        *columns,
        *references,
        *(constraints or []),
        sa.PrimaryKeyConstraint(*(key or ["id"]), name=f"pk_{name}"),
    )
    enable_tenant_isolation(op, name)  # type: ignore[arg-type]  # alembic's module stands for its Operations


def _index(
    name: str, table: str, columns: list[str], *, where: str | None = None, unique: bool = False
) -> None:
    op.create_index(
        name,
        table,
        columns,
        unique=unique,
        postgresql_where=None if where is None else sa.text(where),
    )
