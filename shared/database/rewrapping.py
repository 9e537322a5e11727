"""Wrapping data keys under the current master key, so that an older one can be taken out of the key file.

The data keys stay, and so does all that was sealed with them: a row changes by sixty bytes. It is done in pieces, each a
transaction; what is done stays done, and doing it again looks at every row and changes none. A row that somebody changes
or erases meanwhile is left as they made it.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.database.encryption import Keyring, Undecipherable
from shared.database.engine import Database

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WrappedKeys:
    """Where a service keeps wrapped keys: a column of a table, of one row for each id. Names are our own constants."""

    table: str
    id: str
    column: str


@dataclass(slots=True)
class Rewrapped:
    """What was found and done."""

    done: int = 0
    left: Counter[str] = field(default_factory=Counter)
    """Keys still under another master key, by its name."""


async def rewrap(
    database: Database, keyring: Keyring, places: Sequence[WrappedKeys], tenants: Iterable[str]
) -> Rewrapped:
    """Wrap what can be wrapped anew, then look again at every row. Nothing is left if `left` is empty."""
    result, everyone = Rewrapped(), list(tenants)
    for place in places:
        for tenant in everyone:
            async for piece in _pieces(database, place, tenant):
                result.done += await _rewrap_piece(database, keyring, place, tenant, piece)
    for place in places:
        for tenant in everyone:
            async for piece in _pieces(database, place, tenant):
                names = (keyring.wrapped_by(row["wrapped"]) for row in piece)
                result.left.update(name for name in names if name != keyring.current)
    return result


async def tenants_with_events(database: Database) -> frozenset[str]:
    """Communities that ever published an event here, those that no list has any more too."""
    async with database.everywhere() as session:
        connection = await session.connection()
        found = await connection.exec_driver_sql("SELECT DISTINCT tenant FROM outbox_stream")
        return frozenset(str(row[0]) for row in found)


async def _pieces(database: Database, place: WrappedKeys, tenant: str) -> AsyncIterator[list[Any]]:
    sql = f"""
    WITH scope AS MATERIALIZED (SELECT set_config('longxi.tenant', $1, true) AS tenant)
    SELECT kept.{place.id} AS id, kept.{place.column} AS wrapped FROM scope CROSS JOIN LATERAL (
        SELECT {place.id}, {place.column} FROM {place.table}
        WHERE {place.table}.tenant = scope.tenant AND ($2::uuid IS NULL OR {place.id} > $2)
        ORDER BY {place.id} LIMIT {_AT_ONCE}
    ) AS kept
    """  # noqa: S608 - the names are our own
    last = None
    while rows := await database.statement(sql, tenant, last):
        yield rows
        last = rows[-1]["id"]


async def _rewrap_piece(
    database: Database, keyring: Keyring, place: WrappedKeys, tenant: str, rows: list[Any]
) -> int:
    changes = []
    for row in rows:
        if keyring.wrapped_by(row["wrapped"]) == keyring.current:
            continue
        try:
            changes.append((row["id"], row["wrapped"], keyring.rewrap(row["wrapped"])))
        except Undecipherable:
            continue  # counted as left, under the name of a key that the file does not have
    if not changes:
        return 0
    sql = f"""
    UPDATE {place.table} SET {place.column} = change.new
    FROM unnest($1::uuid[], $2::bytea[], $3::bytea[]) AS change (id, old, new)
    WHERE {place.table}.{place.id} = change.id AND {place.table}.{place.column} = change.old
    """  # noqa: S608 - the names are our own
    async with database.transaction(tenant) as session:
        connection = await session.connection()
        result = await connection.exec_driver_sql(
            sql, tuple(list(column) for column in zip(*changes, strict=True))
        )
        return result.rowcount


__all__ = ["Rewrapped", "WrappedKeys", "rewrap", "tenants_with_events"]
