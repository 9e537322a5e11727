"""Fingerprints, joined requests and hot spots."""

import sqlalchemy as sa
from alembic import op

from shared.database.isolation import enable_tenant_isolation

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OWN_TENANT = sa.text("current_setting('longxi.tenant', true)")
_TIME = sa.DateTime(timezone=True)
_TABLES = (
    "request_fingerprint",
    "request_term",
    "hot_spot",
    "hot_spot_member",
    "hot_spot_vote",
    "hot_spot_progress",
)


def upgrade() -> None:
    _duplicates()
    _hot_spots()
    for table in _TABLES:
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]  # alembic's module stands for its Operations


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False)


def _duplicates() -> None:
    op.create_table(
        "request_fingerprint",
        _tenant(),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("sketch", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_request_fingerprint_request_request"),
        sa.PrimaryKeyConstraint("request", name="pk_request_fingerprint"),
    )
    op.create_table(
        "request_term",
        _tenant(),
        sa.Column("term", sa.Integer, nullable=False),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "term", "request", name="pk_request_term"),
    )
    op.create_index(
        "ix_request_duplicate_of",
        "request",
        ["tenant", "duplicate_of"],
        postgresql_where=sa.text("duplicate_of IS NOT NULL"),
    )


def _hot_spots() -> None:
    op.create_table(
        "hot_spot",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("category", sa.String(6), nullable=True),
        sa.Column("grid", sa.Uuid, nullable=True),
        sa.Column("place", sa.String(24), nullable=True),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("residents", sa.Integer, nullable=False),
        sa.Column("votes", sa.Integer, nullable=False),
        sa.Column("heat", sa.Integer, nullable=False),
        sa.Column("measured", _TIME, nullable=False),
        sa.Column("first", _TIME, nullable=False),
        sa.Column("last", _TIME, nullable=False),
        sa.Column("announced", _TIME, nullable=True),
        sa.Column("cooled", _TIME, nullable=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hot_spot"),
    )
    op.create_index("ix_hot_spot_tenant_heat_id", "hot_spot", ["tenant", "heat", "id"])
    op.create_index("ix_hot_spot_tenant_state_heat_id", "hot_spot", ["tenant", "state", "heat", "id"])
    op.create_index("ix_hot_spot_tenant_grid_heat_id", "hot_spot", ["tenant", "grid", "heat", "id"])
    op.create_table(
        "hot_spot_member",
        _tenant(),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.Column("hot_spot", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(["request"], ["request.id"], name="fk_hot_spot_member_request_request"),
        sa.ForeignKeyConstraint(["hot_spot"], ["hot_spot.id"], name="fk_hot_spot_member_hot_spot_hot_spot"),
        sa.PrimaryKeyConstraint("request", name="pk_hot_spot_member"),
    )
    op.create_index(
        "ix_hot_spot_member_tenant_hot_spot_request", "hot_spot_member", ["tenant", "hot_spot", "request"]
    )
    op.create_table(
        "hot_spot_vote",
        _tenant(),
        sa.Column("hot_spot", sa.Uuid, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["hot_spot"], ["hot_spot.id"], name="fk_hot_spot_vote_hot_spot_hot_spot"),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_hot_spot_vote_resident_resident"),
        sa.PrimaryKeyConstraint("hot_spot", "resident", name="pk_hot_spot_vote"),
    )
    op.create_index("ix_hot_spot_vote_tenant_resident", "hot_spot_vote", ["tenant", "resident"])
    op.create_table(
        "hot_spot_progress",
        _tenant(),
        sa.Column("request", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name="pk_hot_spot_progress"),
    )
