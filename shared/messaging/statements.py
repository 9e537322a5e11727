"""SQL of the infrastructure tables goes to the driver as it is: parameters `$1, $2, …`, no compiling."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession


async def fetch(session: AsyncSession, sql: str, *arguments: Any) -> Sequence[Any]:
    """The rows (with attributes) of one statement in the session's transaction. Flushes nothing."""
    connection = await session.connection()
    result = await connection.exec_driver_sql(sql, arguments)
    return result.all()


async def execute(session: AsyncSession, sql: str, *arguments: Any) -> int:
    """Run one statement in the session's transaction; the number of rows it wrote. Flushes nothing."""
    connection = await session.connection()
    result = await connection.exec_driver_sql(sql, arguments)
    return result.rowcount
