"""The bare tables, and a row of each."""

from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from shared.messaging.records import Record

TABLES = """
CREATE TABLE outbox (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id uuid NOT NULL, subject uuid NOT NULL, type text NOT NULL, data bytea NOT NULL, sent_at timestamptz
);
CREATE INDEX ON outbox (position) WHERE sent_at IS NULL;
CREATE TABLE inbox (id uuid PRIMARY KEY);
CREATE TABLE effect (
    position bigint GENERATED ALWAYS AS IDENTITY, aggregate uuid NOT NULL, sequence bigint NOT NULL
);
CREATE TABLE request (
    id uuid PRIMARY KEY, resident uuid NOT NULL, subject text NOT NULL, body text NOT NULL, address text,
    urgency text NOT NULL, channel text NOT NULL, category text, filed timestamptz NOT NULL, reading text
)
"""
RECORD = "INSERT INTO outbox (id, subject, type, data) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bytea[])"


async def make_tables(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(TABLES)
    await connection.close()


def record_of(topic: str, id: UUID, subject: UUID, type: str, data: bytes) -> Record:
    """As many headers as ours has."""
    key = str(subject).encode()
    headers = (
        ("content-type", b"application/json"),
        ("ce_specversion", b"1.0"),
        ("ce_id", str(id).encode()),
        ("ce_source", b"urn:longxi:service:intake"),
        ("ce_type", type.encode()),
        ("ce_time", datetime.now(UTC).isoformat().encode()),
        ("ce_subject", key),
        ("ce_tenant", b"longxi"),
        ("ce_sequence", b"1"),
        ("ce_correlation", str(id).encode()),
        ("ce_dataschema", b"urn:longxi:event:request.withdrawn:v1"),
    )
    return Record(topic, key, data, headers)
