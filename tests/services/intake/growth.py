"""Years of requests, made in the database, and how much of a table a statement looks at."""

from datetime import UTC, datetime, timedelta

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from tests.services.intake.conftest import Intake

OLD, YOUNG = "00000001", "ffffffff"
"""How their ids begin, which is when they were made."""

_REQUESTS = """
INSERT INTO request SELECT made.* FROM request, generate_series(1, :number) AS number, LATERAL jsonb_populate_record(
    request, jsonb_build_object(
        'id', :made || '-0000-7000-8000-' || lpad(to_hex(number), 12, '0'), 'reference', left(:made, 1) || number
    )
) AS made WHERE request.id = :request
"""
_BESIDE = """
INSERT INTO {table} SELECT made.* FROM {table} AS beside, request, LATERAL jsonb_populate_record(
    beside, jsonb_build_object('request', request.id)
) AS made WHERE beside.request = :request AND request.id::text LIKE :made || '%'
"""
_LOOKED_AT = """
SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables
WHERE relname = ANY(:tables)
"""


def behind(intake: Intake) -> timedelta:
    """How far this test's clock is behind the machine's, by which ids are made."""
    return max(timedelta(), datetime.now(UTC) - intake.clock())


async def multiply(intake: Intake, request: str, number: int, *beside: str, made: str = YOUNG) -> None:
    """So many more like this request, with its rows in the tables `beside`."""
    values = {"request": request, "number": number, "made": made}
    async with intake.database.transaction("longxi") as session:
        await session.execute(text(_REQUESTS), values)
        for table in beside:
            await session.execute(text(_BESIDE.format(table=table)), {"request": request, "made": made})


async def by_index(session: AsyncSession) -> None:
    """Plan as with a big table, where reading all of it is no choice."""
    await session.execute(text("SET LOCAL enable_seqscan = off"))


async def analysed(intake: Intake, admin_url: str, *tables: str) -> None:
    """Plan by what the tables hold now. The next test may not plan by it: a right that is new keeps this database from it."""
    (row,) = await intake.rows("SELECT current_database() AS database, current_user AS role")
    admin = await asyncpg.connect(f"{admin_url.rsplit('/', 1)[0]}/{row.database}")
    try:
        names = ", ".join(tables)
        await admin.execute(f'ANALYZE {names}; GRANT MAINTAIN ON {names} TO "{row.role}"')
    finally:
        await admin.close()


async def looked_at(session: AsyncSession, *tables: str) -> int:
    """Rows of the tables that this connection has read since some moment: look before and after."""
    return await session.scalar(text(_LOOKED_AT), {"tables": list(tables)}) or 0
