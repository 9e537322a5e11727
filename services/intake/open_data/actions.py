"""Making a community's open data anew, as a whole; only what is not as it was is written."""

import hashlib
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.intake.open_data.rules import Publishing
from services.intake.open_data.tables import OpenRelease
from services.intake.requests.tables import RESTING
from shared.database import Keyring, scope_of

# Each step takes what the finer ones left and counts how many look alike: what `least` share is shown so, the rest goes
# on to the next. Groups are counted among what is shown in the same way, since only that can be mixed up.
_RELEASE = """
WITH request_of_day AS (
    SELECT id, left(category, 4) AS fine, left(category, 2) AS broad, place, grid,
           (filed AT TIME ZONE 'Asia/Shanghai')::date AS day,
           date_trunc('month', filed AT TIME ZONE 'Asia/Shanghai')::date AS month,
           CASE WHEN state = ANY($1::text[]) THEN 'closed' ELSE 'open' END AS status,
           urgency, channel, outcome, within_limit,
           (closed AT TIME ZONE 'Asia/Shanghai')::date - (filed AT TIME ZONE 'Asia/Shanghai')::date AS days
    FROM request
    WHERE category IS NOT NULL AND NOT (category LIKE ANY($2::text[]))
), by_day AS (
    SELECT *, count(*) OVER (PARTITION BY fine, place, grid, day) AS alike FROM request_of_day
), by_place AS (
    SELECT *, count(*) OVER (PARTITION BY broad, place, grid, month) AS as_many FROM by_day WHERE alike < $3
), by_grid AS (
    SELECT *, count(*) OVER (PARTITION BY broad, grid, month) AS in_grid FROM by_place WHERE as_many < $3
), by_month AS (
    SELECT *, count(*) OVER (PARTITION BY broad, month) AS in_month FROM by_grid WHERE in_grid < $3
), shown AS (
    SELECT id, day AS period, 'day' AS precision, fine AS category, place, grid FROM by_day WHERE alike >= $3
    UNION ALL
    SELECT id, month, 'month', broad, place, grid FROM by_place WHERE as_many >= $3
    UNION ALL
    SELECT id, month, 'month', broad, NULL, grid FROM by_grid WHERE in_grid >= $3
    UNION ALL
    SELECT id, month, 'month', broad, NULL, NULL FROM by_month WHERE in_month >= $3
), fresh AS (
    SELECT encode(substring(sha256($4::bytea || uuid_send(shown.id)) FOR 8), 'hex') AS row,
           shown.period, shown.precision, shown.category, shown.place, shown.grid,
           status, urgency, channel, outcome, within_limit, days
    FROM shown JOIN request_of_day USING (id)
)
MERGE INTO open_request AS old USING fresh ON old.row = fresh.row
WHEN NOT MATCHED THEN INSERT
    (row, period, precision, category, place, grid, status, urgency, channel, outcome, within_limit, days)
    VALUES (fresh.row, fresh.period, fresh.precision, fresh.category, fresh.place, fresh.grid,
            fresh.status, fresh.urgency, fresh.channel, fresh.outcome, fresh.within_limit, fresh.days)
WHEN MATCHED AND (old.period, old.precision, old.category, old.place, old.grid, old.status,
                  old.urgency, old.channel, old.outcome, old.within_limit, old.days) IS DISTINCT FROM
                 (fresh.period, fresh.precision, fresh.category, fresh.place, fresh.grid, fresh.status,
                  fresh.urgency, fresh.channel, fresh.outcome, fresh.within_limit, fresh.days)
    THEN UPDATE SET (period, precision, category, place, grid, status, urgency, channel, outcome, within_limit, days) =
        (fresh.period, fresh.precision, fresh.category, fresh.place, fresh.grid, fresh.status,
         fresh.urgency, fresh.channel, fresh.outcome, fresh.within_limit, fresh.days)
WHEN NOT MATCHED BY SOURCE THEN DELETE
"""


async def release(
    session: AsyncSession, keyring: Keyring, publishing: Publishing, *, now: datetime
) -> tuple[int, int]:
    """How many are shown, and how many are left out. One transaction: readers see the old list or the new one."""
    connection = await session.connection()
    tenant = scope_of(session)
    arguments = (
        [str(state) for state in RESTING],
        [f"{code}%" for code in publishing.withheld],
        publishing.least,
        _secret(keyring, tenant),
    )
    await connection.exec_driver_sql(_RELEASE, arguments)
    shown: int = await session.scalar(text("SELECT count(*) FROM open_request")) or 0
    every: int = await session.scalar(text("SELECT count(*) FROM request")) or 0
    values = {"released": now, "shown": shown, "left_out": every - shown}
    statement = insert(OpenRelease).values(tenant=tenant, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["tenant"], set_=values))
    return shown, every - shown


async def withdraw(session: AsyncSession) -> None:
    """Show nothing any more."""
    for table in ("open_request", "open_release"):
        await session.execute(text(f"DELETE FROM {table}"))  # noqa: S608 - a constant


def _secret(keyring: Keyring, tenant: str) -> bytes:
    """Without it a row's word cannot be computed from a request's id."""
    return hashlib.sha256(keyring.blind_index(tenant, purpose="open_data.row")).digest()
