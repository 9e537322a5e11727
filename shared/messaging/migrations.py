"""The tables of outbox and inbox in a service's database, for its Alembic versions and its metadata."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import MetaData

from shared.database.isolation import enable_tenant_isolation
from shared.messaging import inbox_table, outbox_table

if TYPE_CHECKING:
    # Only migrations load Alembic; a service's processes start faster without it.
    from alembic.operations import Operations

_SCHEMA = Path(__file__).parent / "schema"
_OF_TENANTS = ("outbox", "outbox_stream", "outbox_replay", "outbox_replay_start", "held_event")
_OF_NO_TENANT = ("outbox_progress", "inbox", "inbox_topic", "inbox_stream")
_FIRST_PARTITIONS = "SELECT messaging_partitions((now() AT TIME ZONE 'UTC')::date, 7, 14, 16)"


def messaging_tables(op: Operations) -> None:
    """Make everything of this package. Later changes get functions of their own; this one stays as it is."""
    for name in ("outbox", "inbox", "partitions"):
        # The driver's own script mode: function bodies hold semicolons and colons that op.execute would trip over.
        _run_script(op, (_SCHEMA / f"{name}.sql").read_text())
    for table in _OF_TENANTS:
        enable_tenant_isolation(op, table, everywhere=True)
    for table in _OF_NO_TENANT:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY infrastructure ON {table} USING (current_setting('longxi.tenant', true) = '*')"
        )
    op.execute(_FIRST_PARTITIONS)


def messaging_growth(op: Operations) -> None:
    """Indexes for much of it, and upkeep of the partitions that nobody waits for."""
    _run_script(op, (_SCHEMA / "growth.sql").read_text())


def attach(metadata: MetaData) -> None:
    """Tell a service's metadata of the tables, so that the drift check compares them too."""
    for table in (*outbox_table.TABLES, *inbox_table.TABLES):
        if table.name not in metadata.tables:
            table.to_metadata(metadata)


def _run_script(op: Operations, script: str) -> None:
    op.execute("SELECT 1")  # the adapter begins its transaction with the first statement that it sees itself
    connection = op.get_bind().connection.dbapi_connection
    if connection is None:
        raise RuntimeError("a migration runs on an open connection")
    connection.run_async(lambda driver: driver.execute(script))
