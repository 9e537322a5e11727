"""Answers to calls that carried an Idempotency-Key.

| column | |
|---|---|
| tenant, principal, key | whose key it is; together the primary key |
| fingerprint | SHA-256 of method, address and body: `Call.fingerprint()` |
| status, answer | of the answer, as sent; null only inside the transaction that is working it out |
| created_at | when the call was made; a job drops rows of more than seven days |
"""

from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from shared.database import UtcTime


def idempotency_table(metadata: MetaData) -> Table:
    """The table `idempotency_key` in this metadata, made once."""
    if (known := metadata.tables.get("idempotency_key")) is not None:
        return known
    return Table(
        "idempotency_key",
        metadata,
        Column(
            "tenant",
            String(31),
            nullable=False,
            server_default=text("current_setting('longxi.tenant', true)"),
        ),
        Column("principal", String(255), nullable=False),
        Column("key", String(255), nullable=False),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("status", SmallInteger),
        Column("answer", Text),
        Column("created_at", UtcTime, nullable=False),
        PrimaryKeyConstraint("tenant", "principal", "key", name="pk_idempotency_key"),
        Index("ix_idempotency_key_created_at", "created_at"),
    )


IDEMPOTENCY_KEY = idempotency_table(MetaData())

__all__ = ["IDEMPOTENCY_KEY", "idempotency_table"]
