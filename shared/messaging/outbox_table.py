"""The tables that a service publishes from, as `schema/outbox.sql` makes them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE

_metadata = MetaData()
_now = text("now()")


def _tenant() -> Column[str]:
    return Column(
        "tenant", Text, nullable=False, server_default=text("current_setting('longxi.tenant', true)")
    )


outbox = Table(
    "outbox",
    _metadata,
    Column(
        "position",
        BigInteger,
        nullable=False,
        server_default=text(
            "CASE WHEN pg_current_xact_id() IS NOT NULL THEN nextval('outbox_position_seq') END"
        ),
    ),
    Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=_now),
    Column("id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("aggregate", Uuid, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    _tenant(),
    Column("type", Text, nullable=False),
    Column("time", DateTime(timezone=True), nullable=False),
    Column("correlation", Uuid, nullable=False),
    Column("causation", Uuid),
    Column("traceparent", Text),
    Column("dataschema", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("ix_outbox_aggregate", "aggregate", "sequence"),
    Index("ix_outbox_position", "position"),
    Index(
        "ix_outbox_recorded_at",
        "recorded_at",
        postgresql_using="brin",
        postgresql_with={"pages_per_range": 16, "autosummarize": True},
    ),
    postgresql_partition_by="RANGE (recorded_at)",
)

outbox_progress = Table(
    "outbox_progress",
    _metadata,
    Column("single", Boolean, nullable=False, server_default=text("true")),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
    Column("gaps", INT8MULTIRANGE, nullable=False, server_default=text("'{}'")),
    CheckConstraint("single", name="ck_outbox_progress_single"),
    PrimaryKeyConstraint("single", name="pk_outbox_progress"),
)

outbox_stream = Table(
    "outbox_stream",
    _metadata,
    Column("aggregate", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    _tenant(),
    Column("sequence", BigInteger, nullable=False),
    PrimaryKeyConstraint("aggregate", "topic", name="pk_outbox_stream"),
)

outbox_replay = Table(
    "outbox_replay",
    _metadata,
    Column("id", Uuid, nullable=False),
    _tenant(),
    Column("requested_at", DateTime(timezone=True), nullable=False, server_default=_now),
    Column("from_time", DateTime(timezone=True)),
    Column("to_time", DateTime(timezone=True)),
    Column("topic", Text),
    Column("type", Text),
    Column("aggregate", Uuid),
    Column("from_sequence", BigInteger),
    Column("to_sequence", BigInteger),
    Column("consumer", Text),
    Column("position", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("sent", BigInteger, nullable=False, server_default=text("0")),
    Column("finished_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("id", name="pk_outbox_replay"),
)

outbox_replay_start = Table(
    "outbox_replay_start",
    _metadata,
    Column(
        "replay",
        Uuid,
        ForeignKey(
            "outbox_replay.id", name="fk_outbox_replay_start_replay_outbox_replay", ondelete="CASCADE"
        ),
        nullable=False,
    ),
    Column("aggregate", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    _tenant(),
    Column("sequence", BigInteger, nullable=False),
    PrimaryKeyConstraint("replay", "aggregate", "topic", name="pk_outbox_replay_start"),
)

TABLES = (outbox, outbox_progress, outbox_stream, outbox_replay, outbox_replay_start)
