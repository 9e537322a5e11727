"""Seekers, vacancies and matches, with the tables that every service has."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.database.isolation import enable_tenant_isolation
from shared.runtime.tables import create_infrastructure

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_LOOKING = sa.text("state IN ('registered', 'served')")


def upgrade() -> None:
    create_infrastructure(op)  # type: ignore[arg-type]  # alembic's module stands for its Operations
    _seekers()
    _vacancies()
    _matches()
    for table in ("erased_resident", "seeker", "vacancy", "match"):
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]


def _seekers() -> None:
    op.create_table(
        "erased_resident",
        _tenant(),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("erased", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "resident", name="pk_erased_resident"),
    )
    op.create_table(
        "seeker",
        sa.Column("id", sa.Uuid, nullable=False),
        _tenant(),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        *(_codes(name) for name in ("occupations", "skills", "certificates")),
        sa.Column("education", sa.String(48)),
        sa.Column("experience_years", sa.Integer, nullable=False),
        sa.Column("minimum_pay", sa.Integer),
        *(_codes(name) for name in ("areas", "shifts")),
        sa.Column("available_from", sa.Date, nullable=False),
        _version(),
        sa.Column("registered", _TIME, nullable=False),
        sa.Column("changed", _TIME, nullable=False),
        sa.Column("ended", _TIME),
        sa.Column("exit_reason", sa.String(48)),
        sa.PrimaryKeyConstraint("id", name="pk_seeker"),
        sa.CheckConstraint("cardinality(occupations) > 0", name="ck_seeker_wants_something"),
        sa.CheckConstraint(
            "(state = 'exited') = (exit_reason IS NOT NULL)", name="ck_seeker_exit_has_a_reason"
        ),
    )
    op.create_index(
        "uq_seeker_active", "seeker", ["tenant", "resident"], unique=True, postgresql_where=_LOOKING
    )
    op.create_index(
        "ix_seeker_occupations", "seeker", ["occupations"], postgresql_using="gin", postgresql_where=_LOOKING
    )
    op.create_index("ix_seeker_resident", "seeker", ["tenant", "resident"])


def _vacancies() -> None:
    op.create_table(
        "vacancy",
        sa.Column("id", sa.Uuid, nullable=False),
        _tenant(),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("organisation", sa.String(80), nullable=False),
        sa.Column("occupation", sa.String(48), nullable=False),
        sa.Column("posts", sa.Integer, nullable=False),
        sa.Column("taken", sa.Integer, server_default=sa.text("0"), nullable=False),
        *(_codes(name) for name in ("required_skills", "wished_skills", "certificates")),
        sa.Column("education", sa.String(48)),
        sa.Column("experience_years", sa.Integer, nullable=False),
        sa.Column("pay_from", sa.Integer, nullable=False),
        sa.Column("pay_to", sa.Integer, nullable=False),
        sa.Column("area", sa.String(12), nullable=False),
        _codes("shifts"),
        sa.Column("starts_on", sa.Date),
        sa.Column("public_welfare", sa.Boolean, nullable=False),
        sa.Column("expires", _TIME, nullable=False),
        _version(),
        sa.Column("created", _TIME, nullable=False),
        sa.Column("created_by", sa.String(255), nullable=False),
        sa.Column("checked_by", sa.String(255)),
        sa.Column("published", _TIME),
        sa.Column("ended", _TIME),
        sa.Column("closing_reason", sa.String(48)),
        sa.PrimaryKeyConstraint("id", name="pk_vacancy"),
        sa.CheckConstraint("posts > 0 AND taken BETWEEN 0 AND posts", name="ck_vacancy_posts_add_up"),
        sa.CheckConstraint("pay_from > 0 AND pay_to >= pay_from", name="ck_vacancy_pay_is_a_range"),
        sa.CheckConstraint(
            "(state = 'closed') = (closing_reason IS NOT NULL)", name="ck_vacancy_closing_has_a_reason"
        ),
    )
    op.create_index(
        "ix_vacancy_open",
        "vacancy",
        ["tenant", "occupation", "expires"],
        postgresql_where=sa.text("state = 'published'"),
    )


def _matches() -> None:
    op.create_table(
        "match",
        sa.Column("id", sa.Uuid, nullable=False),
        _tenant(),
        sa.Column("seeker", sa.Uuid, nullable=False),
        sa.Column("vacancy", sa.Uuid, nullable=False),
        sa.Column("fit", sa.String(8), nullable=False),
        sa.Column("score", sa.Double, nullable=False),
        sa.Column("findings", JSONB, nullable=False),
        *(_codes(name) for name in ("missing_required", "missing_wished", "training")),
        sa.Column("policy", sa.String(48), nullable=False),
        sa.Column("seeker_version", sa.Integer, nullable=False),
        sa.Column("assessed", _TIME, nullable=False),
        sa.Column("told", _TIME),
        sa.Column("superseded", _TIME),
        sa.Column("superseded_by", sa.String(16)),
        sa.PrimaryKeyConstraint("id", name="pk_match"),
        sa.ForeignKeyConstraint(["seeker"], ["seeker.id"], name="fk_match_seeker_seeker", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["vacancy"], ["vacancy.id"], name="fk_match_vacancy_vacancy"),
        sa.CheckConstraint(
            "(superseded IS NULL) = (superseded_by IS NULL)", name="ck_match_superseded_for_a_reason"
        ),
        sa.CheckConstraint("told IS NULL OR fit = 'fits'", name="ck_match_only_what_fits_is_told"),
    )
    standing = sa.text("superseded IS NULL")
    op.create_index(
        "uq_match_current", "match", ["seeker", "vacancy"], unique=True, postgresql_where=standing
    )
    op.create_index(
        "ix_match_best_of_vacancy", "match", ["vacancy", "score", "id"], postgresql_where=standing
    )
    op.create_index(
        "ix_match_told", "match", ["vacancy", "seeker"], postgresql_where=sa.text("told IS NOT NULL")
    )
    op.create_index("ix_match_seeker", "match", ["seeker", "id"])


def _tenant() -> sa.Column[str]:
    default = sa.text("current_setting('longxi.tenant', true)")
    return sa.Column("tenant", sa.String(31), server_default=default, nullable=False)


def _codes(name: str) -> sa.Column[list[str]]:
    return sa.Column(name, ARRAY(sa.Text), nullable=False)


def _version() -> sa.Column[int]:
    return sa.Column("version", sa.Integer, server_default=sa.text("1"), nullable=False)
