"""The tables that a service receives with, as `schema/inbox.sql` makes them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)

_metadata = MetaData()

inbox = Table(
    "inbox",
    _metadata,
    Column("id", Uuid, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("day", Date, nullable=False),
    PrimaryKeyConstraint("id", "consumer", "day", name="pk_inbox"),
    postgresql_partition_by="RANGE (day)",
)

inbox_topic = Table(
    "inbox_topic",
    _metadata,
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("consumer", "topic", name="pk_inbox_topic"),
)

inbox_stream = Table(
    "inbox_stream",
    _metadata,
    Column("aggregate", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
    Column("replay", Uuid),
    Column("head", BigInteger),
    Column("due_at", DateTime(timezone=True)),
    Column("asks", SmallInteger, nullable=False, server_default=text("0")),
    Column("version", BigInteger, nullable=False),
    PrimaryKeyConstraint("aggregate", "topic", "consumer", name="pk_inbox_stream"),
    Index("ix_inbox_stream_due", "consumer", "due_at", postgresql_where=text("due_at IS NOT NULL")),
    Index("ix_inbox_stream_blocked", "consumer", postgresql_where=text("head IS NOT NULL")),
)

held_event = Table(
    "held_event",
    _metadata,
    Column("id", Uuid, nullable=False),
    Column("consumer", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("aggregate", Uuid),
    Column("sequence", BigInteger),
    Column("event", Uuid),
    Column("type", Text),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("error", Text),
    Column("attempts", SmallInteger, nullable=False, server_default=text("0")),
    Column("held_at", DateTime(timezone=True), nullable=False),
    Column("next_attempt_at", DateTime(timezone=True)),
    Column("partition", Integer, nullable=False),
    Column("log_offset", BigInteger, nullable=False),
    Column("key", LargeBinary),
    Column("headers", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    PrimaryKeyConstraint("id", name="pk_held_event"),
    CheckConstraint("state IN ('retrying', 'dead', 'waiting')", name="ck_held_event_state"),
    CheckConstraint(
        "reason IN ('malformed', 'invalid', 'unknown_tenant', 'too_large', 'gap', 'handler_failed')",
        name="ck_held_event_reason",
    ),
    CheckConstraint("length(error) <= 500", name="ck_held_event_error"),
    Index("uq_held_event_stream", "consumer", "topic", "aggregate", "sequence", unique=True),
    Index(
        "uq_held_event_unreadable",
        "consumer",
        "topic",
        "partition",
        "log_offset",
        unique=True,
        postgresql_where=text("aggregate IS NULL"),
    ),
    Index("ix_held_event_dead", "consumer", "id", postgresql_where=text("state = 'dead'")),
    Index(
        "ix_held_event_unreadable_due",
        "consumer",
        "next_attempt_at",
        postgresql_where=text("aggregate IS NULL AND state = 'retrying'"),
    ),
)

TABLES = (inbox, inbox_topic, inbox_stream, held_event)
