"""Activities, sign-ups, attendance, venues.

Bookings keep from overlapping by exclusion constraints over ids and times, which need the extension btree_gist. It is made
where the database is (`shared.database.provision`), by the administrator; no service and no migration makes extensions.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from shared.database.isolation import enable_tenant_isolation

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_OWN_TENANT = sa.text("current_setting('longxi.tenant', true)")
_TIME = sa.DateTime(timezone=True)
_CODE = sa.String(48)
_TABLES = (
    "venue",
    "equipment",
    "activity_series",
    "activity",
    "activity_lane",
    "activity_proposal",
    "activity_vote",
    "activity_sign_up",
    "activity_story",
    "activity_attendance_band",
    "venue_booking",
    "equipment_booking",
)
_BOOKED = sa.text("state = 'booked'")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE activity_number")
    _venues()
    _activities()
    _people()
    _afterwards()
    _bookings()
    for table in _TABLES:
        enable_tenant_isolation(op, table)  # type: ignore[arg-type]  # alembic gives a module that stands for its Operations


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(31), server_default=_OWN_TENANT, nullable=False)


def _venues() -> None:
    op.create_table(
        "venue",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("capacity", sa.Integer, nullable=True),
        sa.Column("place", sa.String(100), nullable=True),
        sa.Column("hours", postgresql.JSONB, nullable=False),
        sa.Column("retired", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_venue"),
    )
    op.create_index("ix_venue_tenant_id", "venue", ["tenant", "id"])
    op.create_table(
        "equipment",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("units", sa.SmallInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_equipment"),
    )
    op.create_index("ix_equipment_tenant_id", "equipment", ["tenant", "id"])


def _activities() -> None:
    op.create_table(
        "activity_series",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("every", sa.String(16), nullable=False),
        sa.Column("every_n", sa.SmallInteger, nullable=False),
        sa.Column("first_day", sa.Date, nullable=False),
        sa.Column("count", sa.SmallInteger, nullable=True),
        sa.Column("until", sa.Date, nullable=True),
        sa.Column("without", sa.ARRAY(sa.Date()), nullable=False),
        sa.Column("skip_holidays", sa.Boolean, nullable=False),
        sa.Column("made", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_activity_series"),
    )
    op.create_table(
        "activity",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("title", sa.String(60), nullable=True),
        sa.Column("description", sa.Text, nullable=True),
        sa.Column("proposer", sa.Uuid, nullable=True),
        sa.Column("proposed", _TIME, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("checked", _TIME, nullable=True),
        sa.Column("starts", _TIME, nullable=True),
        sa.Column("ends", _TIME, nullable=True),
        sa.Column("sign_up_from", _TIME, nullable=True),
        sa.Column("sign_up_until", _TIME, nullable=True),
        sa.Column("opened", _TIME, nullable=True),
        sa.Column("held", _TIME, nullable=True),
        sa.Column("settled", _TIME, nullable=True),
        sa.Column("cancelled", _TIME, nullable=True),
        sa.Column("leave_until", _TIME, nullable=True),
        sa.Column("reason", _CODE, nullable=True),
        sa.Column("venue", sa.Uuid, nullable=True),
        sa.Column("meeting_point", sa.String(100), nullable=True),
        sa.Column("lowest_age", sa.SmallInteger, nullable=True),
        sa.Column("highest_age", sa.SmallInteger, nullable=True),
        sa.Column("guardian_below", sa.SmallInteger, nullable=True),
        sa.Column("line", sa.SmallInteger, nullable=True),
        sa.Column("last_sequence", sa.Integer, nullable=False),
        sa.Column("reminded", _TIME, nullable=True),
        sa.Column("series", sa.Uuid, nullable=True),
        sa.Column("series_day", sa.Date, nullable=True),
        sa.ForeignKeyConstraint(["venue"], ["venue.id"], name="fk_activity_venue_venue"),
        sa.ForeignKeyConstraint(
            ["series"], ["activity_series.id"], name="fk_activity_series_activity_series"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_activity"),
    )
    op.create_index("ix_activity_tenant_number", "activity", ["tenant", "number"], unique=True)
    op.create_index("ix_activity_tenant_state_id", "activity", ["tenant", "state", "id"])
    op.create_index("ix_activity_tenant_kind_id", "activity", ["tenant", "kind", "id"])
    op.create_index("ix_activity_series_starts", "activity", ["series", "starts"])
    op.create_index("ix_activity_tenant_proposer", "activity", ["tenant", "proposer"])
    op.create_index(
        "ix_activity_unfinished",
        "activity",
        ["tenant", "starts"],
        postgresql_where=sa.text("state IN ('proposed', 'scheduled', 'open', 'full')"),
    )
    op.create_table(
        "activity_lane",
        _tenant(),
        sa.Column("activity", sa.Uuid, nullable=False),
        sa.Column("lane", _CODE, nullable=False),
        sa.Column("places", sa.Integer, nullable=False),
        sa.ForeignKeyConstraint(["activity"], ["activity.id"], name="fk_activity_lane_activity_activity"),
        sa.PrimaryKeyConstraint("activity", "lane", name="pk_activity_lane"),
    )


def _people() -> None:
    op.create_table(
        "activity_proposal",
        _tenant(),
        sa.Column("activity", sa.Uuid, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("title", sa.LargeBinary, nullable=False),
        sa.Column("description", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["activity"], ["activity.id"], name="fk_activity_proposal_activity_activity"),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_activity_proposal_resident_resident"),
        sa.PrimaryKeyConstraint("activity", name="pk_activity_proposal"),
    )
    op.create_index("ix_activity_proposal_resident", "activity_proposal", ["resident"])
    op.create_table(
        "activity_vote",
        _tenant(),
        sa.Column("activity", sa.Uuid, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["activity"], ["activity.id"], name="fk_activity_vote_activity_activity"),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_activity_vote_resident_resident"),
        sa.PrimaryKeyConstraint("activity", "resident", name="pk_activity_vote"),
    )
    op.create_index("ix_activity_vote_tenant_resident", "activity_vote", ["tenant", "resident"])
    op.create_table(
        "activity_sign_up",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("activity", sa.Uuid, nullable=False),
        sa.Column("resident", sa.Uuid, nullable=False),
        sa.Column("lane", _CODE, nullable=False),
        sa.Column("sequence", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("signed_by", sa.Uuid, nullable=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("promoted", _TIME, nullable=True),
        sa.Column("decline_until", _TIME, nullable=True),
        sa.Column("left", _TIME, nullable=True),
        sa.Column("leave_reason", _CODE, nullable=True),
        sa.Column("late", sa.Boolean, nullable=False),
        sa.Column("checked_in", _TIME, nullable=True),
        sa.Column("checked_out", _TIME, nullable=True),
        sa.Column("by_hand", sa.Boolean, nullable=False),
        sa.Column("minutes", sa.Integer, nullable=True),
        sa.ForeignKeyConstraint(["activity"], ["activity.id"], name="fk_activity_sign_up_activity_activity"),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_activity_sign_up_resident_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_activity_sign_up"),
    )
    op.create_index(
        "ix_activity_sign_up_once",
        "activity_sign_up",
        ["activity", "resident"],
        unique=True,
        postgresql_where=sa.text("state <> 'left'"),
    )
    op.create_index(
        "ix_activity_sign_up_activity_lane_state_sequence",
        "activity_sign_up",
        ["activity", "lane", "state", "sequence"],
    )
    op.create_index(
        "ix_activity_sign_up_activity_sequence", "activity_sign_up", ["activity", "sequence"], unique=True
    )
    op.create_index(
        "ix_activity_sign_up_tenant_resident_id", "activity_sign_up", ["tenant", "resident", "id"]
    )
    op.create_index(
        "ix_activity_sign_up_signed_by",
        "activity_sign_up",
        ["tenant", "signed_by"],
        postgresql_where=sa.text("signed_by IS NOT NULL"),
    )


def _afterwards() -> None:
    op.create_table(
        "activity_story",
        _tenant(),
        sa.Column("activity", sa.Uuid, nullable=False),
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("entry", sa.String(24), nullable=False),
        sa.Column("from_state", sa.String(16), nullable=True),
        sa.Column("to_state", sa.String(16), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("actor", sa.String(255), nullable=False),
        sa.Column("reason", _CODE, nullable=True),
        sa.Column("details", postgresql.JSONB, nullable=True),
        sa.ForeignKeyConstraint(["activity"], ["activity.id"], name="fk_activity_story_activity_activity"),
        sa.PrimaryKeyConstraint("activity", "id", name="pk_activity_story"),
    )
    op.create_table(
        "activity_attendance_band",
        _tenant(),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("month", sa.Date, nullable=False),
        sa.Column("band", _CODE, nullable=False),
        sa.Column("people", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "month", "band", name="pk_activity_attendance_band"),
    )


def _bookings() -> None:
    op.create_table(
        "venue_booking",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("venue", sa.Uuid, nullable=False),
        sa.Column("during", postgresql.TSTZRANGE, nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("activity", sa.Uuid, nullable=True),
        sa.Column("resident", sa.Uuid, nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("booked", _TIME, nullable=False),
        sa.Column("cancelled", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["venue"], ["venue.id"], name="fk_venue_booking_venue_venue"),
        sa.ForeignKeyConstraint(["activity"], ["activity.id"], name="fk_venue_booking_activity_activity"),
        sa.ForeignKeyConstraint(["resident"], ["resident.id"], name="fk_venue_booking_resident_resident"),
        sa.PrimaryKeyConstraint("id", name="pk_venue_booking"),
        postgresql.ExcludeConstraint(
            ("venue", "="), ("during", "&&"), name="ex_venue_booking_overlap", using="gist", where=_BOOKED
        ),
    )
    op.create_index(
        "ix_venue_booking_activity",
        "venue_booking",
        ["activity"],
        postgresql_where=sa.text("activity IS NOT NULL"),
    )
    op.create_index(
        "ix_venue_booking_resident",
        "venue_booking",
        ["tenant", "resident"],
        postgresql_where=sa.text("resident IS NOT NULL"),
    )
    op.create_index("ix_venue_booking_venue_id", "venue_booking", ["venue", "id"])
    op.create_table(
        "equipment_booking",
        _tenant(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("equipment", sa.Uuid, nullable=False),
        sa.Column("unit", sa.SmallInteger, nullable=False),
        sa.Column("during", postgresql.TSTZRANGE, nullable=False),
        sa.Column("activity", sa.Uuid, nullable=True),
        sa.Column("booking", sa.Uuid, nullable=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["equipment"], ["equipment.id"], name="fk_equipment_booking_equipment_equipment"
        ),
        sa.ForeignKeyConstraint(["activity"], ["activity.id"], name="fk_equipment_booking_activity_activity"),
        sa.ForeignKeyConstraint(
            ["booking"], ["venue_booking.id"], name="fk_equipment_booking_booking_venue_booking"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_equipment_booking"),
        postgresql.ExcludeConstraint(
            ("equipment", "="),
            ("unit", "="),
            ("during", "&&"),
            name="ex_equipment_booking_overlap",
            using="gist",
            where=_BOOKED,
        ),
    )
    op.create_index(
        "ix_equipment_booking_activity",
        "equipment_booking",
        ["activity"],
        postgresql_where=sa.text("activity IS NOT NULL"),
    )
    op.create_index(
        "ix_equipment_booking_booking",
        "equipment_booking",
        ["booking"],
        postgresql_where=sa.text("booking IS NOT NULL"),
    )
