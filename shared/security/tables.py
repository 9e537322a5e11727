"""API keys of portals. Only a hash of the secret is stored."""

from sqlalchemy import Column, Index, Integer, LargeBinary, MetaData, String, Table, text
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from shared.database import UtcTime


def api_key_table(metadata: MetaData) -> Table:
    """The table `api_key` in this metadata, made once."""
    if (known := metadata.tables.get("api_key")) is not None:
        return known
    return Table(
        "api_key",
        metadata,
        Column("id", UUID(as_uuid=True), primary_key=True),
        Column(
            "tenant",
            String(31),
            nullable=False,
            server_default=text("current_setting('longxi.tenant', true)"),
        ),
        Column("label", String(100), nullable=False),
        Column("secret_hash", LargeBinary, nullable=False),  # SHA-256, 32 bytes
        Column("permissions", ARRAY(String(64)), nullable=False),
        Column("per_minute", Integer),
        Column("created_at", UtcTime, nullable=False),
        Column("created_by", String(255), nullable=False),
        Column("expires_at", UtcTime),
        Column("revoked_at", UtcTime),
        Column("last_used_at", UtcTime),
        Index("ix_api_key_tenant_id", "tenant", "id"),
    )


API_KEY = api_key_table(MetaData())

__all__ = ["API_KEY", "api_key_table"]
